//! `GET /webhooks/{id}`.

use super::{Webhook, scope};
use crate::{
    error::ApiResult,
    extract::{Caller, Manage, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};

/// One webhook, without its secret. Needs `manage`.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "webhooks",
    responses((status = 200, body = Webhook)))]
pub async fn get_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    id: Segment,
) -> ApiResult<Json<Webhook>> {
    let id = id.id("webhook")?;
    let webhook = state.domain().get_webhook(&scope(&caller), id).await?;
    Ok(Json(webhook.into()))
}
