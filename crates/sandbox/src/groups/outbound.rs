//! A person writes to a group: one `skmsg` for all, and beside it, for each companion that lacks the person's sender
//! key, the key inside a pairwise message.
//!
//! Companions of the writer's own account get the same stanza; other people's phones simply see the text.

use anyhow::{Context, Result};
use buffa::Message as _;
use rusqlite::{OptionalExtension, params};
use wacore::messages::MessageUtils;
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::model::{Group, Identity, View};
use crate::{
    ids::{DeviceAddr, Phone},
    iq::{FORBIDDEN, IqError},
    ledger::Sent,
    net::online::ConnId,
    node::{attr, jid_attr},
    people::{
        content,
        write::{Writing, message_id},
    },
    world::{World, account::Account},
};

/// What people wrote to groups, to be encrypted again when a companion asks.
pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS group_written(
  phone INTEGER NOT NULL, id TEXT NOT NULL, gid TEXT NOT NULL, kind TEXT NOT NULL, hide INTEGER NOT NULL, edit TEXT,
  body BLOB NOT NULL, PRIMARY KEY(phone, id)) WITHOUT ROWID;";

/// The stanza's frame around a message of a group: who wrote it, as one viewer sees them.
pub struct Frame<'a> {
    pub view: View<'a>,
    pub who: &'a Identity,
    pub device: u16,
    pub name: &'a str,
    pub hide_number: bool,
}

/// A message as its writer remembers it.
struct Written {
    kind: String,
    hide_number: bool,
    edit: Option<String>,
    body: Vec<u8>,
}

impl Frame<'_> {
    /// `<message from=group participant participant_pn|participant_lid addressing_mode id type t notify>`
    pub fn message(&self, id: &str, kind: &str, t: i64) -> NodeBuilder {
        let b = NodeBuilder::new("message")
            .attr("from", self.view.group.jid())
            .attr(
                "participant",
                self.view.jid(self.who).with_device(self.device),
            )
            .attr("addressing_mode", super::nodes::mode(self.view.group))
            .attr("id", id)
            .attr("type", kind)
            .attr("t", t)
            .attr("notify", self.name);
        match self.view.other(self.who) {
            Some(pn) if self.view.group.by_lid && !self.hide_number => b.attr("participant_pn", pn),
            Some(lid) if !self.view.group.by_lid => b.attr("participant_lid", lid),
            _ => b,
        }
    }
}

