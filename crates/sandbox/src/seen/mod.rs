//! What a person sees of others besides messages: who types, who is there, who read, who declined a call.
//!
//! `GET /accounts/{phone}/seen?since=` gives `{events: […]}` in order, each `{seq, at, type, from, chat, …}`:
//! `typing {state}` (composing, recording, paused) · `receipt {waMessageId, kind}` (read, played) · `presence {state}`
//! (available, unavailable; `chat` null) · `call {callId, state}` (rejected). `from` is a phone JID, `chat` the other
//! side's phone JID or the group. `since` is a `seq`. Deliveries are in the ledger.

use anyhow::Result;
use rusqlite::params;
use serde_json::{Value, json};

use crate::{ids::Phone, world::World};

pub mod control;
pub mod presence;

/// `owner` alone sees a row that has one; the members of `gid` one of a group; everybody the others.
pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS seen(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, owner INTEGER, gid TEXT, by INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS seen_owner ON seen(owner, seq);";

/// Who sees it.
pub enum Before<'a> {
    Person(Phone),
    Group(&'a str),
    Everybody,
}

impl World<'_> {
    /// `event` has `type` and what goes with it; the rest is filled in.
    pub fn record_seen(&mut self, before: &Before<'_>, by: Phone, event: &Value) -> Result<()> {
        let (owner, gid) = match before {
            Before::Person(p) => (Some(p.row()), None),
            Before::Group(g) => (None, Some(*g)),
            Before::Everybody => (None, None),
        };
        self.db()
            .prepare_cached("INSERT INTO seen(at, owner, gid, by, event) VALUES(?1,?2,?3,?4,?5)")?
            .execute(params![
                self.now_ms(),
                owner,
                gid,
                by.row(),
                event.to_string()
            ])?;
        Ok(())
    }

    pub fn seen_by(&self, who: Phone, since: i64) -> Result<Vec<Value>> {
        let mut q = self.db().prepare_cached(
            "SELECT seq, at, owner, gid, by, event FROM seen WHERE seq > ?2 AND (owner = ?1 OR (owner IS NULL AND by <> ?1
               AND (gid IS NULL OR EXISTS(SELECT 1 FROM group_members m WHERE m.gid = seen.gid AND m.phone = ?1))))
             ORDER BY seq",
        )?;
        let rows = q.query_map(params![who.row(), since], |r| {
            let by = Phone::from_row(r.get(4)?).jid().to_string();
            let (owner, gid): (Option<i64>, Option<String>) = (r.get(2)?, r.get(3)?);
            let chat = gid.or_else(|| owner.map(|_| by.clone()));
            let event: String = r.get(5)?;
            let mut v: Value = serde_json::from_str(&event).unwrap_or_default();
            if let Some(o) = v.as_object_mut() {
                o.insert("seq".into(), json!(r.get::<_, i64>(0)?));
                o.insert("at".into(), json!(r.get::<_, i64>(1)?));
                o.insert("from".into(), json!(by));
                o.insert("chat".into(), json!(chat));
            }
            Ok(v)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
