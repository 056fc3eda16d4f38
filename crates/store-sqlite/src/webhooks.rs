//! Webhooks, what they owe, and the log of attempts.

use crate::{
    columns::{json, limit, to_json, ulid, ulid_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use ulid::Ulid;
use wharf_domain::{
    Result,
    ports::store::{
        DeliveryRow, EventRow, EventsView, OwedRow, Progress, WebhooksTx, WebhooksView,
    },
    webhooks::WebhookRow,
};
use wharf_types::{DeliveryId, EventId, Millis, OrgId, SessionId, WebhookId};

macro_rules! webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT id, org, url, session, events, active, ordered, headers, secret, old_secret, old_until,
                 policy, created_at, updated_at, place, failing_since FROM webhooks ",
            $rest
        )
    };
}

macro_rules! deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT id, place, event, kind, attempt, at, delivered, status, latency, answer, error, next_at
             FROM deliveries ",
            $rest
        )
    };
}

fn webhook(row: &Row<'_>) -> Result<WebhookRow, Fault> {
    let old: Option<Vec<u8>> = row.get(9)?;
    let until: Option<Millis> = row.get(10)?;
    Ok(WebhookRow {
        id: WebhookId::new(ulid(row, 0)?),
        org: OrgId::new(ulid(row, 1)?),
        url: row.get(2)?,
        session: ulid_opt(row, 3)?.map(SessionId::new),
        events: json(row, 4, "events of a webhook")?,
        active: row.get(5)?,
        ordered: row.get(6)?,
        headers: row.get(7)?,
        secret: row.get(8)?,
        old_secret: old.zip(until),
        policy: json(row, 11, "policy of a webhook")?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
        place: row.get(14)?,
        failing_since: row.get(15)?,
    })
}

fn owed(row: &Row<'_>) -> Result<OwedRow, Fault> {
    Ok(OwedRow {
        place: row.get(0)?,
        session: ulid_opt(row, 1)?.map(SessionId::new),
        attempts: row.get(2)?,
        due: row.get(3)?,
    })
}

fn delivery(row: &Row<'_>) -> Result<DeliveryRow, Fault> {
    Ok(DeliveryRow {
        id: DeliveryId::new(ulid(row, 0)?),
        place: row.get(1)?,
        event: EventId::new(ulid(row, 2)?),
        kind: row.get(3)?,
        attempt: row.get(4)?,
        at: row.get(5)?,
        delivered: row.get(6)?,
        status: row.get(7)?,
        latency_ms: row.get(8)?,
        answer: row.get(9)?,
        error: row.get(10)?,
        next_at: row.get(11)?,
    })
}

/// Bytes of an id.
fn key(id: Ulid) -> [u8; 16] {
    id.to_bytes()
}

