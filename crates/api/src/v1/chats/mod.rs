//! Chats: what can hold a conversation. Schemas of the domain's own values, as in [`super::contacts`].

pub mod delete;
pub mod get;
pub mod list;
pub mod messages;
pub mod presence;
pub mod read;
pub mod receipts;
pub mod update;

use super::messages::Message;
use utoipa::ToSchema;

/// A conversation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Chat {
    /// In the archive.
    pub archived: bool,
    /// Row id; never changes.
    pub id: i64,
    /// The phone JID once the number is known, else the LID JID; a group's or channel's own.
    pub jid: String,
    /// The newest stored message.
    #[schema(required)]
    pub last_message: Option<Message>,
    /// Newest activity.
    #[schema(required)]
    pub last_message_at: Option<i64>,
    /// Muted until then.
    #[schema(required)]
    pub muted_until: Option<i64>,
    /// The person's name, or the group's subject.
    pub name: String,
    /// Pinned to the top.
    pub pinned: bool,
    /// `sess_…`.
    pub session_id: String,
    /// `dm`, `group`, `channel` or `status`.
    #[schema(rename = "type")]
    pub kind: String,
    /// Incoming messages since the chat was read here.
    pub unread_count: u32,
}
