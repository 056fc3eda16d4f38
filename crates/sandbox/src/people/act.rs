//! What people do besides writing: read, edit, take back, react, type.

use anyhow::{Context, Result};
use buffa::{Message as _, MessageField};
use rusqlite::{OptionalExtension, params};
use wacore_binary::{Jid, Node, builder::NodeBuilder};
use waproto::whatsapp::{
    self as wa, message as m,
    message::{protocol_message::Type, secret_encrypted_message::SecretEncType},
};

use super::sealed::Sealed;

use crate::{
    ids::Phone,
    world::{World, account::Account},
};

/// Names one message within a chat, as the writer's client would. `participant`, its author, in groups.
pub fn key(chat: &Jid, mine: bool, id: &str, participant: Option<String>) -> wa::MessageKey {
    wa::MessageKey {
        remote_jid: Some(chat.to_string()),
        from_me: Some(mine),
        id: Some(id.to_owned()),
        participant,
    }
}

/// A message with another text or caption; None: it has neither.
pub fn with_text(mut m: wa::Message, text: String) -> Option<wa::Message> {
    m.message_context_info = MessageField::default();
    let envelope = m.document_with_caption_message.as_option_mut();
    if let Some(inner) = envelope.and_then(|e| e.message.as_option_mut()) {
        *inner = with_text(std::mem::take(inner), text)?;
        return Some(m);
    }
    if m.conversation.is_some() {
        m.conversation = Some(text);
    } else if let Some(x) = m.extended_text_message.as_option_mut() {
        x.text = Some(text);
    } else if let Some(x) = m.image_message.as_option_mut() {
        x.caption = Some(text);
    } else if let Some(x) = m.video_message.as_option_mut() {
        x.caption = Some(text);
    } else {
        m.document_message.as_option_mut()?.caption = Some(text);
    }
    Some(m)
}

/// In the envelope in which phones send it.
pub fn edit(key: wa::MessageKey, new: wa::Message, now_ms: i64) -> wa::Message {
    let p = m::ProtocolMessage {
        r#type: Some(Type::MESSAGE_EDIT),
        key: MessageField::some(key),
        edited_message: MessageField::some(new),
        timestamp_ms: Some(now_ms),
        ..Default::default()
    };
    let inner = wa::Message {
        protocol_message: MessageField::some(p),
        ..Default::default()
    };
    let envelope = m::FutureProofMessage {
        message: MessageField::some(inner),
    };
    wa::Message {
        edited_message: MessageField::some(envelope),
        ..Default::default()
    }
}

/// The same without its envelope, encoded: what is sealed.
pub fn bare(edit: &wa::Message) -> Vec<u8> {
    let envelope = edit.edited_message.as_option();
    let inner = envelope.and_then(|e| e.message.as_option());
    inner.unwrap_or(edit).encode_to_vec()
}

/// An edit that only who has the message can read.
pub fn sealed_edit(key: wa::MessageKey, sealed: Sealed) -> wa::Message {
    let s = m::SecretEncryptedMessage {
        target_message_key: MessageField::some(key),
        enc_payload: Some(sealed.payload),
        enc_iv: Some(sealed.iv.to_vec()),
        secret_enc_type: Some(SecretEncType::MESSAGE_EDIT),
        ..Default::default()
    };
    wa::Message {
        secret_encrypted_message: MessageField::some(s),
        ..Default::default()
    }
}

pub fn revoke(key: wa::MessageKey) -> wa::Message {
    let p = m::ProtocolMessage {
        r#type: Some(Type::REVOKE),
        key: MessageField::some(key),
        ..Default::default()
    };
    wa::Message {
        protocol_message: MessageField::some(p),
        ..Default::default()
    }
}

/// An empty emoji takes the reaction back.
pub fn reaction(key: wa::MessageKey, emoji: String, now_ms: i64) -> wa::Message {
    let r = m::ReactionMessage {
        key: MessageField::some(key),
        text: Some(emoji),
        sender_timestamp_ms: Some(now_ms),
        ..Default::default()
    };
    wa::Message {
        reaction_message: MessageField::some(r),
        ..Default::default()
    }
}

impl World<'_> {
    /// `read` or `played` receipts (delivery is automatic) for messages `to` wrote.
    pub fn person_read(
        &mut self,
        me: &Account,
        to: &Account,
        ids: &[String],
        kind: &str,
    ) -> Result<()> {
        let first = ids.first().context("no message ids")?;
        let mut kids = Vec::new();
        if ids.len() > 1 {
            let items = ids
                .iter()
                .skip(1)
                .map(|i| NodeBuilder::new("item").attr("id", i).build());
            kids.push(NodeBuilder::new("list").children(items).build());
        }
        for i in ids {
            self.record_receipt(i, me.phone.device(0), kind)?;
        }
        let from = self.as_addressed(first, me)?;
        let b = NodeBuilder::new("receipt")
            .attr("from", from)
            .attr("id", first)
            .attr("t", self.now());
        let b = if kind == "delivery" {
            b
        } else {
            b.attr("type", kind)
        };
        let b = if kids.is_empty() { b } else { b.children(kids) };
        let told = b.build();
        self.deliver_to_companions(to.phone, None, &told)?;
        if kind == "delivery" {
            return Ok(());
        }
        // The reader's own companions learn of it too, with the peer named.
        let mut own = told;
        own.attrs.push("recipient", self.as_addressed(first, to)?);
        self.deliver_to_companions(me.phone, None, &own)
    }

    /// A person answers in the form (number or LID) in which the message came.
    fn as_addressed(&self, id: &str, me: &Account) -> Result<Jid> {
        let dest: Option<String> = self
            .db()
            .query_row(
                "SELECT dest FROM ledger_messages WHERE id = ?1 ORDER BY seq DESC LIMIT 1",
                [id],
                |r| r.get(0),
            )
            .optional()?;
        let by_lid = dest.is_none_or(|d| d.ends_with("@lid"));
        Ok(if by_lid { me.wire_jid() } else { me.pn_jid() })
    }

    /// `composing`, `recording` or `paused`, to those of `to`'s companions that are there: the network tells nobody
    /// else (whatsmeow `types/events`: only after the client marked itself as online).
    pub fn person_types(&mut self, me: &Account, to: Phone, state: &str) -> Result<()> {
        let node = typing(state).context("state")?;
        for d in self.devices(to)? {
            if !self.sim.online.is_available(d.addr) {
                continue;
            }
            let n = NodeBuilder::new("chatstate")
                .attr("from", me.wire_jid())
                .children([node.clone()])
                .build();
            self.push(d.addr, n);
        }
        Ok(())
    }

    /// Who wrote a message a person sees; None: they see no such message.
    pub fn author_of(&self, owner: Phone, chat: &str, id: &str) -> Result<Option<String>> {
        let sql = "SELECT sender FROM inbox WHERE owner = ?1 AND chat = ?2 AND id = ?3";
        Ok(self
            .db()
            .query_row(sql, params![owner.row(), chat, id], |r| r.get(0))
            .optional()?)
    }
}

/// The element of a chatstate; None for an unknown state.
pub fn typing(state: &str) -> Option<Node> {
    Some(match state {
        "composing" => NodeBuilder::new("composing").build(),
        "recording" => NodeBuilder::new("composing").attr("media", "audio").build(),
        "paused" => NodeBuilder::new("paused").build(),
        _ => return None,
    })
}
