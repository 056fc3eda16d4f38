//! A person reads what a client wrote: the inbox, the delivery receipt, the plea for a second copy.

use anyhow::{Context, Result};
use wacore::messages::unwrap_device_sent;
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::{absorb::Place, content};
use crate::{
    ids::{DeviceAddr, Phone},
    keys::{PhoneKeys, SIGNED_PREKEY_ID, pub32, sign},
    ledger::Violation,
    node::{leaf, u24},
    world::World,
};

/// A message on its way into a phone.
pub struct Incoming<'a> {
    pub id: &'a str,
    pub from: DeviceAddr,
    /// The other side of the chat, as this phone sees it.
    pub chat: Phone,
    /// How the sender addressed it; receipts answer in the same form.
    pub to_jid: &'a Jid,
    /// The row of the ledger.
    pub ledger: i64,
    /// A message between devices of one account, not for eyes.
    pub peer: bool,
}

impl World<'_> {
    pub fn person_reads(
        &mut self,
        at: Phone,
        info: &Incoming<'_>,
        outside: (&NodeRef<'_>, &NodeRef<'_>),
        msg: wa::Message,
    ) -> Result<()> {
        if info.peer {
            return self.phone_hears(at, info, &msg);
        }
        let own_copy = info.from.phone == at;
        if own_copy != msg.device_sent_message.is_set() {
            let what = if own_copy {
                "a copy for its own phone not wrapped as deviceSentMessage"
            } else {
                "deviceSentMessage to somebody else"
            };
            self.violation(
                Violation::Protocol,
                info.from,
                format!("message {}: {what}", info.id),
            )?;
        }
        let msg = unwrap_device_sent(msg);
        let file = self.examine(info.from, info.id, &msg, Some(outside))?;
        let place = Place {
            owner: at,
            chat: &info.chat.jid().to_string(),
            from: info.from,
            id: info.id,
        };
        self.absorb(place, &msg, file.as_ref())?;
        if let Some(body) = content::body(&msg) {
            self.record_body(info.ledger, &body)?;
        }
        if !own_copy {
            self.person_receipt(at, info, "")?;
        }
        Ok(())
    }

    /// A repeated stanza: not shown again, but the receipt may be what was lost.
    pub fn person_seen_already(&mut self, at: Phone, info: &Incoming<'_>) -> Result<()> {
        if info.peer || info.from.phone == at {
            Ok(())
        } else {
            self.person_receipt(at, info, "")
        }
    }

    fn person_receipt(&mut self, at: Phone, info: &Incoming<'_>, kind: &str) -> Result<()> {
        let mut b = NodeBuilder::new("receipt")
            .attr("from", info.to_jid.to_non_ad())
            .attr("id", info.id)
            .attr("t", self.now());
        if !kind.is_empty() {
            b = b.attr("type", kind);
        }
        self.record_receipt(info.id, at.device(0), kind)?;
        self.deliver_to_companions(info.from.phone, None, &b.build())
    }

    /// A retry receipt with this phone's keys: the sender begins a new session and sends again.
    pub fn person_asks_again(&mut self, at: Phone, info: &Incoming<'_>, why: &str) -> Result<()> {
        self.note(info.from, format!("{at} cannot read {}: {why}", info.id));
        let tries = self.count_retry(at, info.from, info.id)?;
        if tries > 5 {
            return self.violation(
                Violation::Protocol,
                info.from,
                format!("message {} unreadable after {tries} tries: {why}", info.id),
            );
        }
        self.forget_session(at, info.from)?;
        let r = self.retry_receipt(at, &info.to_jid.to_non_ad(), info.id, tries)?;
        self.record_receipt(info.id, at.device(0), "retry")?;
        self.deliver(info.from, &r)
    }

    /// `from` is the chat it is about: the person, or a group (whose receipt also names the participant).
    pub fn retry_receipt(&mut self, at: Phone, from: &Jid, id: &str, tries: u32) -> Result<Node> {
        let k = self.phone_keys(at)?;
        let key_id = self.next_phone_prekey(at)?;
        let one = pub32(&PhoneKeys::prekey(self.seed(), at, key_id)?);
        let sig = sign(&k.identity, &k.signed_prekey.public_key.serialize())?;
        let retry = NodeBuilder::new("retry")
            .attr("v", "1")
            .attr("count", tries)
            .attr("id", id)
            .attr("t", self.now())
            .build();
        let keys = NodeBuilder::new("keys")
            .children([
                leaf("type", [5]),
                leaf("identity", pub32(&k.identity)),
                NodeBuilder::new("key")
                    .children([leaf("id", u24(key_id)), leaf("value", one)])
                    .build(),
                NodeBuilder::new("skey")
                    .children([
                        leaf("id", u24(SIGNED_PREKEY_ID)),
                        leaf("value", pub32(&k.signed_prekey)),
                        leaf("signature", sig),
                    ])
                    .build(),
            ])
            .build();
        Ok(NodeBuilder::new("receipt")
            .attr("from", from)
            .attr("id", id)
            .attr("type", "retry")
            .attr("t", self.now())
            .children([
                retry,
                leaf("registration", k.registration_id.to_be_bytes()),
                keys,
            ])
            .build())
    }

    /// How often a person asked for a message, this time included.
    pub fn count_retry(&mut self, at: Phone, from: DeviceAddr, id: &str) -> Result<u32> {
        self.db()
            .query_row(
                "INSERT INTO retries(owner, sender, sender_n, id, count) VALUES(?1,?2,?3,?4,1)
                 ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count",
                rusqlite::params![at.row(), from.phone.row(), from.n, id],
                |r| r.get(0),
            )
            .context("retry counter")
    }
}
