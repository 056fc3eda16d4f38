//! `GET /sessions/{session}`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage},
    state::ApiState,
};
use axum::{Json, extract::State};

/// One session. Needs `manage`.
#[utoipa::path(get, path = "/sessions/{session}", tag = "sessions",
    responses((status = 200, body = Session)))]
pub async fn get_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
) -> ApiResult<Json<Session>> {
    let session = state.domain().get_session(here.scope).await?;
    Ok(Json(session.into()))
}
