//! `POST /sessions/{session}:logout`.

use super::Session;
use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Unlinks the device at WhatsApp; the row stays (`logged_out`) and stored data stays readable. Repeating is a
/// no-op. Needs `manage`.
#[utoipa::path(post, path = "/sessions/{session}/~logout", tag = "sessions",
    responses((status = 200, body = Session)))]
pub async fn logout_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<Json<Session>> {
    let session = state
        .domain()
        .logout_session(here.scope, &origin.by(&here.principal))
        .await?;
    Ok(Json(session.into()))
}
