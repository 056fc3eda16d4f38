//! A message as it came.

use super::{Counted, InChat, Origin, Reaction, Seen, Votes};
use serde::{Deserialize, Serialize};
use wharf_types::Millis;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct InMessage {
    /// Where.
    pub chat: InChat,
    /// By whom; the account itself when `from_me`.
    pub sender: Seen,
    /// Written by this account, here or on its phone.
    pub from_me: bool,
    /// WhatsApp's id, unique within chat and sender.
    pub wa_id: String,
    /// When the sender's server took it.
    pub at: Millis,
    /// The sender's push name as the stanza carried it, "" if absent.
    pub push_name: String,
    /// `text`, `image`, `poll`, … the contract's `type`; `unknown` for what we cannot name.
    pub kind: String,
    /// Text, caption, poll question, place or contact name.
    pub body: String,
    /// The rest of the contract's Message that is particular to a kind.
    pub extra: MessageExtra,
    /// Live or bulk.
    pub origin: Origin,
    /// Delivery level history knows of an own message (0–4), 0 when unknown.
    pub ack_level: i8,
}

/// Kind-particular parts of a message, stored as one JSON document.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MessageExtra {
    /// The message replied to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quoted_id: String,
    /// JIDs mentioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// `{caption, filename, height, kind, mimetype, seconds, size, width}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<serde_json::Value>,
    /// SHA-256 (hex) of its file, when the message names one: where it is in the media store.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// `{name, options, selectableCount}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<serde_json::Value>,
    /// `{latitude, longitude, name, address}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<serde_json::Value>,
    /// `{name, phone, vcard}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<serde_json::Value>,
    /// WhatsApp addressed the author by number, not by LID: answers must do so too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_number: bool,
    /// The raw message with its keys (media key, message secret), sealed by the engine; base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sealed: String,
    /// The WhatsApp id that `sealed` is bound to, where it is not the message's own: a forwarded copy keeps the
    /// form of what it was copied from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sealed_as: String,
    /// Shown once: not to be passed on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
    /// When it was last edited, by its author's clock; 0 = never.
    #[serde(skip_serializing_if = "is_zero")]
    pub edited_at: Millis,
    /// The number the server gave it, of a channel's post; 0 = not known.
    #[serde(skip_serializing_if = "is_none")]
    pub number: u64,
    /// How many reacted with what, of a channel's post: who they are is told to nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Counted>,
    /// One a person, taken-back ones included: an older one that comes late must not return.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// One a voter, cleared ones included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Votes>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(at: &Millis) -> bool {
    *at == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}
