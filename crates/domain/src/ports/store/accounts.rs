//! People who log in here: who they are, where they belong, their log-ins and invitations.

use crate::Result;
use wharf_types::{InvitationId, LoginId, Millis, OrgId, Role, UserId};

/// A person with a password of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// As given.
    pub email: String,
    /// As it is looked up; no two people's are equal.
    pub folded: String,
    /// Their name, "" if none.
    pub name: String,
    /// In PHC form.
    pub password: String,
    /// Platform role.
    pub super_admin: bool,
    /// When made.
    pub created_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

/// A person in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// Which.
    pub org: OrgId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: Millis,
}

/// One log-in: what its refresh tokens follow one another in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// Its id.
    pub id: LoginId,
    /// Who.
    pub user: UserId,
    /// The organization its tokens are for now.
    pub org: Option<OrgId>,
    /// SHA-256 of the one refresh token that is good now.
    pub hash: [u8; 32],
    /// Where it was begun.
    pub address: String,
    /// When.
    pub created_at: Millis,
    /// When a token was last asked for.
    pub used_at: Millis,
    /// Not good after.
    pub expires_at: Millis,
    /// When it was ended before its time.
    pub ended_at: Option<Millis>,
}

/// Somebody is asked into an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// Into which.
    pub org: OrgId,
    /// SHA-256 of the link's secret.
    pub hash: [u8; 32],
    /// Who, as given.
    pub email: String,
    /// As what.
    pub role: Role,
    /// By whom.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Millis,
    /// Not good after.
    pub expires_at: Millis,
    /// When it was accepted.
    pub used_at: Option<Millis>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait AccountsView {
    fn user(&self, id: &UserId) -> Result<Option<UserRow>>;
    fn user_by_email(&self, folded: &str) -> Result<Option<UserRow>>;
    fn membership(&self, org: &OrgId, user: &UserId) -> Result<Option<MembershipRow>>;
    /// Of one person, by organization, after `after`.
    fn memberships_of(
        &self,
        user: &UserId,
        after: Option<OrgId>,
        limit: usize,
    ) -> Result<Vec<MembershipRow>>;
    /// Of one organization, by person, after `after`.
    fn org_members(
        &self,
        org: &OrgId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<MembershipRow>>;
    /// How many owners it has.
    fn owners(&self, org: &OrgId) -> Result<u32>;
    fn login(&self, id: &LoginId) -> Result<Option<LoginRow>>;
    fn invitation_by_hash(&self, hash: &[u8; 32]) -> Result<Option<InvitationRow>>;
    /// Not accepted ones by id, after `after`.
    fn invitations(
        &self,
        org: &OrgId,
        after: Option<InvitationId>,
        limit: usize,
    ) -> Result<Vec<InvitationRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait AccountsTx {
    /// Inserts or replaces by id.
    fn put_user(&mut self, row: &UserRow) -> Result<()>;
    /// Inserts or replaces by organization and person.
    fn put_membership(&mut self, row: &MembershipRow) -> Result<()>;
    fn delete_membership(&mut self, org: &OrgId, user: &UserId) -> Result<bool>;
    /// Inserts or replaces by id.
    fn put_login(&mut self, row: &LoginRow) -> Result<()>;
    /// Ends all of a person's that are not ended, but one; how many.
    fn end_logins(&mut self, user: &UserId, but: Option<LoginId>, at: Millis) -> Result<usize>;
    /// Inserts or replaces by organization and id.
    fn put_invitation(&mut self, row: &InvitationRow) -> Result<()>;
    fn delete_invitation(&mut self, org: &OrgId, id: &InvitationId) -> Result<bool>;
    /// Takes out up to `rows` log-ins and invitations that ran out before `before`; how many went.
    fn trim_accounts(&mut self, before: Millis, rows: usize) -> Result<usize>;
}