impl WebhooksView for Rows<'_> {
    fn webhook(&self, org: &OrgId, id: &WebhookId) -> Result<Option<WebhookRow>> {
        self.one(
            webhooks!("WHERE id = ?1 AND org = ?2"),
            params![key(id.ulid()), key(org.ulid())],
            webhook,
        )
    }

    fn webhook_anywhere(&self, id: &WebhookId) -> Result<Option<WebhookRow>> {
        self.one(webhooks!("WHERE id = ?1"), params![key(id.ulid())], webhook)
    }

    fn webhooks(
        &self,
        org: &OrgId,
        after: Option<WebhookId>,
        rows: usize,
    ) -> Result<Vec<WebhookRow>> {
        let after = after.map_or([0; 16], |id| key(id.ulid()));
        self.many(
            webhooks!("INDEXED BY webhooks_org WHERE org = ?1 AND id > ?2 ORDER BY id LIMIT ?3"),
            params![key(org.ulid()), after, limit(rows)],
            webhook,
        )
    }

    fn count_webhooks(&self, org: &OrgId) -> Result<usize> {
        let count: Option<i64> = self.one(
            "SELECT count(*) FROM webhooks WHERE org = ?1",
            params![key(org.ulid())],
            |row| Ok(row.get(0)?),
        )?;
        Ok(usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX))
    }

    fn webhooks_active(&self) -> Result<Vec<WebhookRow>> {
        self.whole(webhooks!("WHERE active = 1"), [], webhook)
    }

    fn owed(&self, id: &WebhookId, rows: usize) -> Result<Vec<OwedRow>> {
        self.many(
            "SELECT place, session, attempts, due FROM owed INDEXED BY owed_due
             WHERE webhook = ?1 ORDER BY due, place LIMIT ?2",
            params![key(id.ulid()), limit(rows)],
            owed,
        )
    }

    fn owed_heads(&self, id: &WebhookId) -> Result<Vec<OwedRow>> {
        self.whole(
            "SELECT min(place), session, attempts, due FROM owed WHERE webhook = ?1 GROUP BY session",
            params![key(id.ulid())],
            owed,
        )
    }

    fn owed_head(&self, id: &WebhookId, session: Option<&SessionId>) -> Result<Option<OwedRow>> {
        self.one(
            "SELECT place, session, attempts, due FROM owed INDEXED BY owed_session
             WHERE webhook = ?1 AND session IS ?2 ORDER BY place LIMIT 1",
            params![key(id.ulid()), session.map(|id| key(id.ulid()))],
            owed,
        )
    }

    fn event_at(&self, org: &OrgId, place: i64) -> Result<Option<EventRow>> {
        let found = self.events(org, place - 1, 1)?;
        Ok(found.into_iter().next().filter(|row| row.place == place))
    }

    fn place_at(&self, at: Millis) -> Result<i64> {
        let first = Ulid::from_parts(u64::try_from(at).unwrap_or(0), 0);
        let place = self.one(
            "SELECT place FROM events WHERE id >= ?1 ORDER BY id LIMIT 1",
            params![key(first)],
            |row| Ok(row.get(0)?),
        )?;
        Ok(place.unwrap_or(i64::MAX))
    }

    fn deliveries(
        &self,
        id: &WebhookId,
        delivered: Option<bool>,
        before: Option<DeliveryId>,
        rows: usize,
    ) -> Result<Vec<DeliveryRow>> {
        let before = before.map_or([0xff; 16], |id| key(id.ulid()));
        match delivered {
            None => self.many(
                deliveries!("WHERE webhook = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"),
                params![key(id.ulid()), before, limit(rows)],
                delivery,
            ),
            Some(delivered) => self.many(
                deliveries!(
                    "WHERE webhook = ?1 AND delivered = ?4 AND id < ?2 ORDER BY id DESC LIMIT ?3"
                ),
                params![key(id.ulid()), before, limit(rows), delivered],
                delivery,
            ),
        }
    }

    fn delivery(&self, webhook: &WebhookId, id: &DeliveryId) -> Result<Option<DeliveryRow>> {
        self.one(
            deliveries!("WHERE webhook = ?1 AND id = ?2"),
            params![key(webhook.ulid()), key(id.ulid())],
            delivery,
        )
    }

    fn was_delivered(&self, webhook: &WebhookId, place: i64) -> Result<bool> {
        let found = self.one(
            "SELECT 1 FROM deliveries WHERE webhook = ?1 AND place = ?2 AND delivered = 1 LIMIT 1",
            params![key(webhook.ulid()), place],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }
}

