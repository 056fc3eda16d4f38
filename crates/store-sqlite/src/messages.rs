//! Messages, and who has received or read the account's own.

use crate::{
    columns::{LAST, json, known, limit, to_json},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    inbound::MessageExtra,
    ports::store::{LooseFile, MessageRow, MessagesTx, MessagesView},
    sessions::SessionNo,
};
use wharf_types::{Millis, SendStatus};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, chat, sender, wa_id, from_me, at, created_at, kind, body, extra, ack_level, status, error,
                    edited, deleted
             FROM messages ",
            $rest
        )
    };
}

pub(crate) fn message_row(row: &Row<'_>) -> Result<MessageRow, Fault> {
    let extra = if row.get_ref(9)?.as_str()?.is_empty() {
        MessageExtra::default()
    } else {
        json(row, 9, "message")?
    };
    let status = match row.get_ref(11)?.as_str_or_null()? {
        None => None,
        Some(_) => Some(known(row, 11, SendStatus::parse, "send status")?),
    };
    Ok(MessageRow {
        id: row.get(0)?,
        chat_id: row.get(1)?,
        sender_id: row.get(2)?,
        wa_id: row.get(3)?,
        from_me: row.get(4)?,
        at: row.get(5)?,
        created_at: row.get(6)?,
        kind: row.get(7)?,
        body: row.get(8)?,
        extra,
        ack_level: row.get(10)?,
        status,
        error: row.get(12)?,
        edited: row.get(13)?,
        deleted: row.get(14)?,
    })
}

