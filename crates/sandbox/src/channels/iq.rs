//! `newsletter`: the posts of the past, and live updates for a while.

use anyhow::Context;
use rusqlite::params;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};

use super::store::{Channel, Post};
use crate::{
    iq::{Caller, IqError, IqResult, Kind, NOT_FOUND, Reply, Route},
    node::{attr, leaf, opt_attr},
    world::World,
};

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "newsletter",
        kind: Kind::Get,
        child: "messages",
        handler: messages,
    },
    Route {
        xmlns: "newsletter",
        kind: Kind::Set,
        child: "live_updates",
        handler: live_updates,
    },
];

/// How long live updates come, in seconds.
const LIVE_SECS: i64 = 300;
/// The most posts in one answer.
const MOST: u32 = 300;

fn channel(w: &World<'_>, iq: &NodeRef<'_>) -> Result<Channel, IqError> {
    w.channel(&attr(iq, "to"))?.ok_or_else(|| NOT_FOUND.into())
}

fn messages(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let channel = channel(w, iq)?;
    let asked = iq.get_optional_child("messages").context("<messages>")?;
    let count: u32 = attr(asked, "count").parse().context("count")?;
    let before = opt_attr(asked, "before")
        .map(|b| b.parse::<i64>())
        .transpose()
        .context("before")?;
    let mut kids = Vec::new();
    for p in w.posts(&channel.jid, before, count.min(MOST))? {
        let mut n = w.post_node(&channel, &p)?;
        if channel.owner == me {
            n.attrs.push("is_sender", "true");
        }
        kids.push(n);
    }
    let out = NodeBuilder::new("messages")
        .attr("jid", channel.jid)
        .attr("t", w.now());
    Reply::one(out.children(kids).build())
}

fn live_updates(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let d = c.device()?;
    let channel = channel(w, iq)?;
    w.db()
        .execute(
            "INSERT OR REPLACE INTO channel_live(jid, phone, n, until) VALUES(?1,?2,?3,?4)",
            params![channel.jid, d.phone.row(), d.n, w.now() + LIVE_SECS],
        )
        .map_err(anyhow::Error::from)?;
    Reply::one(
        NodeBuilder::new("live_updates")
            .attr("duration", LIVE_SECS)
            .build(),
    )
}

impl World<'_> {
    /// `<message id server_id t type><plaintext/><reactions/></message>`; a post that was taken back has no text.
    pub fn post_node(&self, c: &Channel, p: &Post) -> anyhow::Result<Node> {
        let mut kids = Vec::new();
        if let Some(b) = &p.body {
            kids.push(leaf("plaintext", b.as_slice()));
        }
        let counts = self.post_reactions(&c.jid, p.server_id)?;
        if !counts.is_empty() {
            let each = counts.into_iter().map(|(code, n)| {
                NodeBuilder::new("reaction")
                    .attr("code", code)
                    .attr("count", n)
                    .build()
            });
            kids.push(NodeBuilder::new("reactions").children(each).build());
        }
        Ok(NodeBuilder::new("message")
            .attr("id", p.id.as_str())
            .attr("server_id", p.server_id)
            .attr("t", p.at)
            .attr("type", p.kind.as_str())
            .children(kids)
            .build())
    }
}
