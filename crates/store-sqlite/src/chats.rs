//! Chats, in the order people see them.

use crate::{
    columns::{known, limit},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    chats::settings::{Setting, SettingKind},
    ports::store::{ChatFilter, ChatPeer, ChatPlace, ChatRow, ChatSettingRow, ChatsTx, ChatsView},
    sessions::SessionNo,
};
use wharf_types::Millis;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, person, jid, kind, name, archived, pinned, muted_until, unread, last_at FROM chats ",
            $rest
        )
    };
}

fn chat_row(row: &Row<'_>) -> Result<ChatRow, Fault> {
    let peer = match row.get::<_, Option<i64>>(1)? {
        Some(person) => ChatPeer::Person(person),
        None => ChatPeer::Jid(row.get(2)?),
    };
    Ok(ChatRow {
        id: row.get(0)?,
        peer,
        kind: known(row, 3, kind, "kind of chat")?,
        name: row.get(4)?,
        archived: row.get(5)?,
        pinned: row.get(6)?,
        muted_until: row.get(7)?,
        unread: row.get(8)?,
        last_at: row.get(9)?,
    })
}

fn kind(text: &str) -> Option<&'static str> {
    ["dm", "group", "channel", "status"]
        .into_iter()
        .find(|kind| *kind == text)
}

fn setting_row(row: &Row<'_>) -> Result<ChatSettingRow, Fault> {
    let kind = known(row, 1, SettingKind::parse, "kind of setting")?;
    let value: Option<i64> = row.get(2)?;
    Ok(ChatSettingRow {
        chat_id: row.get(0)?,
        setting: match kind {
            SettingKind::Archived => Setting::Archived(value == Some(1)),
            SettingKind::Pinned => Setting::Pinned(value == Some(1)),
            SettingKind::Muted => Setting::MutedUntil(value),
        },
        at: row.get(3)?,
        handed: row.get(4)?,
    })
}

impl ChatsView for Rows<'_> {
    fn chat_settings(&self, s: SessionNo, rows: usize) -> Result<Vec<ChatSettingRow>> {
        self.many(
            "SELECT chat, kind, value, at, handed FROM chat_settings WHERE session = ?1
             ORDER BY chat, kind LIMIT ?2",
            params![s.0, limit(rows)],
            setting_row,
        )
    }

    fn chat_setting(
        &self,
        s: SessionNo,
        chat_id: i64,
        kind: SettingKind,
    ) -> Result<Option<ChatSettingRow>> {
        self.one(
            "SELECT chat, kind, value, at, handed FROM chat_settings
             WHERE session = ?1 AND chat = ?2 AND kind = ?3",
            params![s.0, chat_id, kind.as_str()],
            setting_row,
        )
    }

    fn chat(&self, s: SessionNo, id: i64) -> Result<Option<ChatRow>> {
        self.one(
            select!("WHERE session = ?1 AND id = ?2"),
            params![s.0, id],
            chat_row,
        )
    }

    fn chat_of(&self, s: SessionNo, peer: &ChatPeer) -> Result<Option<ChatRow>> {
        match peer {
            ChatPeer::Person(person) => self.one(
                select!("WHERE session = ?1 AND person = ?2"),
                params![s.0, person],
                chat_row,
            ),
            ChatPeer::Jid(jid) => self.one(
                select!("WHERE session = ?1 AND jid = ?2"),
                params![s.0, jid],
                chat_row,
            ),
        }
    }

    fn chats(
        &self,
        s: SessionNo,
        after: Option<ChatPlace>,
        filter: &ChatFilter,
        rows: usize,
    ) -> Result<Vec<ChatRow>> {
        let (pinned, last_at, id) = after.map_or((2, Millis::MAX, i64::MAX), |place| {
            (i64::from(place.pinned), place.last_at, place.id)
        });
        self.many(
            select!(
                "WHERE session = ?1 AND (pinned, coalesce(last_at, 0), id) < (?2, ?3, ?4)
                     AND (?5 IS NULL OR kind = ?5)
                     AND (?6 IS NULL OR archived = ?6)
                     AND (?7 IS NULL OR (unread > 0) = ?7)
                 ORDER BY pinned DESC, coalesce(last_at, 0) DESC, id DESC LIMIT ?8"
            ),
            params![
                s.0,
                pinned,
                last_at,
                id,
                filter.kind,
                filter.archived,
                filter.unread,
                limit(rows)
            ],
            chat_row,
        )
    }
}

impl ChatsTx for Rows<'_> {
    fn put_chat(&mut self, s: SessionNo, row: &ChatRow) -> Result<()> {
        let (person, jid) = match &row.peer {
            ChatPeer::Person(person) => (Some(person), None),
            ChatPeer::Jid(jid) => (None, Some(jid)),
        };
        self.run(
            "INSERT INTO chats
                 (session, id, person, jid, kind, name, archived, pinned, muted_until, unread, last_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (session, id) DO UPDATE SET
                 person = excluded.person, jid = excluded.jid, kind = excluded.kind, name = excluded.name,
                 archived = excluded.archived, pinned = excluded.pinned, muted_until = excluded.muted_until,
                 unread = excluded.unread, last_at = excluded.last_at",
            params![
                s.0,
                row.id,
                person,
                jid,
                row.kind,
                row.name,
                row.archived,
                row.pinned,
                row.muted_until,
                row.unread,
                row.last_at,
            ],
        )?;
        Ok(())
    }

    fn put_chat_setting(&mut self, s: SessionNo, row: &ChatSettingRow) -> Result<()> {
        let value = match row.setting {
            Setting::Archived(yes) | Setting::Pinned(yes) => Some(i64::from(yes)),
            Setting::MutedUntil(until) => until,
        };
        self.run(
            "INSERT INTO chat_settings (session, chat, kind, value, at, handed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (session, chat, kind) DO UPDATE SET
                 value = excluded.value, at = excluded.at, handed = excluded.handed",
            params![
                s.0,
                row.chat_id,
                row.setting.kind().as_str(),
                value,
                row.at,
                row.handed
            ],
        )?;
        Ok(())
    }

    fn delete_chat_setting(&mut self, s: SessionNo, chat_id: i64, kind: SettingKind) -> Result<()> {
        self.run(
            "DELETE FROM chat_settings WHERE session = ?1 AND chat = ?2 AND kind = ?3",
            params![s.0, chat_id, kind.as_str()],
        )?;
        Ok(())
    }

    fn delete_chat(&mut self, s: SessionNo, id: i64) -> Result<()> {
        self.delete_messages(s, id)?;
        self.run(
            "DELETE FROM chat_settings WHERE session = ?1 AND chat = ?2",
            params![s.0, id],
        )?;
        self.run(
            "DELETE FROM posts WHERE session = ?1 AND chat = ?2",
            params![s.0, id],
        )?;
        self.run(
            "DELETE FROM chats WHERE session = ?1 AND id = ?2",
            params![s.0, id],
        )?;
        Ok(())
    }
}
