//! `DELETE /sessions/{session}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Manage, Origin},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Removes the session and its stored data. Does not unlink the phone: log out first for that. Needs `manage`.
#[utoipa::path(delete, path = "/sessions/{session}", tag = "sessions",
    responses((status = 204, description = "Gone.")))]
pub async fn delete_session(
    State(state): State<ApiState>,
    here: InSession<Manage>,
    origin: Origin,
) -> ApiResult<StatusCode> {
    let by = origin.by(&here.principal);
    let deleted = state.domain().delete_session(here.scope, &by).await;
    // Also after a failure: whether the row went is then unknown.
    state.scopes().forget(&here.scope);
    deleted?;
    Ok(StatusCode::NO_CONTENT)
}
