//! `POST /webhooks`.

use super::{SetWebhook, WebhookWithSecret, scope};
use crate::{
    error::ApiResult,
    extract::{Body, Caller, Manage, Origin},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};

/// Makes a webhook and shows its secret, this once. It is told what comes from now on. Deliveries are signed as Standard
/// Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`), come at least once and in order within a session
/// unless one fails, and count as taken when answered with 2xx within 15 s. Needs `manage`; a key limited to sessions must
/// name one of them.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = SetWebhook,
    responses((status = 201, body = WebhookWithSecret)))]
pub async fn create_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    origin: Origin,
    Body(body): Body<SetWebhook>,
) -> ApiResult<(StatusCode, Json<WebhookWithSecret>)> {
    let by = origin.by(&caller.principal);
    let made = state
        .domain()
        .create_webhook(&scope(&caller), body.read()?, &by)
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
