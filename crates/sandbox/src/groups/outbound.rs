//! A person writes to a group: one `skmsg` for all, and beside it, for each companion that lacks the person's sender
//! key, the key inside a pairwise message.
//!
//! Companions of the writer's own account get the same stanza; other people's phones simply see the text.

use anyhow::Result;
use buffa::Message as _;
use rusqlite::params;
use wacore::messages::MessageUtils;
use wacore_binary::{Node, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::model::{Group, Identity, View};
use crate::{
    faults::FaultKind,
    ids::{DeviceAddr, Phone},
    iq::{FORBIDDEN, IqError},
    ledger::Sent,
    net::online::ConnId,
    people::{
        absorb::Place,
        content, cover,
        write::{Writing, message_id, once, spoil},
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
            .attr("t", t);
        let b = if self.name.is_empty() {
            b
        } else {
            b.attr("notify", self.name)
        };
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
        let sent = self.record_sent(&Sent {
            id: &id,
            from: from.phone.device(0),
            chat: gid,
            to: gid,
            conn: ConnId(0),
            peer: false,
        })?;
        if let Some(body) = content::body(what.msg) {
            self.record_body(sent, &body)?;
        }
        let file = self.examine(from.phone.device(0), &id, what.msg, None)?;
        for m in self.group_members(gid)? {
            let place = Place {
                owner: m.who.phone,
                chat: gid,
                from: from.phone.device(0),
                id: &id,
            };
            self.absorb(place, what.msg, file.as_ref())?;
        }
        self.keep_group_written(from.phone, &id, gid, what)?;

        let devices: Vec<DeviceAddr> = self.ready_companions(gid)?;
        let told = self.sender_key_distribution(from.phone, gid)?;
        let mut pairwise = Vec::new();
        for d in &devices {
            pairwise.push(self.sender_key_for(from.phone, gid, *d, &told)?);
        }
        let skmsg = self.group_encrypt(from.phone, gid, &MessageUtils::encode_and_pad(what.msg))?;
        let mut skmsg = NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "skmsg")
            .bytes(skmsg)
            .build();
        let cover = cover::proper(what.msg);
        cover.mark(&mut skmsg);
        for (d, key) in devices.into_iter().zip(pairwise) {
            let mut mine = skmsg.clone();
            let faults = &self.sim.faults;
            if faults
                .strike(FaultKind::BadCiphertext, Some(d.phone))
                .is_some()
            {
                spoil(&mut mine);
            }
            let encs = if cover.view_once {
                key.into_iter().chain([once()]).collect()
            } else {
                key.into_iter().chain([mine]).collect()
            };
            let n = self.group_stanza(&group, &member.who, from, d, &id, what, encs);
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
        let cover = cover::proper(what.msg);
        let mut b = frame.message(id, cover.kind, self.now());
        if let Some(edit) = cover.edit {
            b = b.attr("edit", edit);
        }
        b.children(cover.meta().into_iter().chain(encs)).build()
    }

    fn keep_group_written(
        &mut self,
        from: Phone,
        id: &str,
        gid: &str,
        what: &Writing<'_>,
    ) -> Result<()> {
        let cover = cover::proper(what.msg);
        self.db().execute(
            "INSERT INTO group_written(phone, id, gid, kind, hide, edit, body) VALUES(?1,?2,?3,?4,?5,?6,?7)",
            params![from.row(), id, gid, cover.kind, what.hide_number, cover.edit, what.msg.encode_to_vec()],
        )?;
        Ok(())
    }
}

/// The message with the sender key a reader needs for the next ones.
pub fn with_sender_key(mut msg: wa::Message, gid: &str, told: &[u8]) -> wa::Message {
    msg.sender_key_distribution_message =
        buffa::MessageField::some(wa::message::SenderKeyDistributionMessage {
            group_id: Some(gid.to_owned()),
            axolotl_sender_key_distribution_message: Some(told.to_vec()),
        });
    msg
}
