//! One mapping from what went wrong to HTTP.
//!
//! The domain answers [`wharf_domain::Error`], the layers of this crate make [`ApiError`] directly; both leave
//! as the contract's envelope `{"error": {"code", "message", "details"}}`. The cause of a 5xx stays here: it
//! travels beside the response as a [`Cause`] and is logged once, at the edge, with the request id.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use wharf_domain::Error;
use wharf_types::{ErrorCode, Millis};

/// How long a caller should leave an unavailable store alone, in seconds.
const UNAVAILABLE_RETRY: u64 = 2;

/// What a handler may fail with.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

/// The result of everything in this crate.
pub type ApiResult<T, E = ApiError> = Result<T, E>;

#[derive(Debug)]
struct Problem {
    status: StatusCode,
    code: ErrorCode,
    message: Cow<'static, str>,
    details: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

/// Why a 5xx was answered; for the log alone.
#[derive(Debug, Clone)]
pub struct Cause(pub String);

impl ApiError {
    fn new(status: StatusCode, code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Problem {
            status,
            code,
            message: message.into(),
            details: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// With one more detail.
    pub(crate) fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// 400: one field and what is wrong with it.
    pub fn invalid(field: &str, what: impl Into<String>) -> Self {
        Error::invalid(field, what).into()
    }

    /// 401. Says nothing about which part did not verify.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            ErrorCode::Unauthorized,
            "a valid credential is needed: Authorization: Bearer <token>, or x-api-key",
        )
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the credential lacks a capability or a role.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message)
    }

    /// 404 for a noun.
    pub fn not_found(noun: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::NotFound,
            format!("{noun} not found"),
        )
    }

    /// 405; the router adds `Allow`.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::MethodNotAllowed,
            "this path does not take that method; see the Allow header",
        )
    }

    /// 406: none of the media types the caller takes is made here.
    pub fn not_acceptable(made: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            ErrorCode::NotAcceptable,
            format!("this answer comes as {made}"),
        )
    }

    /// 413 over a limit in bytes.
    pub fn payload_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::PayloadTooLarge,
            format!("larger than {limit} bytes"),
        )
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::UnsupportedMediaType,
            "the body must be application/json, not compressed",
        )
    }

    /// 416: a part of a file that is not there; `Content-Range` says what is.
    pub fn range(there: HeaderValue) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            ErrorCode::ValidationError,
            "Range: the file has no such part",
        )
        .header(header::CONTENT_RANGE, there)
    }

    /// 501: part of the contract that this version does not do yet.
    pub fn not_built(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            ErrorCode::NotImplemented,
            format!("{what} is not implemented yet"),
        )
        .detail("reason", "not_built")
    }

    /// 503, with the cause for the log.
    pub fn unavailable(message: &'static str, cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Unavailable,
            message,
        )
        .header(header::RETRY_AFTER, UNAVAILABLE_RETRY)
        .cause(cause)
    }

    /// 500, with the cause for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Internal,
            "something broke here; the request id finds it in the log",
        )
        .cause(cause)
    }

    /// The HTTP status it leaves with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

