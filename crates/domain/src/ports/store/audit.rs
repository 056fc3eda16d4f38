//! The audit log.

use crate::Result;
use wharf_types::{AuditId, Millis, OrgId};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the log's order; the store gives it.
    pub place: i64,
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Millis,
    /// Of which organization, if of one.
    pub org: Option<OrgId>,
    /// Who: `key_…`, `user_…`, `wharf`, or "" for nobody known.
    pub actor: String,
    /// What was done: `noun.verb`.
    pub action: String,
    /// To what: its id.
    pub target: String,
    /// From which address, "" when from none.
    pub address: String,
    /// The request's id, "" when it was no request.
    pub request: String,
    /// JSON.
    pub details: String,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this organization.
    pub org: Option<OrgId>,
    /// By this actor.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Millis>,
    /// Not after.
    pub to: Option<Millis>,
}

/// Reading it.
pub trait AuditView {
    /// Newest first, before a place.
    fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>>;
}

/// Writing it.
pub trait AuditTx {
    /// Appends; `row.place` is ignored.
    fn append_audit(&mut self, row: &AuditRow) -> Result<()>;
    /// Takes out up to `rows` entries older than `before`; how many went.
    fn trim_audit(&mut self, before: Millis, rows: usize) -> Result<usize>;
}
