//! `POST /sessions/{session}:start`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Connects the session; unpaired, it begins QR pairing. Repeating is a no-op. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/~start", tag = "sessions",
    responses((status = 200, body = Session)))]
pub async fn start_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<Json<Session>> {
    let session = state
        .domain()
        .start_session(here.scope, &origin.by(&here.principal))
        .await?;
    Ok(Json(session.into()))
}
