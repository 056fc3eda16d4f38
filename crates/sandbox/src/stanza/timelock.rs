//! The fault `timelock`: the account may write to nobody new until a time, and is told 463 when it does.
//!
//! New is a person with whom nothing was ever exchanged; chats that exist go on, as with the real server. The client
//! may ask how long it lasts (`w:mex`, the query of WhatsApp Web). The end is told in whole seconds, so it is rounded
//! up.

use anyhow::Result;
use rusqlite::params;
use serde_json::{Value, json};
use wacore_binary::{NodeRef, builder::NodeBuilder};

use crate::{
    faults::{Fault, FaultKind},
    ids::Phone,
    iq::{BAD_REQUEST, Caller, IqResult, Kind, NOT_FOUND, Reply, Route},
    node::attr,
    world::{World, account::Account},
};

/// WhatsApp Web's persisted query `WAWebMexFetchReachoutTimelockJobQuery`.
const ASK: &str = "23983697327930364";

pub const ROUTES: &[Route] = &[Route {
    xmlns: "w:mex",
    kind: Kind::Get,
    child: "query",
    handler: state,
}];

/// When a lock armed now for so long ends, in Unix seconds.
pub fn ends(now_ms: i64, ms: u64) -> String {
    let end = now_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
    (end.saturating_add(999) / 1000).to_string()
}

fn holds(f: &Fault, now_ms: i64) -> bool {
    f.code
        .parse::<i64>()
        .is_ok_and(|end| end.saturating_mul(1000) > now_ms)
}

/// Whether this message is refused.
pub fn strikes(w: &World<'_>, me: Phone, target: &Account) -> Result<bool> {
    let now = w.now_ms();
    let fits = |f: &Fault| f.kind == FaultKind::Timelock && holds(f, now);
    if !w.sim.faults.armed().iter().any(fits) || known(w, me, target.phone)? {
        return Ok(false);
    }
    Ok(w.sim
        .faults
        .strike_if(FaultKind::Timelock, Some(me), fits)
        .is_some())
}

/// Something was exchanged between the two, in either direction.
fn known(w: &World<'_>, me: Phone, other: Phone) -> Result<bool> {
    let sql = "SELECT EXISTS(SELECT 1 FROM ledger_messages WHERE peer = 0 AND
            ((sender LIKE ?1 || ':%' AND chat = ?4) OR (sender LIKE ?2 || ':%' AND chat = ?3)))
        OR EXISTS(SELECT 1 FROM inbox WHERE (owner = ?1 AND chat = ?4) OR (owner = ?2 AND chat = ?3))";
    let (mine, theirs) = (me.jid().to_string(), other.jid().to_string());
    Ok(w.db()
        .query_row(sql, params![me.row(), other.row(), mine, theirs], |r| {
            r.get(0)
        })?)
}

fn state(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let phone = c.phone()?;
    let query = iq.get_optional_child("query").ok_or(BAD_REQUEST)?;
    if attr(query, "query_id") != ASK {
        return Err(NOT_FOUND.into());
    }
    let now = w.now_ms();
    let lock = w.sim.faults.armed().into_iter().find(|f| {
        f.kind == FaultKind::Timelock && f.phone.is_none_or(|p| p == phone) && holds(f, now)
    });
    let state = match lock {
        Some(f) => {
            json!({"is_active": true, "time_enforcement_ends": f.code, "enforcement_type": "DEFAULT"})
        }
        None => json!({"is_active": false}),
    };
    Reply::one(answer(
        &json!({"xwa2_fetch_account_reachout_timelock": state}),
    ))
}

fn answer(data: &Value) -> wacore_binary::Node {
    NodeBuilder::new("result")
        .bytes(json!({ "data": data }).to_string().into_bytes())
        .build()
}
