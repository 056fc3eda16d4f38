//! `GET /sessions/{session}/imports/{id}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::imports::ImportJob;

/// How an import stands. After a restart of the gateway a half-done one waits for its key: 409 with
/// `details.reason = "key_needed"`; give it with `resumeImport`. Needs `manage`.
#[utoipa::path(get, path = "/sessions/{session}/imports/{id}", tag = "imports",
    responses((status = 200, body = super::ImportJob),
        (status = 409, description = "`conflict`, reason `key_needed`: half-done; give its key")))]
pub async fn get_import(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    segment: Segment,
) -> ApiResult<Json<ImportJob>> {
    let job = state
        .domain()
        .get_import(here.scope, segment.id("import")?)
        .await?;
    Ok(Json(job))
}
