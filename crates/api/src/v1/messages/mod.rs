//! Messages. Schemas of the domain's own values, as in [`super::contacts`].

mod about;
pub(crate) mod body;
pub mod download;
pub mod edit;
pub mod forward;
pub mod get;
pub mod idempotency;
pub mod react;
pub mod remove_reaction;
pub mod revoke;
pub mod search;
pub mod send;
pub mod vote;

use utoipa::ToSchema;

/// A stored message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Message {
    /// −1 failed, 0 pending, 1 server, 2 delivered, 3 read, 4 played.
    #[schema(minimum = -1, maximum = 4)]
    pub ack_level: i32,
    /// Text, caption, poll question, place name or contact name.
    pub body: String,
    /// Row id of its chat.
    pub chat_id: i64,
    /// JID of its chat.
    pub chat_jid: String,
    /// Of a contact message.
    #[schema(required)]
    pub contact: Option<MessageContact>,
    /// When it was stored.
    pub created_at: i64,
    /// Deleted for everyone.
    pub deleted: bool,
    /// `in` or `out`.
    pub direction: String,
    /// Edited by its author.
    pub edited: bool,
    /// Why it failed, `""` otherwise.
    pub error: String,
    /// By the session's own account.
    pub from_me: bool,
    /// Has media.
    pub has_media: bool,
    /// Row id: the order of arrival.
    pub id: i64,
    /// Of a location.
    #[schema(required)]
    pub location: Option<MessageLocation>,
    /// Of a message with a file.
    #[schema(required)]
    pub media: Option<MessageMedia>,
    /// JIDs mentioned.
    pub mentions: Vec<String>,
    /// Of a poll.
    #[schema(required)]
    pub poll: Option<MessagePoll>,
    /// The message replied to, `""` if none.
    pub quoted_id: String,
    /// One a person; of a channel's post the account's own, and each emoji of others with its count.
    pub reactions: Vec<MessageReaction>,
    /// Row id of its author; `null` for the account itself.
    #[schema(required)]
    pub sender_contact_id: Option<i64>,
    /// Its author's JID.
    pub sender_jid: String,
    /// Its author's LID, `""` while unknown.
    pub sender_lid: String,
    /// Its author's best known name.
    pub sender_name: String,
    /// Its author's number, `""` while unknown.
    pub sender_phone: String,
    /// `sess_…`.
    pub session_id: String,
    /// Of an own message (as in SendResult), else `""`.
    pub status: String,
    /// When it was sent.
    pub timestamp: i64,
    /// `text`, `image`, …; `view_once`: something that may be seen once, which WhatsApp shows on the phone alone;
    /// `unknown`: what has no name here.
    #[schema(rename = "type")]
    pub kind: String,
    /// WhatsApp's id, unique within chat and sender.
    pub wa_message_id: String,
}

/// A card of somebody.
#[derive(ToSchema)]
pub struct MessageContact {
    /// Their name, as sent.
    pub name: String,
    /// Digits of the first number on it, `""` if none.
    pub phone: String,
    /// The card itself; of several, one after another.
    pub vcard: String,
}

/// A place.
#[derive(ToSchema)]
pub struct MessageLocation {
    /// Degrees north.
    #[schema(required)]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[schema(required)]
    pub longitude: Option<f64>,
    /// Its name, `""` if none.
    pub name: String,
    /// Its address, `""` if none.
    pub address: String,
}

/// A message's file.
#[derive(ToSchema)]
pub struct MessageMedia {
    /// Words beside it, `""` if none.
    pub caption: String,
    /// Its name, `""` if none.
    pub filename: String,
    /// Pixels.
    #[schema(required)]
    pub height: Option<u32>,
    /// `image`, `video`, `gif`, `audio`, `voice`, `document`, `sticker`, …
    pub kind: String,
    /// Its MIME type, `""` when not told.
    pub mimetype: String,
    /// How long it plays.
    #[schema(required)]
    pub seconds: Option<u32>,
    /// Bytes.
    #[schema(required)]
    pub size: Option<u64>,
    /// Pixels.
    #[schema(required)]
    pub width: Option<u32>,
}

/// A reaction.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageReaction {
    /// The emoji.
    pub emoji: String,
    /// Whose; `""` in a channel, where WhatsApp does not tell.
    pub sender_jid: String,
    /// When, by that person's clock; `null` in a channel.
    #[schema(required)]
    pub timestamp: Option<i64>,
    /// How many; 1 but for those of others in a channel.
    pub count: u64,
}

/// A poll and where it stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessagePoll {
    /// The question.
    pub name: String,
    /// In order.
    pub options: Vec<MessagePollOption>,
    /// How many may be chosen; 0 = any number.
    pub selectable_count: i64,
}

/// An option of a poll.
#[derive(ToSchema)]
pub struct MessagePollOption {
    /// Its text.
    pub text: String,
    /// JIDs of those who chose it.
    pub voters: Vec<String>,
}

/// What became of a send.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SendResult {
    /// `sync` or `async`.
    pub mode: String,
    /// `out_…`.
    pub outbox_id: String,
    /// The answer to a repeated Idempotency-Key: nothing was sent.
    pub replayed: bool,
    /// Never goes back; `failed` and `cancelled` only follow `queued`.
    pub status: SendState,
    /// When it was accepted; once it left, when its status last changed.
    pub timestamp: i64,
    /// WhatsApp's id, final from the start.
    pub wa_message_id: String,
}

/// Where a send stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum SendState {
    /// Durable here, not yet acknowledged by WhatsApp's server.
    Queued,
    /// Acknowledged by the server without error.
    Sent,
    /// Reached the other phone; in a group, every member's.
    Delivered,
    /// Read.
    Read,
    /// Played.
    Played,
    /// Refused.
    Failed,
    /// Taken back before it left.
    Cancelled,
}
