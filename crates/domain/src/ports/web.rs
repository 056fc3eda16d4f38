//! Asking a server that a caller named. What may be asked, and how long, is the business of the guarded client behind
//! this port; the domain sees an answer or one sentence why there is none.

use async_trait::async_trait;
use bytes::Bytes;

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The rules forbid it, or nobody is there, or it takes too long. The text completes "the URL …".
    #[error("{0}")]
    Failed(String),
    /// More than was asked for.
    #[error("sends more than {0} bytes")]
    TooLarge(u64),
}

/// A body in chunks.
#[async_trait]
pub trait WebBody: Send {
    /// The next piece; `None` at the end. A body that breaks off is an error, never an end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, WebError>;
}

/// An answer of the web.
pub struct WebAnswer {
    /// 200 or another success; everything else is an error already.
    pub status: u16,
    /// `Content-Type` without parameters, "" when there is none.
    pub mimetype: String,
    /// The body.
    pub body: Box<dyn WebBody>,
}

/// The guarded way out.
#[async_trait]
pub trait Web: Send + Sync {
    /// Fetches from a URL somebody gave: no redirects, a deadline that grows with `most`, at most `most` bytes. The body
    /// must be read to its end to know that it is whole.
    async fn get(&self, url: &str, most: u64) -> Result<WebAnswer, WebError>;
}

/// For processes that ask nobody.
pub struct NoWeb;

#[async_trait]
impl Web for NoWeb {
    async fn get(&self, _: &str, _: u64) -> Result<WebAnswer, WebError> {
        Err(WebError::Failed("cannot be fetched by this process".into()))
    }
}
