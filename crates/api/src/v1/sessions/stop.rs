//! `POST /sessions/{session}:stop`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Closes the connection and keeps the link. Repeating is a no-op. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/~stop", tag = "sessions",
    responses((status = 200, body = Session)))]
pub async fn stop_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<Json<Session>> {
    let session = state
        .domain()
        .stop_session(here.scope, &origin.by(&here.principal))
        .await?;
    Ok(Json(session.into()))
}
