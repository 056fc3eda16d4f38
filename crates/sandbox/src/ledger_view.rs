//! The ledger as `GET /ledger` shows it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{ledger::Violation, world::World};

impl World<'_> {
    /// Everything recorded at or after `since` (Unix milliseconds).
    pub fn ledger_view(&self, since: i64) -> Result<Value> {
        Ok(json!({
            "messages": self.ledger_messages(since)?,
            "connections": self.ledger_connections(since)?,
            "overlaps": self.violations(since, Violation::Overlap)?,
            "reusedKeys": self.violations(since, Violation::ReusedKey)?,
            "violations": self.violations(since, Violation::Protocol)?,
        }))
    }

    fn ledger_messages(&self, since: i64) -> Result<Vec<Value>> {
        let mut q = self.db().prepare_cached("SELECT seq, id, sender, chat, at, acked, resent, peer FROM ledger_messages WHERE at >= ?1 ORDER BY seq")?;
        let rows = q
            .query_map([since], |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    r.get::<_, String>(1)?,
                    json!({
                        "waMessageId": r.get::<_, String>(1)?, "from": r.get::<_, String>(2)?, "to": r.get::<_, String>(3)?,
                        "at": r.get::<_, i64>(4)?, "acked": r.get::<_, bool>(5)?, "resent": r.get::<_, bool>(6)?, "peer": r.get::<_, bool>(7)?,
                    }),
                ))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(rows.len());
        for (seq, id, mut v) in rows {
            let bodies = self.column("SELECT body FROM ledger_bodies WHERE message = ?1", seq)?;
            if let Some(o) = v.as_object_mut() {
                o.insert("bodies".into(), bodies.into());
                o.insert("deliveries".into(), self.ledger_deliveries(seq)?.into());
                o.insert("receipts".into(), self.ledger_receipts(&id)?.into());
            }
            out.push(v);
        }
        Ok(out)
    }

    fn column(&self, sql: &str, key: i64) -> Result<Vec<String>> {
        let mut q = self.db().prepare_cached(sql)?;
        let rows = q
            .query_map([key], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// `count` leaves out what the device itself asked for again (`retries`): those are no duplicates.
    fn ledger_deliveries(&self, message: i64) -> Result<Vec<Value>> {
        let mut q = self.db().prepare_cached(
            "SELECT device, count - min(count - 1, asked), min(count - 1, asked) FROM (
               SELECT d.device, d.count, (
                 SELECT count(*) FROM ledger_receipts r JOIN ledger_messages m ON m.id = r.id
                 WHERE m.seq = d.message AND r.device = d.device AND r.kind = 'retry') AS asked
               FROM ledger_deliveries d WHERE d.message = ?1) ORDER BY device",
        )?;
        let rows = q
            .query_map([message], |r| {
                Ok(json!({
                    "device": r.get::<_, String>(0)?, "count": r.get::<_, u32>(1)?, "retries": r.get::<_, u32>(2)?,
                }))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    fn ledger_receipts(&self, id: &str) -> Result<Vec<Value>> {
        let mut q = self.db().prepare_cached(
            "SELECT device, kind, at FROM ledger_receipts WHERE id = ?1 ORDER BY seq",
        )?;
        let rows = q
            .query_map([id], |r| Ok(json!({"device": r.get::<_, String>(0)?, "kind": r.get::<_, String>(1)?, "at": r.get::<_, i64>(2)?})))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    fn ledger_connections(&self, since: i64) -> Result<Vec<Value>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT device, since, until, end FROM ledger_connections WHERE coalesce(until, ?1) >= ?1 ORDER BY seq")?;
        let rows = q
            .query_map([since], |r| {
                Ok(json!({
                    "device": r.get::<_, String>(0)?, "from": r.get::<_, i64>(1)?,
                    "until": r.get::<_, Option<i64>>(2)?, "end": r.get::<_, String>(3)?,
                }))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    fn violations(&self, since: i64, kind: Violation) -> Result<Vec<Value>> {
        let mut q = self.db().prepare_cached("SELECT device, detail, at FROM ledger_violations WHERE kind = ?1 AND at >= ?2 ORDER BY seq")?;
        let rows = q
            .query_map(rusqlite::params![kind.name(), since], |r| {
                Ok(json!({"device": r.get::<_, String>(0)?, "detail": r.get::<_, String>(1)?, "at": r.get::<_, i64>(2)?}))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
