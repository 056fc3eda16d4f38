//! For those who run it: is it alive, is it ready, how is it doing.

use crate::{
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;
use wharf_types::Capability;

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn livez() -> impl IntoResponse {
    (TEXT, "ok\n")
}

/// The process can do its work; 503 says in words why not. The answer is at most a second old.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = String, content_type = "text/plain")))]
pub async fn readyz(State(state): State<ApiState>) -> Response {
    if state.domain().draining() {
        let words = "not ready: this gateway is draining\n";
        return (StatusCode::SERVICE_UNAVAILABLE, TEXT, words).into_response();
    }
    match state.readiness().ask(&*state.domain().store).await {
        Ok(()) => (TEXT, "ready\n").into_response(),
        Err(error) => {
            let words = format!("not ready: the store says: {error}\n");
            (StatusCode::SERVICE_UNAVAILABLE, TEXT, words).into_response()
        }
    }
}

/// Counters and timings of the process in Prometheus' text form. Wants the configured metrics token; where none is
/// configured, any credential with `manage` (no value is labelled with a tenant).
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(state): State<ApiState>, headers: HeaderMap) -> ApiResult<Response> {
    let render = state
        .metrics()
        .ok_or_else(|| ApiError::not_found("route"))?;
    match state.metrics_token() {
        Some(token) => {
            let given = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
                .unwrap_or_default();
            if !bool::from(given.ct_eq(token.as_bytes())) {
                return Err(ApiError::unauthorized());
            }
        }
        None => {
            let caller = state.auth().authenticate(&headers).await?;
            if !caller.capabilities.has(Capability::Manage) && !caller.super_admin {
                return Err(ApiError::forbidden("this needs the capability manage"));
            }
        }
    }
    let prometheus = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((prometheus, render()).into_response())
}
