//! `PATCH /sessions/{session}`.

use super::{Session, UpdateSession};
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Changes settings; they take effect without a reconnect, `proxy` with the next connect. Needs `manage`.
#[utoipa::path(patch, path = "/sessions/{session}", tag = "sessions", request_body = UpdateSession,
    responses((status = 200, body = Session)))]
pub async fn update_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
    Body(body): Body<UpdateSession>,
) -> ApiResult<Json<Session>> {
    let session = state
        .domain()
        .update_session(here.scope, body.into(), &origin.by(&here.principal))
        .await?;
    Ok(Json(session.into()))
}
