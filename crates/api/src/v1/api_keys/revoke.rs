//! `DELETE /api-keys/{id}`.

use crate::{
    error::ApiResult,
    extract::{Caller, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Revokes a key; it opens nothing within five seconds. A second time 404. Needs `manage`.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "keys",
    responses((status = 204, description = "Revoked.")))]
pub async fn revoke_api_key(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    id: Segment,
) -> ApiResult<StatusCode> {
    let by = origin.by(&caller.principal);
    state
        .domain()
        .revoke_key(caller.org, id.id("API key")?, caller.principal.grant(), &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
