//! Writing the event log: payload shapes, and the one way an event gets into a transaction.
//!
//! An event is appended in the transaction of the change it tells of. Payloads are the objects callers also get
//! by REST; those about a person or a chat also carry the row id that stays when a number is learnt.

use crate::{
    Error, Result,
    chats::Chat,
    contacts::PersonRef,
    groups::Group,
    messages::Message,
    people::Contact,
    ports::{ids::Ids, store::Tx},
    sessions::SessionScope,
};
use serde::Serialize;
use std::sync::Arc;
use wharf_types::{EventId, Millis, OutboxId, SendStatus, SessionStatus, WebhookId};

/// Appends events of one session within one write job.
pub struct Log {
    scope: SessionScope,
    ids: Arc<dyn Ids>,
    now: Millis,
}

/// A payload that is about a chat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfChat<'a, T> {
    chat_id: i64,
    #[serde(flatten)]
    of: &'a T,
}

/// A payload that is about a person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfContact<'a, T> {
    contact_id: i64,
    #[serde(flatten)]
    of: &'a T,
}

/// Two rows turned out to be one person.
#[derive(Serialize)]
struct Merged<'a> {
    kept: &'a PersonRef,
    dropped: &'a PersonRef,
    contact: &'a Contact,
}

/// Who joined, left or changed rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMembersPayload {
    /// The group.
    pub group_jid: String,
    /// `joined`, `left`, `promoted`, `demoted`.
    pub action: &'static str,
    /// Who.
    pub members: Vec<PersonRef>,
    /// Who did it, `null` when not told.
    pub by: Option<PersonRef>,
}

/// Where a send stands now: a SendResult and what names it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct MessageStatusPayload {
    pub chat_id: i64,
    pub chat_jid: String,
    /// Why it failed, "" otherwise.
    pub error: String,
    /// `sync`, `async`, or "" for what the phone sent.
    pub mode: &'static str,
    /// "" for what the phone sent.
    pub outbox_id: String,
    pub reference: String,
    pub replayed: bool,
    pub status: SendStatus,
    pub timestamp: Millis,
    pub wa_message_id: String,
}

/// Somebody's emoji on a message; "" = taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct ReactionPayload {
    pub chat_id: i64,
    pub chat_jid: String,
    pub wa_message_id: String,
    pub emoji: String,
    pub sender: PersonRef,
}

/// The whole of somebody's choice in a poll; empty = cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct VotePayload {
    pub chat_id: i64,
    pub chat_jid: String,
    pub wa_message_id: String,
    pub voter: PersonRef,
    pub options: Vec<String>,
}

/// What was counted in place of a flood of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct SyncedPayload {
    pub source: &'static str,
    pub contacts: u64,
    pub chats: u64,
    pub messages: u64,
    pub groups: u64,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct StatusPayload<'a> {
    pub status: SessionStatus,
    pub reason: &'a str,
    pub since: Millis,
}

/// WhatsApp limits or bans the account; until when, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct RestrictedPayload<'a> {
    pub reason: &'a str,
    pub until: Option<Millis>,
}

/// A webhook is told nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct WebhookDisabledPayload<'a> {
    pub webhook_id: WebhookId,
    pub reason: &'a str,
}

/// Of a test event: which webhook is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct WebhookTestPayload {
    pub webhook_id: WebhookId,
}

/// A payload as it is stored.
pub(crate) fn rendered(kind: &str, payload: &impl Serialize) -> Result<String> {
    serde_json::to_string(payload)
        .map_err(|error| Error::Internal(format!("payload of {kind}: {error}")))
}

impl Log {
    /// For one write job.
    pub fn new(scope: SessionScope, ids: Arc<dyn Ids>, now: Millis) -> Self {
        Self { scope, ids, now }
    }

