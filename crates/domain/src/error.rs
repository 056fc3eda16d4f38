//! The one error of the domain. The api crate maps it to HTTP in one table; nothing else does.

use std::collections::BTreeMap;
use wharf_types::Millis;

/// Why an operation did not happen. Unless said otherwise, nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Input is malformed; each field with what is wrong with it.
    #[error("invalid input: {0:?}")]
    Invalid(BTreeMap<String, String>),
    /// Unknown, foreign or not there yet; the noun for the message.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// More bytes than this are not taken.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// Older than the event log is kept.
    #[error("older than the event log")]
    Gone {
        /// The oldest event there is, if any.
        oldest: Option<wharf_types::EventId>,
    },
    /// A job or request of this kind is under way.
    #[error("{0}")]
    Conflict(String),
    /// A half-done import waits for its key.
    #[error("the import waits for its key")]
    KeyNeeded,
    /// The idempotency key belongs to another request.
    #[error("idempotency key was used with another request")]
    KeyReused,
    /// Over the session's rate.
    #[error("over the session's rate")]
    RateLimited {
        /// When the next would pass.
        retry_after_ms: Millis,
    },
    /// A live call without a connected client.
    #[error("session is not connected")]
    NotConnected,
    /// The session is unpaired or logged out.
    #[error("session is not paired")]
    NotPaired,
    /// No credential, or none that holds; in words that tell a stranger nothing.
    #[error("unauthorized: {0}")]
    Unauthorized(&'static str),
    /// Too many wrong attempts.
    #[error("too many attempts")]
    Throttled {
        /// When the next is taken.
        retry_after_ms: Millis,
    },
    /// The credential or the account lacks the right.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// WhatsApp refused.
    #[error("WhatsApp refused: {}", .0.message)]
    Upstream(crate::ports::engine::Refusal),
    /// WhatsApp did not answer a live call in time.
    #[error("WhatsApp did not answer in time")]
    Timeout,
    /// The store (or the owner) cannot be reached or cannot write: full disk, locked, gone.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A broken invariant or corrupt data: a bug or a wrong master key.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// One malformed field.
    pub fn invalid(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Invalid(BTreeMap::from([(field.into(), what.into())]))
    }
}

/// The domain's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
