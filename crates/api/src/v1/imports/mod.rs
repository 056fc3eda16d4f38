//! Imports of backups of WhatsApp for Android.

pub mod begin;
mod form;
pub mod get;
pub mod resume;

use serde::Serialize;
use utoipa::ToSchema;
use wharf_types::Millis;

/// An import.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportJob {
    /// Why it failed; `""` otherwise.
    error: String,
    /// When it was over.
    finished_at: Option<Millis>,
    /// `job_…`.
    id: String,
    /// Messages read so far, those that were known among them.
    messages: i64,
    /// `org_…`.
    organization_id: String,
    /// In percent.
    progress: u8,
    /// `sess_…`.
    session_id: String,
    /// When it was accepted.
    started_at: Millis,
    /// How it stands.
    status: ImportState,
}

/// How an import stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// At work.
    Running,
    /// All of it is stored.
    Done,
    /// `error` says why.
    Failed,
}
