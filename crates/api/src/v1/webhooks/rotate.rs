//! `POST /webhooks/{id}:rotate`.

use super::{WebhookWithSecret, scope};
use crate::{
    error::ApiResult,
    extract::{Caller, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Gives a webhook a new secret and shows it, this once. The former one signs too for 24 h. Needs `manage`.
#[utoipa::path(post, path = "/webhooks/{id}/~rotate", tag = "webhooks",
    responses((status = 200, body = WebhookWithSecret)))]
pub async fn rotate_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    id: Segment,
) -> ApiResult<Json<WebhookWithSecret>> {
    let (id, by) = (id.id("webhook")?, origin.by(&caller.principal));
    let made = state
        .domain()
        .rotate_webhook(&scope(&caller), id, &by)
        .await?;
    Ok(Json(made.into()))
}
