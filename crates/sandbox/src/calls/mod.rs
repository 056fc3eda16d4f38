//! Calls: an offer that rings on every companion of the callee, its end, and the callee's refusal.
//!
//! No media flows and nobody answers. A caller who gives up sends `terminate` (the companions show a missed call);
//! a companion that declines sends `reject`, which the caller sees, and the callee's other companions are told
//! that it was declined elsewhere.
//!
//! Sources: whatsmeow `call.go`, wacore `stanza/call.rs`.

use anyhow::{Context, Result, bail};
use rusqlite::{OptionalExtension, params};
use serde_json::json;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};

use crate::{
    ids::{DeviceAddr, Phone},
    ledger::Violation,
    node::{attr, jid_attr, opt_attr},
    seen::Before,
    stanza::Done,
    world::{World, account::Account},
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS calls(
  id TEXT PRIMARY KEY, caller INTEGER NOT NULL, callee INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;";

const RINGING: &str = "ringing";

impl World<'_> {
    /// A call offer; returns the call's id.
    pub fn person_calls(&mut self, me: &Account, to: &Account, video: bool) -> Result<String> {
        let id = format!("{:032X}", rand::random::<u128>());
        let codec = NodeBuilder::new("audio")
            .attr("enc", "opus")
            .attr("rate", "16000")
            .build();
        let mut kids = vec![codec];
        if video {
            kids.push(
                NodeBuilder::new("video")
                    .attr("enc", "vp8")
                    .attr("dec", "vp8")
                    .build(),
            );
        }
        let offer = NodeBuilder::new("offer")
            .attr("call-id", id.as_str())
            .attr("call-creator", me.wire_jid())
            .children(kids)
            .build();
        self.db().execute(
            "INSERT INTO calls(id, caller, callee, state) VALUES(?1,?2,?3,?4)",
            params![id, me.phone.row(), to.phone.row(), RINGING],
        )?;
        self.call_stanza(me, to, None, offer)?;
        Ok(id)
    }

    /// The caller hangs up. False: that call does not ring (any more).
    pub fn person_hangs_up(&mut self, me: &Account, to: &Account, call: &str) -> Result<bool> {
        if !self.end_call(call, (me.phone, to.phone), "ended")? {
            return Ok(false);
        }
        let end = ended(me, call, "timeout");
        self.call_stanza(me, to, None, end)?;
        Ok(true)
    }

    fn end_call(
        &mut self,
        call: &str,
        (caller, callee): (Phone, Phone),
        how: &str,
    ) -> Result<bool> {
        let n = self.db().execute(
            "UPDATE calls SET state = ?4 WHERE id = ?1 AND caller = ?2 AND callee = ?3 AND state = ?5",
            params![call, caller.row(), callee.row(), how, RINGING],
        )?;
        Ok(n > 0)
    }

    /// To the companions of the callee.
    fn call_stanza(
        &mut self,
        me: &Account,
        to: &Account,
        except: Option<DeviceAddr>,
        what: Node,
    ) -> Result<()> {
        let mut b = NodeBuilder::new("call")
            .attr("from", me.wire_jid())
            .attr("id", self.stanza_id())
            .attr("t", self.now())
            .attr("notify", me.name.as_str())
            .attr("platform", "android")
            .attr("version", "2.26.1.1");
        if me.lid_migrated {
            b = b.attr("sender_pn", me.pn_jid());
        }
        self.deliver_to_companions(to.phone, except, &b.children([what]).build())
    }
}

fn ended(caller: &Account, call: &str, reason: &'static str) -> Node {
    NodeBuilder::new("terminate")
        .attr("call-id", call)
        .attr("call-creator", caller.wire_jid())
        .attr("reason", reason)
        .build()
}

/// `<call to><reject call-id call-creator/></call>`; the network knows nothing else from clients here.
pub fn from_client(w: &mut World<'_>, d: DeviceAddr, n: &NodeRef<'_>) -> Result<Done> {
    let id = attr(n, "id");
    if id.is_empty() {
        bail!("a call stanza without id");
    }
    let to = jid_attr(n, "to").context("a call to nobody")?;
    let what = n
        .children()
        .unwrap_or_default()
        .first()
        .context("an empty call stanza")?;
    if what.tag.as_ref() != "reject" {
        bail!("<call><{}>: no companion calls or answers here", what.tag);
    }
    let call = attr(what, "call-id");
    let caller = w.account_of(&to.to_non_ad())?.context("a call to nobody")?;
    let creator = jid_attr(what, "call-creator").context("a reject without call-creator")?;
    if w.account_of(&creator.to_non_ad())?.map(|a| a.phone) != Some(caller.phone) {
        bail!("a reject of a call that {to} did not make");
    }
    let known: Option<String> = w
        .db()
        .query_row(
            "SELECT state FROM calls WHERE id = ?1 AND caller = ?2 AND callee = ?3",
            params![call, caller.phone.row(), d.phone.row()],
            |r| r.get(0),
        )
        .optional()?;
    match known {
        None => {
            let what = format!("a reject of call {call}, which never rang here");
            w.violation(Violation::Protocol, d, what)?;
        }
        Some(_) => declined(w, d, &caller, &call, opt_attr(what, "reason"))?,
    }
    let ack = NodeBuilder::new("ack")
        .attr("class", "call")
        .attr("type", "reject")
        .attr("id", id)
        .attr("from", to);
    Ok(Done::reply(ack.build()))
}

/// `reason="busy"` speaks of one device: the others go on ringing.
fn declined(
    w: &mut World<'_>,
    d: DeviceAddr,
    caller: &Account,
    call: &str,
    reason: Option<String>,
) -> Result<()> {
    if reason.is_some() {
        w.note(d, format!("{d} cannot take call {call}: {reason:?}"));
        return Ok(());
    }
    if !w.end_call(call, (caller.phone, d.phone), "rejected")? {
        return Ok(());
    }
    let event = json!({"type": "call", "callId": call, "state": "rejected"});
    w.record_seen(&Before::Person(caller.phone), d.phone, &event)?;
    let me = w.account(d.phone)?.context("the callee's account")?;
    let elsewhere = ended(caller, call, "rejected_elsewhere");
    w.call_stanza(caller, &me, Some(d), elsewhere)
}
