//! What the followers of a channel hear.
//!
//! A post reaches every companion of owner and followers as `<message from=channel>` and every phone as a line of
//! its inbox. An edit or revocation travels the same way, with `edit`; reactions only as a live update.

use anyhow::Result;
use buffa::Message as _;
use rusqlite::params;
use serde_json::Value;
use wacore_binary::{Node, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::store::{Channel, Post};
use crate::{
    ids::{DeviceAddr, Phone},
    node::leaf,
    people::{
        attached,
        content::{self, Content},
        detail,
        inbox::Line,
    },
    world::World,
};

impl World<'_> {
    /// `by`: the device that posted, which knows already, and the row of the ledger.
    pub fn tell_post(
        &mut self,
        c: &Channel,
        p: &Post,
        msg: &wa::Message,
        by: Option<(DeviceAddr, i64)>,
    ) -> Result<()> {
        for who in self.readers(c)? {
            self.show_post(who, c, p, msg)?;
            for d in self.ready_devices(who)? {
                if Some(d.addr) == by.map(|b| b.0) {
                    continue;
                }
                if let Some((_, ledger)) = by {
                    self.record_delivery(ledger, d.addr)?;
                }
                let n = post_stanza(c, p, self.now(), None);
                self.deliver(d.addr, &n)?;
            }
        }
        Ok(())
    }

    /// A post as it is now: edited, or gone.
    pub fn tell_change(
        &mut self,
        c: &Channel,
        server_id: i64,
        by: Option<DeviceAddr>,
    ) -> Result<()> {
        let Some(p) = self.post(&c.jid, server_id)? else {
            return Ok(());
        };
        let edit = if p.body.is_some() { "3" } else { "8" };
        let new = p
            .body
            .as_deref()
            .map(wa::Message::decode_from_slice)
            .transpose()?;
        for who in self.readers(c)? {
            if let Some(line) = self.shown(who, &c.jid, &p.id)? {
                match &new {
                    Some(m) => self.edit_shown(line.seq, content::text(m).unwrap_or_default())?,
                    None => self.delete_shown(line.seq)?,
                }
            }
            for d in self.ready_devices(who)? {
                if Some(d.addr) != by {
                    let n = post_stanza(c, &p, self.now(), Some(edit));
                    self.deliver(d.addr, &n)?;
                }
            }
        }
        self.tell_reactions(c, server_id)
    }

    /// To those who asked for live updates and whose time is not over.
    pub fn tell_reactions(&mut self, c: &Channel, server_id: i64) -> Result<()> {
        let Some(p) = self.post(&c.jid, server_id)? else {
            return Ok(());
        };
        let watching: Vec<DeviceAddr> = {
            let mut q = self.db().prepare_cached(
                "SELECT phone, n FROM channel_live WHERE jid = ?1 AND until > ?2",
            )?;
            let rows = q.query_map(params![c.jid, self.now()], |r| {
                Ok(Phone::from_row(r.get(0)?).device(r.get(1)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        for d in watching {
            let messages = NodeBuilder::new("messages")
                .attr("jid", c.jid.as_str())
                .attr("t", self.now())
                .children([self.post_node(c, &p)?]);
            let n = NodeBuilder::new("notification")
                .attr("from", c.jid.as_str())
                .attr("type", "newsletter")
                .attr("id", self.stanza_id())
                .attr("t", self.now())
                .children([NodeBuilder::new("live_updates")
                    .children([messages.build()])
                    .build()]);
            self.deliver(d, &n.build())?;
        }
        Ok(())
    }

    fn readers(&self, c: &Channel) -> Result<Vec<Phone>> {
        let mut out = self.followers(&c.jid)?;
        out.push(c.owner);
        Ok(out)
    }

    /// The channel is both chat and sender.
    fn show_post(&mut self, who: Phone, c: &Channel, p: &Post, msg: &wa::Message) -> Result<()> {
        let Content::Shown(s) = content::of(msg) else {
            return Ok(());
        };
        let file: Option<Value> = attached::of(s.inner).map(|a| a.shown(false, None));
        let line = Line {
            id: &p.id,
            from: &c.jid,
            chat: &c.jid,
            kind: s.kind,
            body: &s.body,
            media: file.as_ref(),
            detail: &detail::of(&s),
            message: msg,
        };
        self.show(who, &line).map(drop)
    }
}

fn post_stanza(c: &Channel, p: &Post, now: i64, edit: Option<&'static str>) -> Node {
    let mut b = NodeBuilder::new("message")
        .attr("from", c.jid.as_str())
        .attr("id", p.id.as_str())
        .attr("server_id", p.server_id)
        .attr("t", if edit.is_some() { now } else { p.at })
        .attr("type", p.kind.as_str());
    if let Some(e) = edit {
        b = b.attr("edit", e);
    }
    let body = p.body.as_deref().unwrap_or_default();
    b.children([leaf("plaintext", body)]).build()
}
