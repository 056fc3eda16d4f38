//! An import as callers see it.

use crate::{ports::store::ImportRow, sessions::SessionScope};
use serde::Serialize;
use wharf_types::{JobId, Millis, OrgId, SessionId};

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum JobStatus {
    Running,
    Done,
    Failed,
}

impl JobStatus {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// An import as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportJob {
    /// Why it failed, "" otherwise.
    pub error: String,
    /// When it was over.
    pub finished_at: Option<Millis>,
    /// `job_…`.
    pub id: JobId,
    /// Messages read so far, known ones among them.
    pub messages: i64,
    /// Whose.
    pub organization_id: OrgId,
    /// In percent.
    pub progress: u8,
    /// Into which session.
    pub session_id: SessionId,
    /// When it was accepted.
    pub started_at: Millis,
    /// How it stands.
    pub status: JobStatus,
}

impl ImportJob {
    pub(super) fn of(scope: &SessionScope, row: &ImportRow) -> Self {
        Self {
            error: row.error.clone(),
            finished_at: row.finished_at,
            id: row.id,
            messages: row.messages,
            organization_id: scope.org,
            progress: row.progress,
            session_id: scope.id,
            started_at: row.started_at,
            status: row.status,
        }
    }
}
