//! The JSON body: 413, 415, then 400 naming the field.

use super::strict_json;
use crate::{
    error::{ApiError, ApiResult},
    state::ApiState,
};
use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Most bodies.
pub const JSON_LIMIT: usize = 1 << 20;
/// `POST …/messages`, which may carry media.
pub const MESSAGE_LIMIT: usize = 24 << 20;

/// Who sends slower than this holds memory for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body of at most [`JSON_LIMIT`] bytes, as `T`. No body at all is `{}`.
pub struct Body<T>(pub T);

/// A body of at most [`MESSAGE_LIMIT`] bytes, still untyped: the idempotency fingerprint is over it.
pub struct LargeBody(pub Value);

impl LargeBody {
    /// As `T`, which denies unknown fields.
    pub fn typed<T: DeserializeOwned>(self) -> ApiResult<T> {
        strict_json::typed(self.0).map_err(refuse)
    }
}

impl<T: DeserializeOwned> FromRequest<ApiState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &ApiState) -> ApiResult<Self> {
        let value = read(request, JSON_LIMIT).await?;
        strict_json::typed(value).map(Self).map_err(refuse)
    }
}

impl FromRequest<ApiState> for LargeBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &ApiState) -> ApiResult<Self> {
        read(request, MESSAGE_LIMIT).await.map(Self)
    }
}

fn refuse(wrong: strict_json::Wrong) -> ApiError {
    ApiError::invalid(&wrong.field, wrong.what)
}

async fn read(request: Request, limit: usize) -> ApiResult<Value> {
    let headers = request.headers();
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    let typed = media_type(headers)?;
    let reading = tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), limit));
    let Ok(read) = reading.await else {
        return Err(ApiError::invalid("body", "did not arrive within 60 s"));
    };
    let bytes = read.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit"));
        if too_large {
            ApiError::payload_too_large(limit)
        } else {
            ApiError::invalid("body", "ended early")
        }
    })?;
    match (bytes.is_empty(), typed) {
        (true, false) => Ok(Value::Object(serde_json::Map::new())),
        (false, false) => Err(ApiError::unsupported_media_type()),
        (_, true) => strict_json::value(&bytes).map_err(refuse),
    }
}

/// Whether the body calls itself JSON; 415 when it calls itself anything else.
fn media_type(headers: &HeaderMap) -> ApiResult<bool> {
    let plain = |name| {
        headers
            .get(name)
            .is_none_or(|v| v.as_bytes().eq_ignore_ascii_case(b"identity"))
    };
    if !plain(header::CONTENT_ENCODING) {
        return Err(ApiError::unsupported_media_type());
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(false);
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(true)
    } else {
        Err(ApiError::unsupported_media_type())
    }
}
