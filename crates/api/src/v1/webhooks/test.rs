//! `POST /webhooks/{id}:test`.

use super::scope;
use crate::{
    error::ApiResult,
    extract::{Caller, Manage, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a test.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    /// The first 4 kB of the receiver's answer.
    answer: String,
    /// The receiver took it.
    delivered: bool,
    /// Why there was no answer, `""` otherwise.
    error: String,
    /// The receiver's status, if it answered.
    #[schema(required)]
    http_status: Option<u16>,
    /// How long the answer took.
    latency_ms: u64,
}

/// Sends an event of type `webhook.test`, signed like any other, once and now, and tells what became of it. It is in no
/// log. Works for a webhook that is not active too. Needs `manage`.
#[utoipa::path(post, path = "/webhooks/{id}/~test", tag = "webhooks",
    responses((status = 200, body = Tested)))]
pub async fn test_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    id: Segment,
) -> ApiResult<Json<Tested>> {
    let id = id.id("webhook")?;
    let told = state.domain().test_webhook(&scope(&caller), id).await?;
    Ok(Json(Tested {
        delivered: told.taken(),
        http_status: told.status,
        latency_ms: u64::try_from(told.took.as_millis()).unwrap_or(u64::MAX),
        answer: told.answer,
        error: told.error,
    }))
}
