//! `POST /webhooks/{id}/deliveries/{did}:retry`.

use super::scope;
use crate::{
    error::{ApiError, ApiResult},
    extract::{Caller, Manage},
    state::ApiState,
};
use axum::{
    extract::{RawPathParams, State},
    http::StatusCode,
};
use std::str::FromStr;

fn named<T: FromStr>(params: &RawPathParams, name: &str, noun: &'static str) -> ApiResult<T> {
    params
        .iter()
        .find(|(key, _)| *key == name)
        .and_then(|(_, text)| text.parse().ok())
        .ok_or_else(|| ApiError::not_found(noun))
}

/// Tells the event of an attempt again, as soon as can be; 409 while the webhook is not active. Needs `manage`.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{did}/~retry", tag = "webhooks",
    responses((status = 202, description = "It is tried again."), (status = 409, description = "`conflict`: not active")))]
pub async fn retry_delivery(
    State(state): State<ApiState>,
    caller: Caller<Manage>,
    params: RawPathParams,
) -> ApiResult<StatusCode> {
    let id = named(&params, "id", "webhook")?;
    let delivery = named(&params, "did", "delivery")?;
    state
        .domain()
        .retry_delivery(&scope(&caller), id, delivery)
        .await?;
    Ok(StatusCode::ACCEPTED)
}
