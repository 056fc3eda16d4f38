//! What a client sends, by tag. Each kind of stanza has its file; IQs have `crate::iq`.
//!
//! A stanza is one transaction. Its answer is built inside it and written after the commit; when the
//! transaction fails nothing of it lasts, the trace says why, and an IQ is answered with an error.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use wacore_binary::{Node, NodeRef};

use crate::{
    ids::DeviceAddr,
    iq::{self, BAD_REQUEST, Caller, IqError},
    ledger::Violation,
    node::attr,
    phone::pairing,
    world::{Sim, World},
};

mod ack;
mod chatstate;
mod ib;
pub mod message;
pub mod receipt;

pub use chatstate::state_name;

/// What a handled stanza leads to.
#[derive(Default)]
pub struct Done {
    pub replies: Vec<Node>,
    pub after: After,
}

#[derive(Default)]
pub enum After {
    #[default]
    Nothing,
    /// Send what waits, and from now on what comes.
    Activate,
    Deactivate,
    Close,
}

impl Done {
    pub fn reply(n: Node) -> Self {
        Self {
            replies: vec![n],
            after: After::Nothing,
        }
    }
}

/// Handles one stanza of a client.
pub fn handle(sim: &Arc<Sim>, c: &Caller, n: &NodeRef<'_>) -> Done {
    let out = if n.tag.as_ref() == "iq" {
        iq_stanza(sim, c, n)
    } else {
        sim.act(|w| other(w, c, n))
    };
    out.unwrap_or_else(|e| {
        wrong(sim, c, &format!("<{}>: {e:#}", n.tag));
        Done::default()
    })
}

/// A violation outside any transaction (its own was rolled back).
fn wrong(sim: &Arc<Sim>, c: &Caller, what: &str) {
    let told = match c.device {
        Some(d) => sim.act(|w| w.violation(Violation::Protocol, d, what.to_owned())),
        None => {
            sim.trace
                .add(sim.clock.now_ms(), None, "error", what.to_owned());
            Ok(())
        }
    };
    if let Err(e) = told {
        tracing::error!(target: "sandbox", "violation not recorded: {e:#}");
    }
}

fn iq_stanza(sim: &Arc<Sim>, c: &Caller, n: &NodeRef<'_>) -> Result<Done> {
    match attr(n, "type").as_str() {
        "result" | "error" => {
            return sim
                .act(|w| pairing::answer(w, c, n))
                .map(|()| Done::default());
        }
        _ => {}
    }
    match sim.act(|w| iq::dispatch(w, c, n)) {
        Ok(reply) => Ok(Done {
            replies: reply.into_iter().collect(),
            after: activation(n),
        }),
        Err(IqError::Refused(r)) => {
            sim.trace.add(
                sim.clock.now_ms(),
                c.device,
                "note",
                format!("refused {}: {r}", iq::summary(n)),
            );
            Ok(Done::reply(iq::refusal(n, r)))
        }
        Err(IqError::Malformed(e)) => {
            wrong(sim, c, &format!("iq {}: {e:#}", iq::summary(n)));
            Ok(Done::reply(iq::refusal(n, BAD_REQUEST)))
        }
    }
}

/// `passive` steers the connection itself, so the actor must know.
fn activation(n: &NodeRef<'_>) -> After {
    if attr(n, "xmlns") != "passive" {
        After::Nothing
    } else if n.get_optional_child("active").is_some() {
        After::Activate
    } else {
        After::Deactivate
    }
}

fn other(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> Result<Done> {
    // The one hint a stranger gives: its session id, before the 515.
    if n.tag.as_ref() == "ib" {
        return ib::from_client(n);
    }
    // A stranger is sent notifications of the phone that links it: its half of a pairing code, of a passkey.
    if c.device.is_none() && n.tag.as_ref() == "ack" && attr(n, "class") == "notification" {
        return Ok(Done::default());
    }
    let d: DeviceAddr = c.device.ok_or_else(|| anyhow!("not paired"))?;
    match n.tag.as_ref() {
        "message" => message::from_client(w, d, c.conn, n),
        "receipt" => receipt::from_client(w, d, n),
        "ack" => ack::from_client(w, d, n),
        "call" => crate::calls::from_client(w, d, n),
        "presence" => chatstate::presence(w, d, n),
        "chatstate" => chatstate::chatstate(w, d, n),
        "xmlstreamend" => Ok(Done {
            replies: Vec::new(),
            after: After::Close,
        }),
        t => Err(anyhow!("a stanza <{t}> the network does not know")),
    }
}
