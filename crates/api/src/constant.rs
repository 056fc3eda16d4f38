//! A route that answers a constant: the reference the benchmarks hold stored reads against.
//!
//! It passes everything a stored read passes (edge, credential, capability, session), so what is left of the
//! difference is the query and its answer. [`crate::router`] does not mount it.

use crate::{
    error::ApiResult,
    extract::{InSession, Read},
    state::ApiState,
};
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;

/// `GET /api/v1/sessions/{session}/constant`, for [`crate::router_with`].
pub fn constant_route(body: Bytes) -> Router<ApiState> {
    let json = HeaderValue::from_static("application/json");
    let answer = async move |_: InSession<Read>| -> ApiResult<Response> {
        Ok(([(header::CONTENT_TYPE, json.clone())], body.clone()).into_response())
    };
    Router::new().route("/api/v1/sessions/{session}/constant", get(answer))
}
