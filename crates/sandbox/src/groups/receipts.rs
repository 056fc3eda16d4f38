//! Receipts of group messages on their way to the author: delivered, read, or asked for again.

use anyhow::{Context, Result};
use buffa::Message as _;
use rusqlite::{OptionalExtension, params};
use wacore_binary::{Jid, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{
    model::View,
    outbound::{Frame, with_sender_key},
};
use crate::{
    ids::{DeviceAddr, Phone},
    node::{attr, jid_attr},
    people::cover,
    world::World,
};

/// A message as its writer remembers it.
struct Written {
    hide_number: bool,
    body: Vec<u8>,
}

impl World<'_> {
    /// A companion could not read a message of a group: its writer sends it again to that device alone, pairwise,
    /// with the sender key; a writing companion is asked itself.
    pub fn group_retry_asked(
        &mut self,
        asker: DeviceAddr,
        n: &NodeRef<'_>,
        id: &str,
    ) -> Result<()> {
        let author =
            jid_attr(n, "participant").context("a retry receipt to a group without participant")?;
        let Some(author) = self.resolve(&author)? else {
            return Ok(());
        };
        let gid = attr(n, "to");
        if !author.is_phone() {
            return self.pass_group_receipt(asker, author, &gid, n);
        }
        let count: u32 = n
            .get_optional_child("retry")
            .map(|r| attr(r, "count"))
            .and_then(|c| c.parse().ok())
            .unwrap_or(1);
        self.note(
            asker,
            format!(
                "{asker} asks {} for {id} of {gid} again, time {count}",
                author.phone
            ),
        );
        if count > 5 {
            return Ok(());
        }
        let Some(written) = self.group_written(author.phone, id, &gid)? else {
            return Ok(());
        };
        let (Some(from), Some(group)) = (self.account(author.phone)?, self.group(&gid)?) else {
            return Ok(());
        };
        let Some(who) = self.identity(&gid, author.phone)? else {
            return Ok(());
        };
        self.forget_session(author.phone, asker)?;
        let told = self.sender_key_distribution(author.phone, &gid)?;
        let msg = wa::Message::decode_from_slice(&written.body)?;
        let cover = cover::proper(&msg);
        let mut enc = self.encrypt(author.phone, asker, &with_sender_key(msg, &gid, &told))?;
        cover.mark(&mut enc);
        enc.attrs.push("count", count);
        self.note_sender_key_told(author.phone, &gid, asker)?;
        let view = View {
            group: &group,
            viewer: asker.phone,
        };
        let frame = Frame {
            view,
            who: &who,
            device: 0,
            name: &from.name,
            hide_number: written.hide_number,
        };
        let mut b = frame.message(id, cover.kind, self.now());
        if let Some(edit) = cover.edit {
            b = b.attr("edit", edit);
        }
        let kids = cover.meta().into_iter().chain([enc]);
        self.deliver(asker, &b.children(kids).build())
    }

    fn group_written(&self, phone: Phone, id: &str, gid: &str) -> Result<Option<Written>> {
        let mut q = self.db().prepare_cached(
            "SELECT hide, body FROM group_written WHERE phone = ?1 AND id = ?2 AND gid = ?3",
        )?;
        Ok(q.query_row(params![phone.row(), id, gid], |r| {
            Ok(Written {
                hide_number: r.get(0)?,
                body: r.get(1)?,
            })
        })
        .optional()?)
    }

    /// Hands a receipt on to a device of the author, as coming from the group.
    pub fn pass_group_receipt(
        &mut self,
        by: DeviceAddr,
        to: DeviceAddr,
        gid: &str,
        n: &NodeRef<'_>,
    ) -> Result<()> {
        let (Some(group), Some(who)) = (self.group(gid)?, self.identity(gid, by.phone)?) else {
            return Ok(());
        };
        let view = View {
            group: &group,
            viewer: to.phone,
        };
        let mut b = NodeBuilder::new("receipt")
            .attr("from", group.jid())
            .attr("participant", view.jid(&who).with_device(by.n))
            .attr("id", attr(n, "id"))
            .attr("t", self.now());
        let kind = attr(n, "type");
        if !kind.is_empty() {
            b = b.attr("type", kind);
        }
        let node = b
            .children(
                n.children()
                    .unwrap_or_default()
                    .iter()
                    .map(|c| c.to_owned())
                    .collect::<Vec<_>>(),
            )
            .build();
        self.deliver(to, &node)
    }

    /// A delivery or read receipt of a group's message: to every companion of its author, or, for what only the
    /// reader's other devices should know, to those.
    pub fn group_receipt(&mut self, by: DeviceAddr, n: &NodeRef<'_>, kind: &str) -> Result<()> {
        let author: Option<Jid> = jid_attr(n, "participant");
        let whose = match author
            .map(|a| self.account_of(&a.to_non_ad()))
            .transpose()?
            .flatten()
        {
            _ if kind.ends_with("-self") => by.phone,
            Some(a) => a.phone,
            None => return Ok(()),
        };
        for d in self.devices(whose)? {
            if d.addr != by {
                self.pass_group_receipt(by, d.addr, &attr(n, "to"), n)?;
            }
        }
        Ok(())
    }

    /// A scripted member has read (or received, or played) messages of one author: a receipt to the author's
    /// companions. `kind` is empty for a delivery.
    pub fn person_read_in_group(
        &mut self,
        me: Phone,
        gid: &str,
        author: Phone,
        ids: &[String],
        kind: &str,
    ) -> Result<()> {
        let (first, rest) = ids.split_first().context("no message ids")?;
        for id in ids {
            self.record_receipt(id, me.device(0), kind)?;
        }
        let group = self.group(gid)?.context("no such group")?;
        let who = self.group_member(gid, me)?.context("not a member")?.who;
        let view = View {
            group: &group,
            viewer: author,
        };
        let mut b = NodeBuilder::new("receipt")
            .attr("from", group.jid())
            .attr("participant", view.jid(&who))
            .attr("id", first.as_str())
            .attr("t", self.now());
        if !kind.is_empty() {
            b = b.attr("type", kind);
        }
        if !rest.is_empty() {
            let items = rest
                .iter()
                .map(|id| NodeBuilder::new("item").attr("id", id.as_str()).build());
            b = b.children([NodeBuilder::new("list")
                .children(items.collect::<Vec<_>>())
                .build()]);
        }
        self.deliver_to_companions(author, None, &b.build())
    }
}
