//! The outbox: sends in order of acceptance, the times their rate counts, remembered answers.

use crate::{
    columns::{LAST, bytes32, json, known, limit, to_json, ulid},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use ulid::Ulid;
use wharf_domain::{
    Result,
    outbox::OutboxRow,
    ports::store::{IdempotencyRow, OutboxTx, OutboxView, QueuedRow},
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{Millis, OrgId, OutboxId, SendStatus, SessionId};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, to_jid, chat, message, wa_id, content, secret, status, error_code, error_words, sync,
                    reference, send_at, expires_at, accepted_at, handed_at, attempts, updated_at, error_until
             FROM outbox ",
            $rest
        )
    };
}

fn outbox_row(row: &Row<'_>) -> Result<OutboxRow, Fault> {
    let code: Option<String> = row.get(8)?;
    let words: Option<String> = row.get(9)?;
    Ok(OutboxRow {
        id: OutboxId::new(ulid(row, 0)?),
        to: row.get(1)?,
        chat_id: row.get(2)?,
        message_id: row.get(3)?,
        wa_id: row.get(4)?,
        content: json(row, 5, "content of a send")?,
        secret: row.get(6)?,
        status: known(row, 7, SendStatus::parse, "send status")?,
        error: code.zip(words),
        sync: row.get(10)?,
        reference: row.get(11)?,
        send_at: row.get(12)?,
        expires_at: row.get(13)?,
        accepted_at: row.get(14)?,
        handed_at: row.get(15)?,
        attempts: row.get(16)?,
        updated_at: row.get(17)?,
        until: row.get(18)?,
    })
}

impl OutboxView for Rows<'_> {
    fn outbox(&self, s: SessionNo, id: &OutboxId) -> Result<Option<OutboxRow>> {
        self.one(
            select!("WHERE session = ?1 AND id = ?2"),
            params![s.0, id.ulid().to_bytes()],
            outbox_row,
        )
    }

    fn outbox_by_message(&self, s: SessionNo, message_id: i64) -> Result<Option<OutboxRow>> {
        self.one(
            select!("WHERE session = ?1 AND message = ?2 ORDER BY place DESC LIMIT 1"),
            params![s.0, message_id],
            outbox_row,
        )
    }

    fn outbox_reaction(&self, s: SessionNo, message_id: i64) -> Result<Option<OutboxRow>> {
        self.one(
            select!(
                "INDEXED BY outbox_reactions
                 WHERE session = ?1 AND status = 'queued' AND content ->> '$.type' = 'reaction'
                     AND content ->> '$.target.message' = ?2
                 ORDER BY place DESC LIMIT 1"
            ),
            params![s.0, message_id],
            outbox_row,
        )
    }

    fn outbox_queued(
        &self,
        s: SessionNo,
        now: Millis,
        after: i64,
        rows: usize,
    ) -> Result<Vec<QueuedRow>> {
        self.many(
            "SELECT place, id, chat, sync, attempts, handed_at, expires_at, counted FROM outbox
             WHERE session = ?1 AND status = 'queued' AND place > ?3 AND coalesce(send_at, 0) <= ?2
             ORDER BY place LIMIT ?4",
            params![s.0, now, after, limit(rows)],
            |row| {
                Ok(QueuedRow {
                    place: row.get(0)?,
                    id: OutboxId::new(ulid(row, 1)?),
                    chat_id: row.get(2)?,
                    sync: row.get(3)?,
                    attempts: row.get(4)?,
                    handed_at: row.get(5)?,
                    expires_at: row.get(6)?,
                    counted: row.get(7)?,
                })
            },
        )
    }

    fn outbox_expired(&self, now: Millis, rows: usize) -> Result<Vec<(SessionScope, OutboxId)>> {
        self.many(
            "SELECT s.no, s.org, s.id, o.id FROM outbox o CROSS JOIN sessions s ON s.no = o.session
             WHERE o.status = 'queued' AND o.attempts = 0 AND o.expires_at <= ?1 AND s.deleted = 0
             ORDER BY o.expires_at LIMIT ?2",
            params![now, limit(rows)],
            |row| {
                let scope = SessionScope {
                    no: SessionNo(row.get(0)?),
                    org: OrgId::new(ulid(row, 1)?),
                    id: SessionId::new(ulid(row, 2)?),
                };
                Ok((scope, OutboxId::new(ulid(row, 3)?)))
            },
        )
    }

    fn outbox_depth(&self) -> Result<u64> {
        let counts = self.whole(
            "SELECT count(*) FROM outbox WHERE status = 'queued'",
            [],
            |row| Ok(row.get::<_, i64>(0)?),
        )?;
        let count = counts.first().copied().unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn outbox_files(&self) -> Result<Vec<String>> {
        self.whole(
            "SELECT DISTINCT content ->> '$.sha256' FROM outbox INDEXED BY outbox_files
             WHERE status = 'queued' AND content ->> '$.sha256' IS NOT NULL",
            [],
            |row| Ok(row.get(0)?),
        )
    }

    fn outbox_next_due(&self, s: SessionNo, now: Millis) -> Result<Option<Millis>> {
        let next = self.one(
            "SELECT min(send_at) FROM outbox
             WHERE session = ?1 AND status = 'queued' AND send_at > ?2",
            params![s.0, now],
            |row| Ok(row.get(0)?),
        )?;
        Ok(next.flatten())
    }

    fn outbox_list(
        &self,
        s: SessionNo,
        status: Option<SendStatus>,
        before: Option<(Millis, OutboxId)>,
        rows: usize,
    ) -> Result<Vec<OutboxRow>> {
        let (at, id) = before.unwrap_or((LAST.0, OutboxId::new(Ulid::max())));
        if let Some(status) = status {
            return self.many(
                select!(
                    "WHERE session = ?1 AND status = ?2 AND (accepted_at, id) < (?3, ?4)
                     ORDER BY accepted_at DESC, id DESC LIMIT ?5"
                ),
                params![s.0, status.as_str(), at, id.ulid().to_bytes(), limit(rows)],
                outbox_row,
            );
        }
        self.many(
            select!(
                "WHERE session = ?1 AND (accepted_at, id) < (?2, ?3)
                 ORDER BY accepted_at DESC, id DESC LIMIT ?4"
            ),
            params![s.0, at, id.ulid().to_bytes(), limit(rows)],
            outbox_row,
        )
    }

    fn outbox_times(&self, s: SessionNo, since: Millis) -> Result<Vec<Millis>> {
        self.many(
            "SELECT counted_at FROM outbox WHERE session = ?1 AND counted_at >= ?2 AND counted = 1
             ORDER BY counted_at",
            params![s.0, since],
            |row| Ok(row.get(0)?),
        )
    }

    fn idempotency(&self, org: &OrgId, key: &str) -> Result<Option<IdempotencyRow>> {
        self.one(
            "SELECT fingerprint, session, outbox, http_status, at, answer FROM idempotency WHERE org = ?1 AND key = ?2",
            params![org.ulid().to_bytes(), key],
            |row| {
                Ok(IdempotencyRow {
                    fingerprint: bytes32(row, 0, "fingerprint")?,
                    session: SessionId::new(ulid(row, 1)?),
                    outbox: OutboxId::new(ulid(row, 2)?),
                    http_status: row.get(3)?,
                    at: row.get(4)?,
                    answer: row.get(5)?,
                })
            },
        )
    }
}