/// Whole seconds to wait, at least one.
fn seconds(ms: Millis) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(fields) => {
                let message = match fields.iter().next() {
                    Some((field, what)) => format!("{field}: {what}"),
                    None => "the request is malformed".to_owned(),
                };
                fields.into_iter().fold(
                    Self::new(StatusCode::BAD_REQUEST, ErrorCode::ValidationError, message),
                    |e, (field, what)| e.detail(&field, what),
                )
            }
            Error::NotFound(noun) => Self::not_found(noun),
            Error::TooLarge(most) => {
                Self::payload_too_large(usize::try_from(most).unwrap_or(usize::MAX))
            }
            Error::Gone { oldest } => Self::new(
                StatusCode::GONE,
                ErrorCode::Gone,
                "older than the event log is kept; details.oldest is the oldest event there is",
            )
            .detail(
                "oldest",
                oldest.map(|id| id.to_string()).unwrap_or_default(),
            ),
            Error::Conflict(message) => {
                Self::new(StatusCode::CONFLICT, ErrorCode::Conflict, message)
            }
            Error::KeyNeeded => Self::new(
                StatusCode::CONFLICT,
                ErrorCode::Conflict,
                "the import is half done and waits for its key",
            )
            .detail("reason", "key_needed"),
            Error::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                ErrorCode::IdempotencyKeyReused,
                "this Idempotency-Key was used with another request",
            ),
            Error::RateLimited { retry_after_ms } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::RateLimited,
                "over the session's rate; Retry-After says when the next send would pass",
            )
            .header(header::RETRY_AFTER, seconds(retry_after_ms)),
            Error::NotConnected => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                ErrorCode::NotImplemented,
                "the session is not connected",
            )
            .detail("reason", "session_not_connected"),
            Error::NotPaired => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                ErrorCode::NotImplemented,
                "the session is not paired with an account",
            )
            .detail("reason", "not_paired"),
            Error::Unauthorized(words) => {
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, words)
                    .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            Error::Throttled { retry_after_ms } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::RateLimited,
                "too many attempts; Retry-After says when the next is taken",
            )
            .header(header::RETRY_AFTER, seconds(retry_after_ms)),
            Error::Forbidden(reason) => {
                Self::forbidden("the credential or the account lacks the right")
                    .detail("reason", reason)
            }
            Error::Upstream(refusal)
                if matches!(refusal.reason, "not_group_admin" | "not_channel_admin") =>
            {
                Self::forbidden(refusal.message).detail("reason", refusal.reason)
            }
            Error::Upstream(refusal) => {
                let refused = Self::new(
                    StatusCode::BAD_GATEWAY,
                    ErrorCode::UpstreamError,
                    refusal.message,
                )
                .detail("reason", refusal.reason);
                match refusal.until {
                    Some(until) => refused.detail("until", until),
                    None => refused,
                }
            }
            Error::Timeout => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                ErrorCode::Timeout,
                "WhatsApp did not answer in time",
            ),
            Error::Unavailable(cause) => {
                Self::unavailable("the gateway cannot do this now; try again", cause)
            }
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = *self.0;
        let mut error = json!({"code": problem.code, "message": problem.message});
        if let (false, Some(fields)) = (problem.details.is_empty(), error.as_object_mut()) {
            fields.insert("details".to_owned(), Value::Object(problem.details));
        }
        let mut response = (problem.status, Json(json!({ "error": error }))).into_response();
        response.headers_mut().extend(problem.headers);
        if let Some(cause) = problem.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_domain::ports::engine::Refusal;

    async fn answer(error: impl Into<ApiError>) -> (u16, Option<String>, Value) {
        let response = error.into().into_response();
        let retry = response
            .headers()
            .get(header::RETRY_AFTER)
            .map(|v| v.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16)
            .await
            .unwrap();
        (status, retry, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_contracts_table() {
        let refused = |reason| {
            Error::Upstream(Refusal {
                reason,
                message: "no".into(),
                until: Some(5),
            })
        };
        for (error, status, code, reason) in [
            (Error::NotFound("chat"), 404, "not_found", None),
            (Error::Conflict("busy".into()), 409, "conflict", None),
            (Error::KeyNeeded, 409, "conflict", Some("key_needed")),
            (Error::KeyReused, 422, "idempotency_key_reused", None),
            (
                Error::NotConnected,
                501,
                "not_implemented",
                Some("session_not_connected"),
            ),
            (Error::NotPaired, 501, "not_implemented", Some("not_paired")),
            (Error::Forbidden("x"), 403, "forbidden", Some("x")),
            (
                refused("not_group_admin"),
                403,
                "forbidden",
                Some("not_group_admin"),
            ),
            (
                refused("reachout_timelocked"),
                502,
                "upstream_error",
                Some("reachout_timelocked"),
            ),
            (Error::Timeout, 504, "timeout", None),
            (Error::Internal("secret".into()), 500, "internal", None),
        ] {
            let (got, _, body) = answer(error).await;
            assert_eq!((got, &body["error"]["code"]), (status, &json!(code)));
            assert_eq!(
                body["error"]["details"]["reason"].as_str(),
                reason,
                "{body}"
            );
            assert!(!body.to_string().contains("secret"));
        }
    }

    #[tokio::test]
    async fn fields_and_waits() {
        let (status, _, body) = answer(Error::invalid("limit", "must be an integer")).await;
        assert_eq!(status, 400);
        assert_eq!(
            body,
            json!({"error": {"code": "validation_error", "message": "limit: must be an integer",
                "details": {"limit": "must be an integer"}}})
        );
        let (status, retry, _) = answer(Error::RateLimited {
            retry_after_ms: 1001,
        })
        .await;
        assert_eq!((status, retry.as_deref()), (429, Some("2")));
        let (status, retry, _) = answer(Error::Unavailable("disk".into())).await;
        assert_eq!((status, retry.as_deref()), (503, Some("2")));
    }
}
