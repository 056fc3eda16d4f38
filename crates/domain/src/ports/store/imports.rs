//! Imports of backups.

use crate::{
    Result,
    imports::{JobStatus, Place},
    sessions::SessionNo,
};
use wharf_types::{JobId, Millis};

/// An import and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as on `ImportJob`")]
pub struct ImportRow {
    pub id: JobId,
    pub status: JobStatus,
    /// Everything before it is stored.
    pub place: Place,
    pub messages: i64,
    pub progress: u8,
    pub error: String,
    pub started_at: Millis,
    pub finished_at: Option<Millis>,
}

/// Reading them.
pub trait ImportsView {
    fn import(&self, s: SessionNo, id: &JobId) -> Result<Option<ImportRow>>;
    /// The session's import that has no end yet.
    fn unfinished_import(&self, s: SessionNo) -> Result<Option<JobId>>;
    /// Those of all sessions.
    fn unfinished_imports(&self) -> Result<Vec<JobId>>;
}

/// Writing them.
pub trait ImportsTx {
    /// Inserts or replaces.
    fn put_import(&mut self, s: SessionNo, row: &ImportRow) -> Result<()>;
}
