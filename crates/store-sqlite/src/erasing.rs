//! Taking out what is one person's, or too old.

use crate::{columns::limit, groups::group_row, messages::message_row, rows::Rows};
use rusqlite::params;
use wharf_domain::{
    Result,
    ports::store::{Aliases, ErasureTx, ErasureView, GroupRow, MessageRow},
    sessions::SessionNo,
};
use wharf_types::{Millis, SessionId};

impl ErasureView for Rows<'_> {
    fn aliases_of(&self, s: SessionNo, person: i64) -> Result<Aliases> {
        let rows: Vec<(String, String)> = self.many(
            "SELECT kind, dropped FROM person_aliases WHERE session = ?1 AND kept = ?2",
            params![s.0, person],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut aliases = Aliases::default();
        for (kind, dropped) in rows {
            match kind.as_str() {
                "i" => aliases.ids.extend(dropped.parse::<i64>()),
                "l" => aliases.lids.push(dropped),
                _ => aliases.phones.push(dropped),
            }
        }
        Ok(aliases)
    }

    fn groups_owned(&self, s: SessionNo, person: i64) -> Result<Vec<GroupRow>> {
        self.many(
            "SELECT id, jid, subject, description, created_at_wa, owner, announce, locked, joined,
                    participant_count, first_seen_at, updated_at
             FROM groups WHERE session = ?1 AND owner = ?2",
            params![s.0, person],
            group_row,
        )
    }

    fn messages_older(
        &self,
        s: SessionNo,
        chat: i64,
        before: Millis,
        rows: usize,
    ) -> Result<Vec<MessageRow>> {
        self.many(
            "SELECT id, chat, sender, wa_id, from_me, at, created_at, kind, body, extra, ack_level, status, error,
                    edited, deleted
             FROM messages AS m WHERE session = ?1 AND chat = ?2 AND at < ?3 AND NOT EXISTS
                 (SELECT 1 FROM outbox AS o WHERE o.session = ?1 AND o.message = m.id AND o.status = 'queued')
             ORDER BY at, id LIMIT ?4",
            params![s.0, chat, before, limit(rows)],
            message_row,
        )
    }

    fn event_payloads(
        &self,
        session: &SessionId,
        after: i64,
        rows: usize,
    ) -> Result<Vec<(i64, String)>> {
        self.many(
            "SELECT seq, payload FROM events WHERE session = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![session.ulid().to_bytes(), after, limit(rows)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }
}

impl ErasureTx for Rows<'_> {
    fn delete_message(&mut self, s: SessionNo, id: i64) -> Result<()> {
        for sql in [
            "DELETE FROM receipts WHERE session = ?1 AND message = ?2",
            "DELETE FROM recipients WHERE session = ?1 AND message = ?2",
            "DELETE FROM messages WHERE session = ?1 AND id = ?2",
        ] {
            self.run(sql, params![s.0, id])?;
        }
        Ok(())
    }

    fn erase_sends(&mut self, s: SessionNo, chat: i64, rows: usize) -> Result<usize> {
        self.run(
            "DELETE FROM outbox WHERE place IN
                 (SELECT place FROM outbox WHERE session = ?1 AND chat = ?2 LIMIT ?3)",
            params![s.0, chat, limit(rows)],
        )
    }

    fn erase_receipts(&mut self, s: SessionNo, person: i64, rows: usize) -> Result<usize> {
        self.run(
            "DELETE FROM receipts WHERE session = ?1 AND (message, member) IN
                 (SELECT message, member FROM receipts WHERE session = ?1 AND member = ?2 LIMIT ?3)",
            params![s.0, person, limit(rows)],
        )
    }

    fn erase_waiting_deeds(&mut self, s: SessionNo, holding: &str) -> Result<usize> {
        self.run(
            "DELETE FROM waiting_deeds WHERE session = ?1 AND instr(deed, ?2) > 0",
            params![s.0, holding],
        )
    }

    fn erase_aliases(&mut self, s: SessionNo, person: i64) -> Result<()> {
        self.run(
            "DELETE FROM person_aliases WHERE session = ?1 AND kept = ?2",
            params![s.0, person],
        )?;
        Ok(())
    }

    fn erase_device_keys(&mut self, s: SessionNo, user: &str) -> Result<usize> {
        let keys: Vec<(u8, Vec<u8>)> = self.many(
            "SELECT space, key FROM device_state WHERE session = ?1 AND instr(key, ?2) > 0",
            params![s.0, user.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut gone = 0;
        for (space, key) in keys.iter().filter(|(_, key)| names(key, user.as_bytes())) {
            gone += self.run(
                "DELETE FROM device_state WHERE session = ?1 AND space = ?2 AND key = ?3",
                params![s.0, space, key],
            )?;
        }
        Ok(gone)
    }

    fn erase_payloads(&mut self, session: &SessionId, seqs: &[i64]) -> Result<()> {
        for seq in seqs {
            self.run(
                r#"UPDATE events SET payload = '{"erased":true}' WHERE session = ?1 AND seq = ?2"#,
                params![session.ulid().to_bytes(), seq],
            )?;
            self.run(
                "UPDATE deliveries SET answer = '' WHERE (webhook, place) IN
                     (SELECT w.id, e.place FROM events e JOIN webhooks w ON w.org = e.org
                      WHERE e.session = ?1 AND e.seq = ?2)",
                params![session.ulid().to_bytes(), seq],
            )?;
        }
        Ok(())
    }

    fn trim_outbox(&mut self, s: SessionNo, before: Millis, rows: usize) -> Result<usize> {
        self.run(
            "DELETE FROM outbox WHERE place IN
                 (SELECT place FROM outbox WHERE session = ?1 AND accepted_at < ?2 AND status <> 'queued'
                  ORDER BY accepted_at LIMIT ?3)",
            params![s.0, before, limit(rows)],
        )
    }
}

/// Whether the digits stand in the key by themselves, and not within longer ones.
fn names(key: &[u8], digits: &[u8]) -> bool {
    let digit = |at: Option<usize>| {
        at.and_then(|at| key.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let mut places = key.windows(digits.len().max(1)).enumerate();
    places.any(|(at, window)| {
        window == digits && !digit(at.checked_sub(1)) && !digit(Some(at + digits.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn digits_are_found_whole() {
        for key in ["4915:0", "x|4915@s.whatsapp.net|id", "4915", "14915|4915.1"] {
            assert!(names(key.as_bytes(), b"4915"), "{key}");
        }
        for key in ["", "491", "14915:0", "49150", "x|149150"] {
            assert!(!names(key.as_bytes(), b"4915"), "{key}");
        }
        assert!(!names(b"4915", b""));
    }
}
