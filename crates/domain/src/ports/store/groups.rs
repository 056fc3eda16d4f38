//! Groups and memberships.

use crate::{Result, sessions::SessionNo};
use wharf_types::{GroupJid, Millis};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Row id within the session.
    pub id: i64,
    /// Its JID.
    pub jid: GroupJid,
    /// Its name.
    pub subject: String,
    /// Its description.
    pub description: String,
    /// When WhatsApp says it was made.
    pub created_at_wa: Option<Millis>,
    /// Its owner's row, if known.
    pub owner_id: Option<i64>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins edit.
    pub locked: bool,
    /// The account is in it now.
    pub joined: bool,
    /// Members now.
    pub participant_count: u32,
    /// When first seen.
    pub first_seen_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

/// A membership, present or past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Row id within the session.
    pub id: i64,
    /// The group's row.
    pub group_id: i64,
    /// The person's row.
    pub person_id: i64,
    /// `member`, `admin`, `superadmin`.
    pub role: String,
    /// Nickname in this group.
    pub tag: String,
    /// A member now.
    pub present: bool,
    /// When first seen in it.
    pub first_seen_at: Millis,
    /// When last seen in it.
    pub last_seen_at: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait GroupsView {
    fn group(&self, s: SessionNo, jid: &GroupJid) -> Result<Option<GroupRow>>;
    fn group_by_id(&self, s: SessionNo, id: i64) -> Result<Option<GroupRow>>;
    /// By row id, after `after`.
    fn groups(&self, s: SessionNo, after: i64, limit: usize) -> Result<Vec<GroupRow>>;
    /// Present members by row id, after `after`.
    fn members(
        &self,
        s: SessionNo,
        group_id: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<MemberRow>>;
    fn member(&self, s: SessionNo, group_id: i64, person_id: i64) -> Result<Option<MemberRow>>;
    /// Every membership of a person, present or past.
    fn memberships(&self, s: SessionNo, person_id: i64) -> Result<Vec<MemberRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait GroupsTx {
    fn put_group(&mut self, s: SessionNo, row: &GroupRow) -> Result<()>;
    fn put_member(&mut self, s: SessionNo, row: &MemberRow) -> Result<()>;
    /// When two rows of one group turn out to be one person.
    fn delete_member(&mut self, s: SessionNo, id: i64) -> Result<()>;
}
