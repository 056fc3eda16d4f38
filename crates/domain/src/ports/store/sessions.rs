//! Sessions.

use crate::{
    Result,
    sessions::{SessionNo, SessionRow, SessionScope},
};
use wharf_types::{OrgId, SessionId};

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SessionsView {
    /// `None` when unknown or another organization's.
    fn session(&self, org: &OrgId, id: &SessionId) -> Result<Option<SessionRow>>;
    /// Of any organization: for the platform's own.
    fn session_anywhere(&self, id: &SessionId) -> Result<Option<SessionScope>>;
    /// By number, oldest first, after `after`.
    fn sessions(
        &self,
        org: &OrgId,
        after: Option<SessionNo>,
        limit: usize,
    ) -> Result<Vec<SessionRow>>;
    /// Of every organization: for the supervisor at start and for admins.
    fn sessions_everywhere(
        &self,
        after: Option<SessionNo>,
        limit: usize,
    ) -> Result<Vec<SessionRow>>;
    /// Deleted and not erased to the end.
    fn sessions_deleted(&self) -> Result<Vec<SessionScope>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SessionsTx {
    /// `row.scope.no` is ignored; the store gives one and returns it.
    fn insert_session(&mut self, row: &SessionRow) -> Result<SessionNo>;
    fn update_session(&mut self, row: &SessionRow) -> Result<()>;
    /// From now on no verb finds the session, gives it a row id or logs for it, and its events read as erased:
    /// they keep id, seq and type. Its rows stay until they are erased.
    fn delete_session(&mut self, scope: &SessionScope) -> Result<()>;
    /// Removes up to `rows` rows that a deleted session left, and once nothing is left the session itself; `true`
    /// when all is gone. A session that was not deleted stays as it is.
    fn erase_session(&mut self, scope: &SessionScope, rows: usize) -> Result<bool>;
    /// Takes `count` row ids of one kind, of this session; returns the first. Never given twice.
    fn take_ids(&mut self, session: SessionNo, kind: RowKind, count: i64) -> Result<i64>;
}

/// Kinds of rows with ids counted per session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each names its table")]
pub enum RowKind {
    Person,
    Chat,
    Message,
    Group,
    Member,
}
