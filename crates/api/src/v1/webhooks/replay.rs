//! `POST /webhooks/{id}:replay`.

use super::scope;
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Caller, Manage, Origin, Segment},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_domain::webhooks::ReplayAsked;
use wharf_types::Millis;

/// What to tell again: a range, or what failed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replay {
    /// Events from this time on.
    from: Option<Millis>,
    /// Up to this time; absent = now.
    to: Option<Millis>,
    /// `failed`: what was given up.
    status: Option<String>,
}

/// How much is told again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Events.
    queued: usize,
}

/// Tells events again: those of a range of time that pass the webhook's filters, or with `status: "failed"` those that
/// were given up. At most 10,000 in one call; 409 while the webhook is not active. Needs `manage`.
#[utoipa::path(post, path = "/webhooks/{id}/~replay", tag = "webhooks", request_body = Replay,
    responses((status = 202, body = Replayed), (status = 409, description = "`conflict`: not active")))]
pub async fn replay_webhook(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    id: Segment,
    origin: Origin,
    Body(body): Body<Replay>,
) -> ApiResult<(StatusCode, Json<Replayed>)> {
    let id = id.id("webhook")?;
    let asked = match (body.from, body.to, body.status.as_deref()) {
        (Some(from), to, None) => ReplayAsked::Range(from, to.unwrap_or(Millis::MAX)),
        (None, None, Some("failed")) => ReplayAsked::Failed,
        (_, _, Some("failed")) => {
            return Err(ApiError::invalid("status", "stands alone, without a range"));
        }
        (_, _, Some(_)) => return Err(ApiError::invalid("status", "must be failed")),
        (None, _, None) => return Err(ApiError::invalid("from", "is required, or status")),
    };
    let queued = state
        .domain()
        .replay_webhook(&scope(&caller), id, asked, &origin.by(&caller.principal))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { queued })))
}