    /// Appends one event.
    pub fn event(&mut self, tx: &mut dyn Tx, kind: &str, payload: &impl Serialize) -> Result<()> {
        let text = rendered(kind, payload)?;
        let id = EventId::new(self.ids.ulid());
        tx.append_event(&self.scope, id, kind, self.now, &text)?;
        Ok(())
    }

    /// `message` or `message.sent`.
    pub fn message(&mut self, tx: &mut dyn Tx, message: &Message) -> Result<()> {
        let kind = if message.from_me {
            "message.sent"
        } else {
            "message"
        };
        self.event(tx, kind, message)
    }

    /// `message.edited`.
    pub fn message_edited(&mut self, tx: &mut dyn Tx, message: &Message) -> Result<()> {
        self.event(tx, "message.edited", message)
    }

    /// `message.deleted`.
    pub fn message_deleted(&mut self, tx: &mut dyn Tx, message: &Message) -> Result<()> {
        self.event(tx, "message.deleted", message)
    }

    /// `message.reaction`.
    pub fn message_reaction(&mut self, tx: &mut dyn Tx, payload: &ReactionPayload) -> Result<()> {
        self.event(tx, "message.reaction", payload)
    }

    /// `poll.vote`.
    pub fn poll_vote(&mut self, tx: &mut dyn Tx, payload: &VotePayload) -> Result<()> {
        self.event(tx, "poll.vote", payload)
    }

    /// `message.status`.
    pub fn message_status(
        &mut self,
        tx: &mut dyn Tx,
        payload: &MessageStatusPayload,
    ) -> Result<()> {
        self.event(tx, "message.status", payload)
    }

    /// `chat.updated`.
    pub fn chat_updated(&mut self, tx: &mut dyn Tx, chat: &Chat) -> Result<()> {
        let payload = OfChat {
            chat_id: chat.id,
            of: chat,
        };
        self.event(tx, "chat.updated", &payload)
    }

    /// `chat.deleted`.
    pub fn chat_deleted(&mut self, tx: &mut dyn Tx, chat: &Chat) -> Result<()> {
        let payload = OfChat {
            chat_id: chat.id,
            of: chat,
        };
        self.event(tx, "chat.deleted", &payload)
    }

    /// `contact.updated`.
    pub fn contact_updated(&mut self, tx: &mut dyn Tx, id: i64, contact: &Contact) -> Result<()> {
        let payload = OfContact {
            contact_id: id,
            of: contact,
        };
        self.event(tx, "contact.updated", &payload)
    }

    /// `contact.merged`.
    pub fn contact_merged(
        &mut self,
        tx: &mut dyn Tx,
        kept: &PersonRef,
        dropped: &PersonRef,
        contact: &Contact,
    ) -> Result<()> {
        let merged = Merged {
            kept,
            dropped,
            contact,
        };
        let payload = OfContact {
            contact_id: kept.contact_id,
            of: &merged,
        };
        self.event(tx, "contact.merged", &payload)
    }

    /// `group.updated`.
    pub fn group_updated(&mut self, tx: &mut dyn Tx, group: &Group) -> Result<()> {
        self.event(tx, "group.updated", group)
    }

    /// `group.members`.
    pub fn group_members(&mut self, tx: &mut dyn Tx, payload: &GroupMembersPayload) -> Result<()> {
        self.event(tx, "group.members", payload)
    }

    /// `account.restricted`: WhatsApp limits or bans the account.
    pub fn restricted(
        &mut self,
        tx: &mut dyn Tx,
        reason: &str,
        until: Option<Millis>,
    ) -> Result<()> {
        let payload = RestrictedPayload { reason, until };
        self.event(tx, "account.restricted", &payload)
    }

    /// `session.synced`.
    pub fn synced(&mut self, tx: &mut dyn Tx, payload: &SyncedPayload) -> Result<()> {
        self.event(tx, "session.synced", payload)
    }

    /// The outbox id as payloads carry it.
    pub fn outbox_id(id: Option<&OutboxId>) -> String {
        id.map(ToString::to_string).unwrap_or_default()
    }
}
