//! `DELETE /webhooks/{id}`.

use super::scope;
use crate::{
    error::ApiResult,
    extract::{Caller, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Removes a webhook with the log of its deliveries. A second time 404. Needs `manage`.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks",
    responses((status = 204, description = "Removed.")))]
pub async fn delete_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    id: Segment,
) -> ApiResult<StatusCode> {
    let (id, by) = (id.id("webhook")?, origin.by(&caller.principal));
    state
        .domain()
        .delete_webhook(&scope(&caller), id, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
