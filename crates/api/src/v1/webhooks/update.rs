//! `PATCH /webhooks/{id}`.

use super::{SetWebhook, Webhook, scope};
use crate::{
    error::ApiResult,
    extract::{Body, Caller, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};

/// Changes a webhook; it takes effect with the next attempt. Needs `manage`.
#[utoipa::path(patch, path = "/webhooks/{id}", tag = "webhooks", request_body = SetWebhook,
    responses((status = 200, body = Webhook)))]
pub async fn update_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    id: Segment,
    Body(body): Body<SetWebhook>,
) -> ApiResult<Json<Webhook>> {
    let (id, by) = (id.id("webhook")?, origin.by(&caller.principal));
    let webhook = state
        .domain()
        .update_webhook(&scope(&caller), id, body.read()?, &by)
        .await?;
    Ok(Json(webhook.into()))
}
