//! A channel and its posts, as the server has them.

use super::{MessageExtra, Origin};
use serde::{Deserialize, Serialize};
use wharf_types::{ChannelJid, Millis};

/// How many people reacted with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The emoji.
    pub emoji: String,
    /// How many, the account itself among them.
    pub count: u64,
}

/// What somebody is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelRole {
    /// Made it.
    Owner,
    /// Writes in it too.
    Admin,
    /// Follows it.
    Follower,
    /// Nothing.
    Guest,
}

impl ChannelRole {
    /// As callers see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Follower => "follower",
            Self::Guest => "guest",
        }
    }

    /// From the same.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Follower, Self::Guest]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// May post.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// A channel as WhatsApp tells it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InChannel {
    /// Its JID.
    pub jid: ChannelJid,
    /// Its name.
    pub name: String,
    /// "" if none.
    pub description: String,
    /// The code of its link, "" if not told.
    pub invite: String,
    /// What the account is to it.
    pub role: ChannelRole,
    /// Its posts notify nobody; `None` = not told.
    pub muted: Option<bool>,
    /// How many follow it.
    pub followers: u64,
    /// When it was made, if told.
    pub created_at: Option<Millis>,
}

/// A post as the server has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct InPost {
    /// Where.
    pub channel: ChannelJid,
    /// The number the server gave it.
    pub number: u64,
    /// Its author's id for it.
    pub wa_id: String,
    /// By this account.
    pub from_me: bool,
    /// When.
    pub at: Millis,
    /// What it says; `None` = it was taken back.
    pub says: Option<PostContent>,
    /// Reactions to it.
    pub counts: Vec<Counted>,
    /// When the server was asked: what was done since is newer.
    pub as_of: Millis,
    /// Live: one that was missed.
    pub origin: Origin,
}

/// What a post says.
#[derive(Debug, Clone, PartialEq)]
pub struct PostContent {
    /// The contract's `type`.
    pub kind: String,
    /// Text, caption, poll question.
    pub body: String,
    /// The rest.
    pub extra: MessageExtra,
}
