//! What the domain asks of WhatsApp about groups. Each call is one operation there, with its own deadline, and needs a
//! connection.

use crate::{
    Error,
    inbound::{InGroup, Seen},
    sessions::SessionScope,
};
use async_trait::async_trait;
use wharf_types::{GroupJid, Millis};

/// A property of a group. WhatsApp changes each by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupSetting {
    /// Its name.
    Subject(String),
    /// Its description; "" takes it away.
    Description(String),
    /// Only admins write.
    Announce(bool),
    /// Only admins change name, description and picture.
    Locked(bool),
    /// An admin lets in who follows the invite link.
    JoinApproval(bool),
    /// Seconds after which messages go; 0 = never.
    EphemeralSeconds(u32),
}

/// What becomes of people in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// They come in.
    Add,
    /// They go.
    Remove,
    /// They become admins.
    Promote,
    /// They are admins no more.
    Demote,
    /// Their request to join is granted.
    Approve,
    /// Their request to join is refused.
    Reject,
}

/// A group that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeGroup {
    /// As WhatsApp tells it.
    pub group: InGroup,
    /// What stands beside each of the people asked for, in that order: `None` = is in, else WhatsApp's code.
    pub outcomes: Vec<Option<u16>>,
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// Who.
    pub who: Seen,
    /// When they asked, if WhatsApp says.
    pub at: Option<Millis>,
}

/// Where an invite link led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// The account is a member.
    Member(GroupJid),
    /// An admin has to grant it first.
    Asked(GroupJid),
    /// The link leads nowhere: mistyped, revoked, or the group is gone.
    Nowhere,
}

/// Commands about groups.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Makes a group of the account and these people.
    async fn create_group(
        &self,
        session: &SessionScope,
        name: &str,
        people: &[Seen],
    ) -> Result<MadeGroup, Error>;
    /// The group as WhatsApp tells it to its members.
    async fn group_now(&self, session: &SessionScope, group: &GroupJid) -> Result<InGroup, Error>;
    /// Changes one property.
    async fn set_group(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        setting: &GroupSetting,
    ) -> Result<(), Error>;
    /// What stands beside each of the people asked for, in that order: `None` = done, else WhatsApp's code.
    async fn change_members(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        change: MemberChange,
        people: &[Seen],
    ) -> Result<Vec<Option<u16>>, Error>;
    /// The invite link; `anew` makes the former one lead nowhere.
    async fn group_invite(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        anew: bool,
    ) -> Result<String, Error>;
    /// Who asks to be let in.
    async fn join_requests(
        &self,
        session: &SessionScope,
        group: &GroupJid,
    ) -> Result<Vec<JoinRequest>, Error>;
    /// Leaves a group.
    async fn leave_group(&self, session: &SessionScope, group: &GroupJid) -> Result<(), Error>;
    /// Follows an invite link, by its code. Being in already is no error.
    async fn join_group(&self, session: &SessionScope, code: &str) -> Result<Joined, Error>;
    /// Gives a group a picture (a JPEG), or takes it away.
    async fn set_group_picture(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        jpeg: Option<Vec<u8>>,
    ) -> Result<(), Error>;
}
