//! Long work that outlives the process: one job of each kind a session, the running or the last.

use crate::{
    Result,
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{JobId, Millis};

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What is done.
    pub kind: &'static str,
    /// When it began.
    pub started_at: Millis,
    /// When it ended, well or not; `None` while it runs.
    pub finished_at: Option<Millis>,
    /// Why it failed, "" otherwise.
    pub error: String,
    /// How far it is: JSON of the kind's own.
    pub progress: String,
}

/// How much a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// People on any list.
    pub contacts: i64,
    /// Groups.
    pub groups: i64,
    /// Members now, of all groups.
    pub members: i64,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait JobsView {
    fn job(&self, s: SessionNo, kind: &'static str) -> Result<Option<JobRow>>;
    /// Of every session.
    fn jobs_running(&self, kind: &'static str) -> Result<Vec<(SessionScope, JobRow)>>;
    fn counted(&self, s: SessionNo) -> Result<Counted>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait JobsTx {
    /// Inserts or replaces by session and kind.
    fn put_job(&mut self, s: SessionNo, row: &JobRow) -> Result<()>;
}
