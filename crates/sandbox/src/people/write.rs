//! A person writes: encrypted for every companion of the recipient and of the writer's own account.
//!
//! The stanza's `from` is the writer's LID with `sender_pn` once migrated (`hide_number` leaves the
//! number out), else the number with `sender_lid`.

use anyhow::{Context, Result};
use rusqlite::{OptionalExtension, params};
use wacore::messages::wrap_device_sent;
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{absorb::Place, content, cover};
use crate::{
    faults::FaultKind,
    ids::{DeviceAddr, Phone},
    ledger::Sent,
    net::online::ConnId,
    node::{attr, jid_attr},
    world::{World, account::Account},
};
use buffa::Message as _;

/// What a person writes, and how.
pub struct Writing<'a> {
    pub msg: &'a wa::Message,
    pub hide_number: bool,
}

/// What a companion gets for a message that its owner may see once on the phone alone.
pub fn once() -> Node {
    NodeBuilder::new("unavailable")
        .attr("type", "view_once")
        .build()
}

/// A message id as phones make them.
pub fn message_id() -> String {
    format!("3A{:016X}", rand::random::<u64>())
}

impl World<'_> {
    /// A direct message from one person to another; returns its id.
    pub fn person_writes(
        &mut self,
        from: &Account,
        to: &Account,
        what: &Writing<'_>,
    ) -> Result<String> {
        let id = message_id();
        let (me, them) = (from.pn_jid().to_string(), to.pn_jid().to_string());
        let sent = self.record_sent(&Sent {
            id: &id,
            from: from.phone.device(0),
            chat: &them,
            to: &them,
            conn: ConnId(0),
            peer: false,
        })?;
        if let Some(body) = content::body(what.msg) {
            self.record_body(sent, &body)?;
        }
        let file = self.examine(from.phone.device(0), &id, what.msg, None)?;
        // The server takes what a blocked person writes, and keeps it to itself.
        let reaches = !self.blocks(to.phone, from.lid)?;
        for (owner, chat) in [(from.phone, &them), (to.phone, &me)] {
            if owner == to.phone && !reaches {
                continue;
            }
            let place = Place {
                owner,
                chat,
                from: from.phone.device(0),
                id: &id,
            };
            self.absorb(place, what.msg, file.as_ref())?;
        }
        self.keep_written(from.phone, &id, to.phone, what)?;
        let theirs = match reaches {
            true => self.ready_devices(to.phone)?,
            false => Vec::new(),
        };
        for d in theirs {
            let n = self.written_node(from, to, d.addr, &id, what)?;
            self.record_delivery(sent, d.addr)?;
            self.deliver(d.addr, &n)?;
        }
        if from.phone != to.phone {
            for d in self.ready_devices(from.phone)? {
                let n = self.written_node(from, to, d.addr, &id, what)?;
                self.record_delivery(sent, d.addr)?;
                self.deliver(d.addr, &n)?;
            }
        }
        self.record_acked(sent)?;
        Ok(id)
    }

    /// The stanza for one companion, encrypted afresh.
    fn written_node(
        &mut self,
        from: &Account,
        to: &Account,
        d: DeviceAddr,
        id: &str,
        what: &Writing<'_>,
    ) -> Result<Node> {
        let own = d.phone == from.phone && d.phone != to.phone;
        let cover = cover::proper(what.msg);
        let mut b = self
            .wire_base(from, what.hide_number)
            .attr("id", id)
            .attr("type", cover.kind)
            .attr("t", self.now())
            .attr("notify", from.name.as_str());
        if own {
            b = b.attr("recipient", to.wire_jid());
            b = if to.lid_migrated {
                b.attr("peer_recipient_pn", to.pn_jid())
            } else {
                b.attr("peer_recipient_lid", to.lid_jid())
            };
        }
        if let Some(e) = cover.edit {
            b = b.attr("edit", e);
        }
        if cover.view_once {
            return Ok(b.children([once()]).build());
        }
        let msg = if own {
            wrap_device_sent(what.msg.clone(), to.wire_jid().to_string())
        } else {
            what.msg.clone()
        };
        let mut enc = self.encrypt(from.phone, d, &msg)?;
        cover.mark(&mut enc);
        if self
            .sim
            .faults
            .strike(FaultKind::BadCiphertext, Some(d.phone))
            .is_some()
        {
            spoil(&mut enc);
        }
        Ok(b.children(cover.meta().into_iter().chain([enc])).build())
    }

    /// `<message from …>` with the writer's other name beside it.
    pub fn wire_base(&self, from: &Account, hide_number: bool) -> NodeBuilder {
        let b = NodeBuilder::new("message").attr("from", from.wire_jid());
        match (from.lid_migrated, hide_number) {
            (true, true) => b,
            (true, false) => b.attr("sender_pn", from.pn_jid()),
            (false, _) => b.attr("sender_lid", from.lid_jid()),
        }
    }

    /// Keeps a message so that a retry receipt can be answered, also after a restart.
    fn keep_written(&mut self, from: Phone, id: &str, to: Phone, what: &Writing<'_>) -> Result<()> {
        let cover = cover::proper(what.msg);
        self.db().execute(
            "INSERT INTO written(phone, id, peer, kind, hide, edit, body) VALUES(?1,?2,?3,?4,?5,?6,?7)",
            params![from.row(), id, to.row(), cover.kind, what.hide_number, cover.edit, what.msg.encode_to_vec()],
        )?;
        Ok(())
    }

    /// A companion could not read a message: a person encrypts it again for that device, another
    /// companion is asked itself.
    pub fn retry_asked(&mut self, d: DeviceAddr, n: &NodeRef<'_>, id: &str) -> Result<()> {
        let to = jid_attr(n, "to").context("to")?;
        let author: Jid = jid_attr(n, "participant").unwrap_or(to);
        let Some(a) = self.resolve(&author)? else {
            return Ok(());
        };
        if !a.is_phone() {
            return self.pass_retry_on(d, a, n);
        }
        let count: u32 = n
            .get_optional_child("retry")
            .map(|r| attr(r, "count"))
            .and_then(|c| c.parse().ok())
            .unwrap_or(1);
        self.note(
            d,
            format!("{d} asks {} for {id} again, time {count}", a.phone),
        );
        if count > 5 {
            return Ok(());
        }
        let row = self
            .db()
            .query_row(
                "SELECT peer, hide, body FROM written WHERE phone = ?1 AND id = ?2",
                params![a.phone.row(), id],
                |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, Vec<u8>>(2)?)),
            )
            .optional()?;
        let Some((peer, hide_number, body)) = row else {
            return Ok(());
        };
        let (Some(from), Some(to)) = (self.account(a.phone)?, self.account(Phone::from_row(peer))?)
        else {
            return Ok(());
        };
        let msg = wa::Message::decode_from_slice(&body)?;
        self.forget_session(a.phone, d)?;
        let what = Writing {
            msg: &msg,
            hide_number,
        };
        let mut again = self.written_node(&from, &to, d, id, &what)?;
        count_in(&mut again, count);
        self.deliver(d, &again)
    }

    fn pass_retry_on(
        &mut self,
        asker: DeviceAddr,
        author: DeviceAddr,
        n: &NodeRef<'_>,
    ) -> Result<()> {
        let me = self.account(asker.phone)?.context("the asker's account")?;
        let mut out = n.to_owned();
        out.attrs.insert("from", me.wire_jid().with_device(asker.n));
        out.attrs.insert("t", self.now());
        out.attrs.0.retain(|(k, _)| k != "to");
        self.deliver(author, &out)
    }
}

/// How often a message was asked for goes with its ciphertext.
fn count_in(stanza: &mut Node, count: u32) {
    if let Some(wacore_binary::NodeContent::Nodes(kids)) = &mut stanza.content {
        for enc in kids.iter_mut().filter(|k| k.tag.as_ref() == "enc") {
            enc.attrs.push("count", count);
        }
    }
}

/// The fault `bad_ciphertext`: one bit of the body flipped.
pub fn spoil(enc: &mut Node) {
    if let Some(wacore_binary::NodeContent::Bytes(b)) = &mut enc.content
        && let Some(last) = b.iter_mut().nth_back(12)
    {
        *last ^= 1;
    }
}
