//! What can go wrong on the way out. None of these texts contains the URL: it may carry a secret.

use std::net::IpAddr;

/// The rules forbid the request. The text names the setting that would permit it, where there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is not an absolute http or https URL")]
    Malformed,
    #[error("must be https (http is allowed by outbound.allow_http)")]
    PlainHttp,
    #[error("must not contain a user name or password")]
    UserInfo,
    #[error("has a port that is not allowed: 80, 443 and most above 1023 are")]
    Port(u16),
    #[error(
        "leads to an address that is not on the public internet (outbound.allow_subnets makes exceptions)"
    )]
    Address(IpAddr),
    #[error("redirects, which is not followed")]
    Redirect,
}

/// Why there is no answer, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("its host name could not be resolved")]
    Unresolved,
    #[error("could not be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("did not answer in time")]
    TooSlow,
    #[error("sends more than {0} bytes")]
    TooLarge(u64),
    #[error("broke off")]
    Broken(#[source] reqwest::Error),
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
}

/// No host name came out of the DNS; told apart from what the policy refuses.
#[derive(Debug, thiserror::Error)]
#[error("not resolved")]
pub(crate) struct NoName;

impl Error {
    /// What the HTTP client says, with our own reasons taken out of its chain of causes.
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(this) = cause {
            if let Some(refused) = this.downcast_ref::<Refused>() {
                return Self::Refused(refused.clone());
            }
            if this.is::<NoName>() {
                return Self::Unresolved;
            }
            cause = this.source();
        }
        if error.is_timeout() {
            Self::TooSlow
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::Broken(error)
        }
    }
}
