//! The outbox: sends, durable before they were answered. Schemas of the domain's own values, as in
//! [`super::contacts`].

pub mod cancel;
pub mod get;
pub mod list;

use super::messages::SendState;
use utoipa::ToSchema;

/// A send: its SendResult and what names it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OutboxItem {
    /// `sync` or `async`.
    pub mode: String,
    /// `out_…`.
    pub outbox_id: String,
    /// Always false here.
    pub replayed: bool,
    /// Where it stands.
    pub status: SendState,
    /// When it was accepted; once it left, when its status last changed.
    pub timestamp: i64,
    /// WhatsApp's id, final from the start.
    pub wa_message_id: String,
    /// The chat's JID when it was accepted.
    pub to: String,
    /// The caller's own mark, `""` if none.
    pub reference: String,
    /// Why it failed, `""` otherwise.
    pub error: String,
    /// When it was accepted.
    pub accepted_at: i64,
    /// Not before.
    #[schema(required)]
    pub send_at: Option<i64>,
    /// Not after.
    #[schema(required)]
    pub expires_at: Option<i64>,
}
