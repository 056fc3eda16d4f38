//! `DELETE /sessions/{session}/passkey`.

use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Gives up the linking that waits for a passkey; the session is `stopped` then. 404 when none waits. Needs `manage`.
#[utoipa::path(delete, path = "/sessions/{session}/passkey", tag = "sessions",
    responses((status = 204, description = "Given up.")))]
pub async fn cancel_passkey(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    state.domain().cancel_passkey(here.scope, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
