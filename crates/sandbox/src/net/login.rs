//! The first stanza of a connection: pairing refs for a stranger, `<success>` for a linked device,
//! `<failure>` for everybody else.
//!
//! A device has one socket. When it logs in again while the older one stands, the older one is told
//! `replaced`; whether that was an overlap (the client opened a second socket without closing the
//! first) is the ledger's business, so the older one gets a moment to be found closed.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use wacore_binary::{Node, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{
    conn::{Conn, End},
    online::{ConnId, Out},
};
use crate::{
    faults::FaultKind,
    ids::{DeviceAddr, Phone},
    ledger::Violation,
    node::SERVER,
    phone::pairing,
    world::{Sim, device::Device},
};

/// How long an older socket may take to be seen closed by its own actor.
const SETTLE: Duration = Duration::from_millis(500);

/// Some(end): the connection is refused and over.
pub(super) async fn begin(
    c: &mut Conn,
    noise: [u8; 32],
    p: &wa::ClientPayload,
) -> Result<Option<End>> {
    let known = c.sim.act(|w| w.device_by_noise(&noise))?;
    let phone = known.as_ref().map(|d| d.addr.phone).or_else(|| username(p));
    if let Some(f) = c.sim.faults.strike(FaultKind::ConnectFailure, phone) {
        return refuse(c, &f.code).await;
    }
    if let Some(f) = c.sim.faults.strike(FaultKind::Ban, phone) {
        let ban = NodeBuilder::new("failure")
            .attr("reason", "402")
            .attr("code", "101")
            .attr("expire", f.ms / 1000);
        c.write(&ban.attr("location", "sandbox").build()).await?;
        return Ok(Some(End::Close));
    }
    if p.device_pairing_data.is_set() {
        c.sim.pairing.opened(c.id, p);
        let id = c.sim.act(|w| anyhow::Ok(w.stanza_id()))?;
        let refs = c.sim.pairing.issue_refs(c.id, c.sim.clock.now_ms());
        c.write(&pairing::pair_device(&id, &refs)).await?;
        return Ok(None);
    }
    // Linked, and naming itself rightly: anything else is a stranger.
    let fits = |d: &Device| {
        d.adv.is_some()
            && username(p) == Some(d.addr.phone)
            && p.device == Some(u32::from(d.addr.n))
    };
    let Some(d) = known.filter(fits).map(|d| d.addr) else {
        return refuse(c, "401").await;
    };
    c.device = Some(d);
    settle(c, d).await?;
    let success = c.sim.act(|w| {
        w.connected(d, c.id)?;
        w.success(d)
    })?;
    c.write(&success).await?;
    if p.passive == Some(false) {
        c.activate().await?;
    }
    Ok(None)
}

fn username(p: &wa::ClientPayload) -> Option<Phone> {
    p.username.and_then(|u| u.to_string().parse().ok())
}

async fn refuse(c: &mut Conn, code: &str) -> Result<Option<End>> {
    c.write(
        &NodeBuilder::new("failure")
            .attr("reason", code)
            .attr("location", "sandbox")
            .build(),
    )
    .await?;
    Ok(Some(End::Close))
}

/// Takes the device's place; an older socket that still stands is an overlap and is replaced.
async fn settle(c: &Conn, d: DeviceAddr) -> Result<()> {
    let Some(old) = c.sim.online.bind(d, c.id) else {
        return Ok(());
    };
    let excused = c.sim.online.is_forgiven(old);
    if !excused && c.sim.online.closes_within(old, SETTLE).await {
        return Ok(());
    }
    if !excused {
        c.sim.act(|w| {
            w.violation(
                Violation::Overlap,
                d,
                "a second log-in while the earlier socket stood".into(),
            )
        })?;
    }
    c.sim.online.to_conn(old, Out::Last(replaced()));
    Ok(())
}

pub fn replaced() -> Node {
    NodeBuilder::new("stream:error")
        .children([NodeBuilder::new("conflict")
            .attr("type", "replaced")
            .build()])
        .build()
}

/// Bookkeeping when a connection is over.
pub(super) fn ended(sim: &Arc<Sim>, id: ConnId, d: Option<DeviceAddr>, why: &str) {
    sim.pairing.closed(id);
    sim.link_codes.closed(id);
    sim.passkeys.closed(id);
    if d.is_some()
        && let Err(e) = sim.act(|w| w.disconnected(id, why))
    {
        tracing::warn!(target: "sandbox", "ledger: {e:#}");
    }
}

impl crate::world::World<'_> {
    fn success(&self, d: DeviceAddr) -> Result<Node> {
        let mut b = NodeBuilder::new("success")
            .attr("t", self.now())
            .attr("props", "1")
            .attr("location", "sandbox");
        if let Some(a) = self.account(d.phone)? {
            b = b
                .attr("lid", a.lid_jid().with_device(d.n))
                .attr("display_name", a.name.as_str())
                .attr("creation", a.created_at);
        }
        Ok(b.build())
    }

    /// `<ib><offline_preview/></ib>`: what waits, by class. None: nothing does.
    pub(super) fn offline_preview(&self, d: DeviceAddr) -> Result<Option<Node>> {
        let n = self.waiting_by_class(d)?;
        let of = |class: &str| n.iter().find(|(c, _)| c == class).map_or(0, |(_, n)| *n);
        let all: u32 = n.iter().map(|(_, n)| n).sum();
        if all == 0 {
            return Ok(None);
        }
        let p = NodeBuilder::new("offline_preview")
            .attr("count", all)
            .attr("message", of("message"))
            .attr("receipt", of("receipt"))
            .attr("notification", of("notification"))
            .attr("call", of("call"))
            .attr("appdata", 0);
        Ok(Some(
            NodeBuilder::new("ib")
                .attr("from", SERVER)
                .children([p.build()])
                .build(),
        ))
    }
}