impl MessagesView for Rows<'_> {
    fn loose_files(&self) -> Result<Vec<LooseFile>> {
        self.whole(
            "SELECT sha256, EXISTS (SELECT 1 FROM messages WHERE file = sha256)
                 OR EXISTS (SELECT 1 FROM outbox WHERE file = sha256) FROM loose_files",
            [],
            |row| {
                Ok(LooseFile {
                    sha256: row.get(0)?,
                    named: row.get(1)?,
                })
            },
        )
    }

    fn last_message_id(&self, s: SessionNo) -> Result<i64> {
        let last = self.one(
            "SELECT id FROM messages WHERE session = ?1 ORDER BY id DESC LIMIT 1",
            params![s.0],
            |row| Ok(row.get(0)?),
        )?;
        Ok(last.unwrap_or(0))
    }

    fn messages_between(&self, s: SessionNo, from: i64, to: i64) -> Result<Vec<MessageRow>> {
        self.many(
            select!("WHERE session = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id"),
            params![s.0, from, to],
            message_row,
        )
    }

    fn messages_by_ids(&self, s: SessionNo, ids: &[i64]) -> Result<Vec<MessageRow>> {
        self.each(
            select!("WHERE session = ?1 AND id = ?2"),
            ids,
            |id| (s.0, *id),
            message_row,
        )
    }

    fn message(&self, s: SessionNo, id: i64) -> Result<Option<MessageRow>> {
        self.one(
            select!("WHERE session = ?1 AND id = ?2"),
            params![s.0, id],
            message_row,
        )
    }

    fn message_by_wa_id(
        &self,
        s: SessionNo,
        chat_id: i64,
        sender_id: i64,
        wa_id: &str,
    ) -> Result<Option<MessageRow>> {
        self.one(
            select!("WHERE session = ?1 AND chat = ?2 AND sender = ?3 AND wa_id = ?4"),
            params![s.0, chat_id, sender_id, wa_id],
            message_row,
        )
    }

    fn messages_by_wa_id(
        &self,
        s: SessionNo,
        chat_id: i64,
        wa_id: &str,
    ) -> Result<Vec<MessageRow>> {
        let mut found = self.many(
            select!("WHERE session = ?1 AND wa_id = ?3 AND chat = ?2"),
            params![s.0, chat_id, wa_id],
            message_row,
        )?;
        found.sort_unstable_by_key(|row| row.id);
        Ok(found)
    }

    fn messages_anywhere(&self, s: SessionNo, wa_id: &str, rows: usize) -> Result<Vec<MessageRow>> {
        self.many(
            select!("WHERE session = ?1 AND wa_id = ?2 LIMIT ?3"),
            params![s.0, wa_id, limit(rows)],
            message_row,
        )
    }

    fn waiting_deeds(&self, s: SessionNo, wa_id: &str) -> Result<Vec<(i64, String)>> {
        self.many(
            "SELECT place, deed FROM waiting_deeds WHERE session = ?1 AND wa_id = ?2 ORDER BY place",
            params![s.0, wa_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn own_messages(
        &self,
        s: SessionNo,
        chat_id: i64,
        wa_ids: &[String],
    ) -> Result<Vec<MessageRow>> {
        self.each(
            select!("WHERE session = ?1 AND chat = ?2 AND sender = 0 AND wa_id = ?3"),
            wa_ids,
            |wa_id| (s.0, chat_id, wa_id.clone()),
            message_row,
        )
    }

    fn chat_known(&self, s: SessionNo, chat_id: i64) -> Result<bool> {
        let found = self.one(
            "SELECT 1 FROM messages WHERE session = ?1 AND chat = ?2 AND (from_me = 0 OR ack_level > 0)
             ORDER BY at DESC, id DESC LIMIT 1",
            params![s.0, chat_id],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn messages(
        &self,
        s: SessionNo,
        chat_id: i64,
        after: Option<(Millis, i64)>,
        rows: usize,
    ) -> Result<Vec<MessageRow>> {
        let (at, id) = after.unwrap_or(LAST);
        self.many(
            select!(
                "WHERE session = ?1 AND chat = ?2 AND (at, id) < (?3, ?4) ORDER BY at DESC, id DESC LIMIT ?5"
            ),
            params![s.0, chat_id, at, id, limit(rows)],
            message_row,
        )
    }
}

impl MessagesTx for Rows<'_> {
    fn forget_loose_files(&mut self, sha256: &[String]) -> Result<()> {
        for file in sha256 {
            self.run("DELETE FROM loose_files WHERE sha256 = ?1", params![file])?;
        }
        Ok(())
    }

    fn put_message(&mut self, s: SessionNo, row: &MessageRow) -> Result<()> {
        let extra = if row.extra == MessageExtra::default() {
            String::new()
        } else {
            to_json(&row.extra)?
        };
        self.run(
            "INSERT INTO messages
                 (session, id, chat, sender, wa_id, from_me, at, created_at, kind, body, extra, ack_level, status,
                  error, edited, deleted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (session, id) DO UPDATE SET
                 chat = excluded.chat, sender = excluded.sender, wa_id = excluded.wa_id,
                 from_me = excluded.from_me, at = excluded.at, created_at = excluded.created_at,
                 kind = excluded.kind, body = excluded.body, extra = excluded.extra,
                 ack_level = excluded.ack_level, status = excluded.status, error = excluded.error,
                 edited = excluded.edited, deleted = excluded.deleted",
            params![
                s.0,
                row.id,
                row.chat_id,
                row.sender_id,
                row.wa_id,
                row.from_me,
                row.at,
                row.created_at,
                row.kind,
                row.body,
                extra,
                row.ack_level,
                row.status.map(SendStatus::as_str),
                row.error,
                row.edited,
                row.deleted,
            ],
        )?;
        Ok(())
    }

    fn put_waiting_deed(
        &mut self,
        s: SessionNo,
        wa_id: &str,
        at: Millis,
        deed: &str,
    ) -> Result<()> {
        self.run(
            "INSERT INTO waiting_deeds (session, wa_id, at, deed) VALUES (?1, ?2, ?3, ?4)",
            params![s.0, wa_id, at, deed],
        )?;
        Ok(())
    }

    fn drop_waiting_deed(&mut self, s: SessionNo, place: i64) -> Result<()> {
        self.run(
            "DELETE FROM waiting_deeds WHERE place = ?2 AND session = ?1",
            params![s.0, place],
        )?;
        Ok(())
    }

    fn trim_waiting_deeds(&mut self, s: SessionNo, before: Millis, most: usize) -> Result<()> {
        self.run(
            "DELETE FROM waiting_deeds WHERE session = ?1 AND at < max(?2, coalesce((
                 SELECT at FROM waiting_deeds WHERE session = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?3), ?2))",
            params![s.0, before, limit(most.saturating_sub(1))],
        )?;
        Ok(())
    }

    fn move_messages(&mut self, s: SessionNo, from_chat: i64, to_chat: i64) -> Result<()> {
        if from_chat == to_chat {
            return Ok(());
        }
        let doubles = self.many(
            "SELECT gone.id, kept.id FROM messages gone
             CROSS JOIN messages kept ON kept.session = gone.session AND kept.chat = ?3
                 AND kept.sender = gone.sender AND kept.wa_id = gone.wa_id
             WHERE gone.session = ?1 AND gone.chat = ?2",
            params![s.0, from_chat, to_chat],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.drop_doubles(s, &doubles)?;
        for sql in [
            "UPDATE messages SET chat = ?3 WHERE session = ?1 AND chat = ?2",
            "UPDATE outbox SET chat = ?3 WHERE session = ?1 AND chat = ?2",
        ] {
            self.run(sql, params![s.0, from_chat, to_chat])?;
        }
        Ok(())
    }

    fn record_receipt(
        &mut self,
        s: SessionNo,
        message_id: i64,
        member: i64,
        level: i8,
        at: Millis,
    ) -> Result<u32> {
        self.run(
            "INSERT INTO receipts (session, message, member, level, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (session, message, member) DO UPDATE SET level = excluded.level, at = excluded.at
                 WHERE excluded.level > level",
            params![s.0, message_id, member, level, at],
        )?;
        let reached = self.one(
            "SELECT count(*) FROM receipts WHERE session = ?1 AND message = ?2 AND level >= ?3",
            params![s.0, message_id, level],
            |row| Ok(row.get(0)?),
        )?;
        Ok(reached.unwrap_or(0))
    }

    fn set_recipients(&mut self, s: SessionNo, message_id: i64, members: u32) -> Result<()> {
        self.run(
            "INSERT INTO recipients (session, message, members) VALUES (?1, ?2, ?3)
             ON CONFLICT (session, message) DO UPDATE SET members = excluded.members",
            params![s.0, message_id, members],
        )?;
        Ok(())
    }

    fn recipients(&self, s: SessionNo, message_id: i64) -> Result<Option<u32>> {
        self.one(
            "SELECT members FROM recipients WHERE session = ?1 AND message = ?2",
            params![s.0, message_id],
            |row| Ok(row.get(0)?),
        )
    }
}

impl Rows<'_> {
    /// The chat's messages and what hangs on them.
    pub(crate) fn delete_messages(&self, s: SessionNo, chat: i64) -> Result<()> {
        for sql in [
            "DELETE FROM receipts WHERE session = ?1
                 AND message IN (SELECT id FROM messages WHERE session = ?1 AND chat = ?2)",
            "DELETE FROM recipients WHERE session = ?1
                 AND message IN (SELECT id FROM messages WHERE session = ?1 AND chat = ?2)",
            "DELETE FROM messages WHERE session = ?1 AND chat = ?2",
        ] {
            self.run(sql, params![s.0, chat])?;
        }
        Ok(())
    }

    /// Two rows turned out to be one person: their messages, and those seen twice in one chat once only.
    pub(crate) fn repoint_messages(&self, s: SessionNo, from: i64, to: i64) -> Result<()> {
        let doubles = self.many(
            "SELECT gone.id, kept.id FROM messages gone
             CROSS JOIN messages kept ON kept.session = gone.session AND kept.chat = gone.chat
                 AND kept.sender = ?3 AND kept.wa_id = gone.wa_id
             WHERE gone.session = ?1 AND gone.sender = ?2 AND gone.sender <> 0",
            params![s.0, from, to],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.drop_doubles(s, &doubles)?;
        self.run(
            "UPDATE messages SET sender = ?3 WHERE session = ?1 AND sender = ?2 AND sender <> 0",
            params![s.0, from, to],
        )?;
        Ok(())
    }

    /// Drops the first of each pair; sends and receipts that name it go over to the second.
    fn drop_doubles(&self, s: SessionNo, doubles: &[(i64, i64)]) -> Result<()> {
        for (gone, kept) in doubles {
            for sql in [
                "UPDATE outbox SET message = ?3 WHERE session = ?1 AND message = ?2",
                "UPDATE OR IGNORE recipients SET message = ?3 WHERE session = ?1 AND message = ?2",
                "UPDATE OR IGNORE receipts SET message = ?3 WHERE session = ?1 AND message = ?2",
            ] {
                self.run(sql, params![s.0, gone, kept])?;
            }
            for sql in [
                "DELETE FROM recipients WHERE session = ?1 AND message = ?2",
                "DELETE FROM receipts WHERE session = ?1 AND message = ?2",
                "DELETE FROM messages WHERE session = ?1 AND id = ?2",
            ] {
                self.run(sql, params![s.0, gone])?;
            }
        }
        Ok(())
    }
}