impl OutboxTx for Rows<'_> {
    fn put_outbox(&mut self, s: SessionNo, row: &OutboxRow) -> Result<()> {
        let (code, words) = row
            .error
            .as_ref()
            .map(|(code, words)| (code, words))
            .unzip();
        self.run(
            "INSERT INTO outbox
                 (session, id, to_jid, chat, message, wa_id, content, secret, status, error_code, error_words,
                  sync, reference, send_at, expires_at, accepted_at, handed_at, attempts, updated_at,
                  error_until, counted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21)
             ON CONFLICT (session, id) DO UPDATE SET
                 to_jid = excluded.to_jid, chat = excluded.chat, message = excluded.message,
                 wa_id = excluded.wa_id, content = excluded.content, secret = excluded.secret,
                 status = excluded.status, error_code = excluded.error_code,
                 error_words = excluded.error_words, sync = excluded.sync, reference = excluded.reference,
                 send_at = excluded.send_at, expires_at = excluded.expires_at,
                 accepted_at = excluded.accepted_at, handed_at = excluded.handed_at,
                 attempts = excluded.attempts, updated_at = excluded.updated_at,
                 error_until = excluded.error_until",
            params![
                s.0,
                row.id.ulid().to_bytes(),
                row.to,
                row.chat_id,
                row.message_id,
                row.wa_id,
                to_json(&row.content)?,
                row.secret,
                row.status.as_str(),
                code,
                words,
                row.sync,
                row.reference,
                row.send_at,
                row.expires_at,
                row.accepted_at,
                row.handed_at,
                row.attempts,
                row.updated_at,
                row.until,
                row.content.counted(),
            ],
        )?;
        Ok(())
    }

    fn put_idempotency(&mut self, org: &OrgId, key: &str, row: &IdempotencyRow) -> Result<()> {
        self.run(
            "INSERT INTO idempotency (org, key, fingerprint, session, outbox, http_status, at, answer)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (org, key) DO UPDATE SET
                 fingerprint = excluded.fingerprint, session = excluded.session, outbox = excluded.outbox,
                 http_status = excluded.http_status, at = excluded.at, answer = excluded.answer",
            params![
                org.ulid().to_bytes(),
                key,
                row.fingerprint,
                row.session.ulid().to_bytes(),
                row.outbox.ulid().to_bytes(),
                row.http_status,
                row.at,
                row.answer,
            ],
        )?;
        Ok(())
    }

    fn drop_idempotency(&mut self, org: &OrgId, key: &str) -> Result<()> {
        self.run(
            "DELETE FROM idempotency WHERE org = ?1 AND key = ?2",
            params![org.ulid().to_bytes(), key],
        )?;
        Ok(())
    }

    fn trim_idempotency(&mut self, before: Millis) -> Result<()> {
        self.run("DELETE FROM idempotency WHERE at < ?1", params![before])?;
        Ok(())
    }
}
