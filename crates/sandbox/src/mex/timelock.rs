//! Until when an account may not write to people it does not know.
//!
//! The fault `timelock` is that time. A message to somebody who never wrote to the account, and to whom it never
//! wrote before, is refused with 463; known chats go on. Clients then ask here for the end, in whole Unix seconds, rounded up.

use serde_json::{Value, json};

use super::{Answer, Document};
use crate::{
    faults::FaultKind,
    ids::{DeviceAddr, Phone},
    world::{World, account::Account},
};

pub const DOCUMENTS: &[Document] = &[Document {
    id: "23983697327930364",
    handler: reachout_timelock,
}];

fn reachout_timelock(w: &mut World<'_>, d: DeviceAddr, _: &Value) -> Answer {
    let ends = w.timelocked_until(d.phone);
    let state = match ends {
        Some(ms) => json!({
            "is_active": true,
            "enforcement_type": "DEFAULT",
            "time_enforcement_ends": ((ms + 999) / 1000).to_string(),
        }),
        None => json!({"is_active": false}),
    };
    Ok(json!({"xwa2_fetch_account_reachout_timelock": state}))
}

impl World<'_> {
    /// The end of the longest lock in force, in milliseconds.
    pub fn timelocked_until(&self, phone: Phone) -> Option<i64> {
        let now = self.now_ms();
        let armed = self.sim.faults.armed();
        let fits = armed
            .iter()
            .filter(|f| f.kind == FaultKind::Timelock && f.phone.is_none_or(|p| p == phone));
        fits.filter_map(|f| f.until).filter(|u| *u > now).max()
    }

    /// Whether a lock keeps `me` from writing to `target` now; a counted one is used up by it.
    pub fn timelock_strikes(&mut self, me: &Account, target: &Account) -> anyhow::Result<bool> {
        if self.timelocked_until(me.phone).is_none() || self.knows(me.phone, target.phone)? {
            return Ok(false);
        }
        let now = self.now_ms();
        let open = |f: &crate::faults::Fault| f.until.is_some_and(|u| u > now);
        let struck = self
            .sim
            .faults
            .strike_if(FaultKind::Timelock, Some(me.phone), open);
        Ok(struck.is_some())
    }

    /// Whether these two have written before: either of them, or in the past the phone remembers.
    fn knows(&self, me: Phone, other: Phone) -> anyhow::Result<bool> {
        if me == other {
            return Ok(true);
        }
        let sql = "SELECT EXISTS(SELECT 1 FROM ledger_messages WHERE peer = 0 AND acked = 1 AND (
                     (chat = ?1 AND sender LIKE ?2 || ':%') OR (chat = ?3 AND sender LIKE ?4 || ':%')))
                   OR EXISTS(SELECT 1 FROM history_chats WHERE owner = ?5 AND chat = ?3)";
        let (mine, theirs) = (me.jid().to_string(), other.jid().to_string());
        let (a, b) = (me.to_string(), other.to_string());
        Ok(self
            .db()
            .query_row(sql, rusqlite::params![mine, b, theirs, a, me.row()], |r| {
                r.get(0)
            })?)
    }
}
