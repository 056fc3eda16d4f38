//! A group, and what changes in it.

use super::Seen;
use wharf_types::{GroupJid, Millis};

/// A member as metadata or a notification names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMember {
    /// Who.
    pub who: Seen,
    /// `member`, `admin` or `superadmin`.
    pub role: &'static str,
    /// Their nickname in this group, "" if none.
    pub tag: String,
}

/// What a group is, as a metadata answer tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InGroup {
    /// Its JID.
    pub jid: GroupJid,
    /// Its name.
    pub subject: String,
    /// Its description, "" if none.
    pub description: String,
    /// When it was made, if told.
    pub created_at: Option<Millis>,
    /// Who owns it, if told.
    pub owner: Option<Seen>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins edit.
    pub locked: bool,
    /// All members now.
    pub members: Vec<InMember>,
}

/// What changed in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// A new subject.
    Subject(String),
    /// A new description.
    Description(String),
    /// Only admins write, or all.
    Announce(bool),
    /// Only admins edit, or all.
    Locked(bool),
    /// Joined or were added.
    Joined(Vec<InMember>),
    /// Left or were removed. The account itself among them: it left.
    Left(Vec<Seen>),
    /// Became admins.
    Promoted(Vec<Seen>),
    /// Became plain members.
    Demoted(Vec<Seen>),
    /// A member chose a nickname for this group, "" = none.
    Tagged(Seen, String),
    /// Another picture, or none. It is not stored: whoever keeps a copy must hear of it.
    Picture,
    /// The group is gone.
    Deleted,
}
