//! Groups as stored. Schemas of the domain's own values, as in [`super::contacts`].

pub mod get;
pub mod list;
pub mod members;

use utoipa::ToSchema;

/// A group this session has seen.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Group {
    /// When WhatsApp says it was made.
    #[schema(required)]
    pub created_at_wa: Option<i64>,
    /// Its description.
    pub description: String,
    /// When first seen.
    pub first_seen_at: i64,
    /// `…@g.us`.
    pub group_jid: String,
    /// Row id.
    pub id: i64,
    /// Only admins write.
    pub is_announce: bool,
    /// Only admins edit.
    pub is_locked: bool,
    /// The owner's JID; `""` while unknown.
    pub owner_jid: String,
    /// Members now, or when the account was last in it.
    pub participant_count: u32,
    /// Its name.
    pub subject: String,
    /// When the row last changed.
    pub updated_at: i64,
}

/// A member of a group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupMember {
    /// When first seen in it.
    pub first_seen_at: i64,
    /// `…@g.us`.
    pub group_jid: String,
    /// Row id.
    pub id: i64,
    /// When last seen in it.
    pub last_seen_at: i64,
    /// `…@lid`; `""` while unknown.
    pub lid: String,
    /// The best known name.
    pub name: String,
    /// Digits; `""` while only the LID is known.
    pub phone_number: String,
    /// `member`, `admin` or `superadmin`.
    pub role: String,
    /// `sess_…`.
    pub session_id: String,
    /// Nickname in this group, `""` if none.
    pub tag: String,
}