impl World<'_> {
    /// A message from a person to a group; returns its id.
    pub fn person_writes_to_group(
        &mut self,
        from: &Account,
        gid: &str,
        what: &Writing<'_>,
    ) -> Result<String, IqError> {
        let (group, member) = self.group_for(gid, from.phone)?;
        if group.announce && !member.role.is_admin() {
            return Err(FORBIDDEN.into());
        }
        let id = message_id();
        let sender = from.pn_jid().to_string();
        let sent = self.record_sent(&Sent {
            id: &id,
            from: from.phone.device(0),
            chat: gid,
            to: gid,
            conn: ConnId(0),
            peer: false,
        })?;
        if let Some(c) = content::of(what.msg) {
            self.record_body(sent, &c.body)?;
        }
        for m in self.group_members(gid)? {
            self.absorb(m.who.phone, &sender, gid, &id, what.msg)?;
        }
        self.keep_group_written(from.phone, &id, gid, what)?;

        let devices: Vec<DeviceAddr> = self.ready_companions(gid)?;
        let told = self.sender_key_distribution(from.phone, gid)?;
        let mut pairwise = Vec::new();
        for d in &devices {
            pairwise.push(self.sender_key_for(from.phone, gid, *d, &told)?);
        }
        let skmsg = self.group_encrypt(from.phone, gid, &MessageUtils::encode_and_pad(what.msg))?;
        let skmsg = NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "skmsg")
            .bytes(skmsg)
            .build();
        for (d, key) in devices.into_iter().zip(pairwise) {
            let n = self.group_stanza(
                &group,
                &member.who,
                from,
                d,
                &id,
                what,
                key.into_iter().chain([skmsg.clone()]).collect(),
            );
            self.record_delivery(sent, d)?;
            self.deliver(d, &n)?;
        }
        self.record_acked(sent)?;
        Ok(id)
    }

    /// Companions in a group that uploaded keys: nobody can write to the others yet.
    fn ready_companions(&self, gid: &str) -> Result<Vec<DeviceAddr>> {
        let mut out = Vec::new();
        for d in self.group_companions(gid)? {
            if self.device(d)?.is_some_and(|x| x.keys.is_some()) {
                out.push(d);
            } else {
                self.note(
                    d,
                    format!("{d} has no keys yet and misses a message of {gid}"),
                );
            }
        }
        Ok(out)
    }

    /// The `<enc>` that tells `to` the sender key, unless it was told before.
    fn sender_key_for(
        &mut self,
        from: Phone,
        gid: &str,
        to: DeviceAddr,
        told: &[u8],
    ) -> Result<Option<Node>> {
        if self.was_told_sender_key(from, gid, to)? {
            return Ok(None);
        }
        let enc = self.encrypt(
            from,
            to,
            &with_sender_key(wa::Message::default(), gid, told),
        )?;
        self.note_sender_key_told(from, gid, to)?;
        Ok(Some(enc))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a stanza's parts, each a name of its own"
    )]
    fn group_stanza(
        &self,
        group: &Group,
        who: &Identity,
        from: &Account,
        to: DeviceAddr,
        id: &str,
        what: &Writing<'_>,
        encs: Vec<Node>,
    ) -> Node {
        let view = View {
            group,
            viewer: to.phone,
        };
        let frame = Frame {
            view,
            who,
            device: 0,
            name: &from.name,
            hide_number: what.hide_number,
        };
        let mut b = frame.message(id, what.kind, self.now());
        if let Some(edit) = what.edit {
            b = b.attr("edit", edit);
        }
        b.children(encs).build()
    }

    fn keep_group_written(
        &mut self,
        from: Phone,
        id: &str,
        gid: &str,
        what: &Writing<'_>,
    ) -> Result<()> {
        self.db().execute(
            "INSERT INTO group_written(phone, id, gid, kind, hide, edit, body) VALUES(?1,?2,?3,?4,?5,?6,?7)",
            params![from.row(), id, gid, what.kind, what.hide_number, what.edit, what.msg.encode_to_vec()],
        )?;
        Ok(())
    }

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
        let msg = with_sender_key(wa::Message::decode_from_slice(&written.body)?, &gid, &told);
        let mut enc = self.encrypt(author.phone, asker, &msg)?;
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
        let mut b = frame.message(id, &written.kind, self.now());
        if let Some(edit) = written.edit {
            b = b.attr("edit", edit);
        }
        self.deliver(asker, &b.children([enc]).build())
    }

    fn group_written(&self, phone: Phone, id: &str, gid: &str) -> Result<Option<Written>> {
        let mut q = self.db().prepare_cached("SELECT kind, hide, edit, body FROM group_written WHERE phone = ?1 AND id = ?2 AND gid = ?3")?;
        Ok(q.query_row(params![phone.row(), id, gid], |r| {
            Ok(Written {
                kind: r.get(0)?,
                hide_number: r.get(1)?,
                edit: r.get(2)?,
                body: r.get(3)?,
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
}

/// The message with the sender key a reader needs for the next ones.
fn with_sender_key(mut msg: wa::Message, gid: &str, told: &[u8]) -> wa::Message {
    msg.sender_key_distribution_message =
        buffa::MessageField::some(wa::message::SenderKeyDistributionMessage {
            group_id: Some(gid.to_owned()),
            axolotl_sender_key_distribution_message: Some(told.to_vec()),
        });
    msg
}
