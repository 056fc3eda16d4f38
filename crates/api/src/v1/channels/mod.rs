//! Channels. Schemas of the domain's own values, as in [`super::contacts`].

pub mod create;
pub mod follow;
pub mod list;
pub mod messages;
pub mod mute;
pub mod unfollow;

use utoipa::ToSchema;

/// A channel this session owns, follows or has seen.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Channel {
    /// When WhatsApp says it was made.
    #[schema(required)]
    pub created_at_wa: Option<i64>,
    /// Its description.
    pub description: String,
    /// When first seen.
    pub first_seen_at: i64,
    /// How many follow it, as last told.
    pub followers: u64,
    /// `…@newsletter`.
    pub jid: String,
    /// The link to it; `""` while unknown.
    pub link: String,
    /// Its posts notify nobody.
    pub muted: bool,
    /// Its name.
    pub name: String,
    /// What the account is to it: `owner`, `admin`, `follower` or `guest`.
    pub role: String,
    /// When the row last changed.
    pub updated_at: i64,
}