impl WebhooksTx for Rows<'_> {
    fn put_webhook(&mut self, row: &WebhookRow) -> Result<()> {
        let (old, until) = row
            .old_secret
            .as_ref()
            .map(|(sealed, until)| (sealed, until))
            .unzip();
        self.run(
            "INSERT INTO webhooks (id, org, url, session, events, active, ordered, headers, secret, old_secret,
                 old_until, policy, created_at, updated_at, place, failing_since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (id) DO UPDATE SET url = excluded.url, session = excluded.session, events = excluded.events,
                 active = excluded.active, ordered = excluded.ordered, headers = excluded.headers,
                 secret = excluded.secret, old_secret = excluded.old_secret, old_until = excluded.old_until,
                 policy = excluded.policy, updated_at = excluded.updated_at",
            params![
                key(row.id.ulid()),
                key(row.org.ulid()),
                row.url,
                row.session.map(|id| key(id.ulid())),
                to_json(&row.events)?,
                row.active,
                row.ordered,
                row.headers,
                row.secret,
                old,
                until,
                to_json(&row.policy)?,
                row.created_at,
                row.updated_at,
                row.place,
                row.failing_since,
            ],
        )?;
        Ok(())
    }

    fn delete_webhook(&mut self, org: &OrgId, id: &WebhookId) -> Result<bool> {
        let gone = self.run(
            "DELETE FROM webhooks WHERE id = ?1 AND org = ?2",
            params![key(id.ulid()), key(org.ulid())],
        )?;
        Ok(gone > 0)
    }

    fn place_webhook(&mut self, id: &WebhookId, place: i64) -> Result<()> {
        let id = key(id.ulid());
        self.run("DELETE FROM owed WHERE webhook = ?1", params![id])?;
        self.run(
            "UPDATE webhooks SET place = ?2, failing_since = NULL WHERE id = ?1",
            params![id, place],
        )?;
        Ok(())
    }

    fn owe(&mut self, id: &WebhookId, owed: &[OwedRow]) -> Result<()> {
        let there = self.one(
            "SELECT 1 FROM webhooks WHERE id = ?1",
            params![key(id.ulid())],
            |_| Ok(()),
        )?;
        if there.is_none() {
            return Ok(());
        }
        for row in owed {
            self.run(
                "INSERT INTO owed (webhook, place, session, attempts, due) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (webhook, place) DO UPDATE SET attempts = excluded.attempts, due = excluded.due",
                params![
                    key(id.ulid()),
                    row.place,
                    row.session.map(|id| key(id.ulid())),
                    row.attempts,
                    row.due
                ],
            )?;
        }
        Ok(())
    }

    fn release_owed(&mut self, id: &WebhookId, was: Millis, due: Millis) -> Result<()> {
        self.run(
            "UPDATE owed INDEXED BY owed_due SET due = ?3 WHERE webhook = ?1 AND due = ?2",
            params![key(id.ulid()), was, due],
        )?;
        Ok(())
    }

    fn progress_webhook(&mut self, id: &WebhookId, progress: &Progress) -> Result<bool> {
        let there = self.run(
            "UPDATE webhooks SET place = max(place, ?2), failing_since = ?3 WHERE id = ?1",
            params![key(id.ulid()), progress.place, progress.failing_since],
        )?;
        if there == 0 {
            return Ok(false);
        }
        self.owe(id, &progress.owed)?;
        for (place, due) in &progress.settled {
            self.run(
                "DELETE FROM owed WHERE webhook = ?1 AND place = ?2 AND due = ?3",
                params![key(id.ulid()), place, due],
            )?;
        }
        for made in &progress.made {
            self.run(
                "INSERT INTO deliveries (webhook, id, place, event, kind, attempt, at, delivered, status, latency,
                     answer, error, next_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                params![
                    key(id.ulid()),
                    key(made.id.ulid()),
                    made.place,
                    key(made.event.ulid()),
                    made.kind,
                    made.attempt,
                    made.at,
                    made.delivered,
                    made.status,
                    made.latency_ms,
                    made.answer,
                    made.error,
                    made.next_at,
                ],
            )?;
        }
        Ok(true)
    }

    fn trim_deliveries(&mut self, before: Millis, rows: usize) -> Result<usize> {
        let oldest = self.many(
            "SELECT no, at FROM deliveries WHERE no > 0 ORDER BY no LIMIT ?1",
            params![limit(rows)],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Millis>(1)?)),
        )?;
        let old: Vec<i64> = oldest
            .into_iter()
            .take_while(|(_, at)| *at < before)
            .map(|(no, _)| no)
            .collect();
        let Some(last) = old.last() else {
            return Ok(0);
        };
        self.run("DELETE FROM deliveries WHERE no <= ?1", params![last])?;
        Ok(old.len())
    }
}
