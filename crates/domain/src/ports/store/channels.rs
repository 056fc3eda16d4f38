//! Channels and the numbers of their posts.

use crate::{Result, inbound::ChannelRole, sessions::SessionNo};
use wharf_types::{ChannelJid, Millis};

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    /// Its JID.
    pub jid: ChannelJid,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The code of its link, "" if not known.
    pub invite: String,
    /// What the account is to it.
    pub role: ChannelRole,
    /// Its posts notify nobody.
    pub muted: bool,
    /// How many follow it, as last told.
    pub followers: u64,
    /// When WhatsApp says it was made.
    pub created_at_wa: Option<Millis>,
    /// When first seen.
    pub first_seen_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ChannelsView {
    fn channel(&self, s: SessionNo, jid: &ChannelJid) -> Result<Option<ChannelRow>>;
    /// By JID, after `after` ("" = from the first).
    fn channels(&self, s: SessionNo, after: &str, limit: usize) -> Result<Vec<ChannelRow>>;
    /// The message that is a chat's post of this number.
    fn post(&self, s: SessionNo, chat_id: i64, number: u64) -> Result<Option<i64>>;
    /// The highest number known of a chat's posts.
    fn newest_post(&self, s: SessionNo, chat_id: i64) -> Result<Option<u64>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ChannelsTx {
    /// Inserts or replaces by JID.
    fn put_channel(&mut self, s: SessionNo, row: &ChannelRow) -> Result<()>;
    /// Inserts or replaces by number. Goes with the chat's messages.
    fn put_post(&mut self, s: SessionNo, chat_id: i64, number: u64, message_id: i64) -> Result<()>;
}
