//! Organizations, issuer bindings, API keys and settings.

use crate::{Result, organizations::claims::Claim};
use wharf_types::{Capabilities, KeyId, Millis, OrgId, SessionId};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Millis,
}

/// An API key; the secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// The one organization it opens.
    pub org: OrgId,
    /// The user's words for it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What it may do.
    pub capabilities: Capabilities,
    /// The sessions it sees; empty = all of the organization.
    pub sessions: Vec<SessionId>,
    /// After this it opens nothing.
    pub expires_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

#[expect(
    missing_docs,
    reason = "each verb says what it does; the rows are documented above"
)]
pub trait OrganizationsView {
    fn org(&self, id: &OrgId) -> Result<Option<OrgRow>>;
    fn orgs(&self) -> Result<Vec<OrgRow>>;
    /// Deleted and not cleared to the end.
    fn orgs_deleted(&self) -> Result<Vec<OrgId>>;
    /// The organization bound to (issuer, claim value).
    fn org_by_claim(&self, issuer: &str, value: &str) -> Result<Option<OrgId>>;
    /// In order of issuer and value.
    fn claims_of(&self, org: &OrgId) -> Result<Vec<Claim>>;
    fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>>;
    fn key(&self, org: &OrgId, id: &KeyId) -> Result<Option<KeyRow>>;
    fn keys(&self, org: &OrgId) -> Result<Vec<KeyRow>>;
    /// Those not revoked by id, after `after`.
    fn keys_in_force(&self, org: &OrgId, after: Option<KeyId>, limit: usize)
    -> Result<Vec<KeyRow>>;
    /// A setting of the installation (schema facts, master-key check value).
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OrganizationsTx {
    fn insert_org(&mut self, row: &OrgRow) -> Result<()>;
    fn update_org(&mut self, row: &OrgRow) -> Result<()>;
    /// From now on no verb finds it, its keys are revoked, nobody belongs to it and no claim leads to it. Its sessions
    /// stay until they are deleted.
    fn delete_org(&mut self, org: &OrgId, at: Millis) -> Result<()>;
    /// Once a deleted one has no session left, not even one under erasure: removes up to `rows` rows of it, and at the end
    /// itself; `true` when all is gone. One that was not deleted stays as it is.
    fn erase_org(&mut self, org: &OrgId, rows: usize) -> Result<bool>;
    fn bind_org(&mut self, org: &OrgId, issuer: &str, value: &str) -> Result<()>;
    fn unbind_org(&mut self, org: &OrgId, issuer: &str, value: &str) -> Result<()>;
    fn insert_key(&mut self, row: &KeyRow) -> Result<()>;
    /// `false` when the organization has no such key or it was revoked before.
    fn revoke_key(&mut self, org: &OrgId, id: &KeyId, at: Millis) -> Result<bool>;
    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()>;
}
