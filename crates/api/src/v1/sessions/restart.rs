//! `POST /sessions/{session}:restart`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Stops and starts. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/~restart", tag = "sessions",
    responses((status = 200, body = Session)))]
pub async fn restart_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<Json<Session>> {
    let session = state
        .domain()
        .restart_session(here.scope, &origin.by(&here.principal))
        .await?;
    Ok(Json(session.into()))
}
