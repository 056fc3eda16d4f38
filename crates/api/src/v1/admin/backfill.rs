//! `POST /admin/sessions/{session}:backfill`, `GET /admin/sessions/{session}/backfill`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{AnySession, Origin},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use wharf_domain::backfill;
use wharf_types::Millis;

/// A pull of contacts, groups and members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackfillJob {
    /// People on any list, once contacts are pulled.
    contacts: i64,
    /// Machine code of why it failed, `""` otherwise.
    error: String,
    /// When it ended, well or not.
    finished_at: Option<Millis>,
    /// Members now, once groups are pulled.
    group_members: i64,
    /// Groups, once they are pulled.
    groups: i64,
    /// `job_…`.
    id: String,
    /// `org_…`.
    organization_id: String,
    /// `sess_…`.
    session_id: String,
    /// When it began.
    started_at: Millis,
    /// Where it stands.
    #[schema(value_type = JobStatus)]
    status: &'static str,
}

/// Where a job stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum JobStatus {
    /// At work, or waiting for a connection.
    Running,
    /// Done.
    Done,
    /// Given up.
    Failed,
}

impl From<backfill::BackfillJob> for BackfillJob {
    fn from(job: backfill::BackfillJob) -> Self {
        Self {
            contacts: job.contacts,
            error: job.error,
            finished_at: job.finished_at,
            group_members: job.group_members,
            groups: job.groups,
            id: job.id.to_string(),
            organization_id: job.organization_id.to_string(),
            session_id: job.session_id.to_string(),
            started_at: job.started_at,
            status: job.status,
        }
    }
}

/// Pulls a session's address book, groups and members from WhatsApp again; not its history. The job survives a restart;
/// each step is told by `backfill.updated`. Needs a login token with the platform role `super_admin`; live.
#[utoipa::path(post, path = "/admin/sessions/{session}/~backfill", tag = "admin",
    responses((status = 202, body = BackfillJob),
        (status = 409, description = "`conflict`: one runs"),
        (status = 501, description = "`not_implemented`: `details.reason` = `session_not_connected`")))]
pub async fn start_backfill(
    State(state): State<ApiState>,
    here: AnySession,
    origin: Origin,
) -> ApiResult<(StatusCode, Json<BackfillJob>)> {
    let by = origin.by(&here.principal);
    let job = state.domain().start_backfill(here.scope, &by).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// The running backfill of a session, or its last; 404 when there was none. Needs a login token with the platform role
/// `super_admin`.
#[utoipa::path(get, path = "/admin/sessions/{session}/backfill", tag = "admin",
    responses((status = 200, body = BackfillJob)))]
pub async fn get_backfill(
    State(state): State<ApiState>,
    here: AnySession,
) -> ApiResult<Json<BackfillJob>> {
    let job = state.domain().backfill(here.scope).await;
    Ok(Json(job.map_err(ApiError::from)?.into()))
}
