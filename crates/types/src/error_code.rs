//! The machine-readable half of every error answer.

use serde::{Deserialize, Serialize};

/// `error.code`; which HTTP status carries it is decided in the api crate, in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each name is the code the contract's table explains"
)]
pub enum ErrorCode {
    ValidationError,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    UnsupportedMediaType,
    Gone,
    Conflict,
    IdempotencyKeyReused,
    RateLimited,
    NotImplemented,
    UpstreamError,
    Unavailable,
    Timeout,
    Internal,
}
