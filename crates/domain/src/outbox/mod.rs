//! Sends: durable before they are answered, with their final WhatsApp id and content.

mod accept;
mod choose;
mod content;
mod hold;
mod meter;
mod outcome;
pub mod pacing;
mod prepare;
mod send;
mod upkeep;
mod worker;
mod workers;

pub use content::{Content, MediaContent, MediaKind, Preview, Quoted, Target, What};
pub use send::{Answer, OutboxItem, SendResult};
pub(crate) use workers::Workers;

use crate::{
    Result,
    messages::MessageAt,
    ports::{
        engine::Engine,
        secrets::Secrets,
        store::{MessageRow, View},
    },
    sessions::{SessionRow, SessionScope},
};

use wharf_types::{ChatJid, Emoji, Millis, OutboxId, SendStatus};

/// A send as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Public id.
    pub id: OutboxId,
    /// The chat's JID when it was accepted.
    pub to: String,
    /// The chat's row.
    pub chat_id: i64,
    /// The message's row; 0 for what is done to another message.
    pub message_id: i64,
    /// The final WhatsApp id.
    pub wa_id: String,
    /// What to send.
    pub content: Content,
    /// 32 random bytes that become the message's secret; part of the finished content.
    pub secret: Vec<u8>,
    /// Where it stands.
    pub status: SendStatus,
    /// Why it failed: code and words.
    pub error: Option<(String, String)>,
    /// Until when, where WhatsApp said so.
    pub until: Option<Millis>,
    /// `sync` or `async`.
    pub sync: bool,
    /// The caller's own mark, "" if none.
    pub reference: String,
    /// Not before.
    pub send_at: Option<Millis>,
    /// Not after.
    pub expires_at: Option<Millis>,
    /// When it was accepted: its place in the chat's order.
    pub accepted_at: Millis,
    /// When it was first handed to WhatsApp: counts for the rate.
    pub handed_at: Option<Millis>,
    /// How often it was handed over.
    pub attempts: u32,
    /// When its status last changed.
    pub updated_at: Millis,
}

/// What the engine is handed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The chat's JID: a phone JID, LID JID or group JID.
    pub to: String,
    /// The final id.
    pub wa_id: String,
    /// What to send.
    pub content: Content,
    /// The message secret.
    pub secret: Vec<u8>,
    /// When it was accepted.
    pub at: Millis,
    /// An earlier attempt may have reached the server.
    pub resend: bool,
    /// The person's device list was never fetched: ask usync first, none → `recipient_not_on_whatsapp`.
    pub first_contact: bool,
}

/// A caller's key for not sending twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// 1–255 printable ASCII characters, checked by the caller.
    pub key: String,
    /// SHA-256 over session, route and canonical body.
    pub fingerprint: [u8; 32],
}

/// A send, its input checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSend {
    /// To whom.
    pub to: ChatJid,
    /// What is said.
    pub what: What,
    /// JIDs mentioned.
    pub mentions: Vec<String>,
    /// WhatsApp id of the message replied to.
    pub reply_to: Option<String>,
    /// The caller's own mark, "" if none.
    pub reference: String,
    /// Not before.
    pub send_at: Option<Millis>,
    /// Not after.
    pub expires_at: Option<Millis>,
    /// Wait for WhatsApp's word.
    pub sync: bool,
    /// The caller's key, if any.
    pub idempotency: Option<Idempotency>,
}

/// A stored message to pass on.
#[derive(Debug, Clone, PartialEq)]
pub struct NewForward {
    /// Which.
    pub of: MessageAt,
    /// To whom.
    pub to: ChatJid,
    /// Its file, where it needs an upload of its own; `None` from callers.
    pub file: Option<What>,
    /// Wait for WhatsApp's word.
    pub sync: bool,
    /// The caller's key, if any.
    pub idempotency: Option<Idempotency>,
}

/// Something to do to a stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAct {
    /// Which.
    pub of: MessageAt,
    /// What.
    pub act: Wanted,
    /// Wait for WhatsApp's word.
    pub sync: bool,
}

/// What to do to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// New words, 1–65,536 bytes.
    Edit(String),
    /// Delete for everyone.
    Revoke,
    /// React; replaces the former reaction.
    React(Emoji),
    /// Take the reaction back.
    Unreact,
    /// Vote for these options by their texts; replaces the former vote.
    Vote(Vec<String>),
}

impl OutboxRow {
    /// `sync` or `async`.
    pub const fn mode(&self) -> &'static str {
        if self.sync { "sync" } else { "async" }
    }
}

impl SessionRow {
    /// The session's rates.
    pub const fn rates(&self) -> pacing::Rates {
        pacing::Rates {
            per_min: self.rate_per_min,
            per_hour: self.rate_per_hour,
        }
    }
}

/// What a sealed message secret is bound to.
fn secret_context(scope: &SessionScope, id: &OutboxId) -> Vec<u8> {
    format!("outbox/{}/{id}", scope.id).into_bytes()
}

/// The secret by which votes in a message, reactions to it and edits of it may be encrypted; `None` when it is not
/// known here.
pub(crate) fn message_secret(
    view: &dyn View,
    scope: &SessionScope,
    engine: &dyn Engine,
    secrets: &dyn Secrets,
    row: &MessageRow,
) -> Result<Option<Vec<u8>>> {
    if row.from_me
        && let Some(send) = view.outbox_by_message(scope.no, row.id)?
    {
        return secrets
            .open(&secret_context(scope, &send.id), &send.secret)
            .map(Some);
    }
    let of_another = !row.extra.sealed_as.is_empty();
    if row.extra.sealed.is_empty() || of_another {
        return Ok(None);
    }
    Ok(engine.message_secret(scope, &row.wa_id, &row.extra.sealed))
}

/// A stored reason as the constant it was written from.
fn known_reason(text: &str) -> &'static str {
    [
        "recipient_not_on_whatsapp",
        "reachout_timelocked",
        "account_restricted",
        "rate_overlimit",
        "not_group_admin",
        "not_channel_admin",
        "media_expired",
        "expired",
    ]
    .into_iter()
    .find(|known| *known == text)
    .unwrap_or("rejected")
}
