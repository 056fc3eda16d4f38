//! A session's own proxy: sealed as a whole, shown without its credentials.

use crate::{Error, Result, ports::secrets::Secrets};
use wharf_types::{ProxyUrl, SessionId};

/// A proxy as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionProxy {
    /// The address with its credentials, under the master key.
    pub sealed: Vec<u8>,
    /// `scheme://host:port`.
    pub shown: String,
}

fn context(session: SessionId) -> Vec<u8> {
    format!("session/{session}/proxy").into_bytes()
}

impl SessionProxy {
    /// Seals an address for this session; it opens for no other.
    pub fn seal(secrets: &dyn Secrets, session: SessionId, proxy: &ProxyUrl) -> Self {
        Self {
            sealed: secrets.seal(&context(session), proxy.with_credentials().as_bytes()),
            shown: proxy.to_string(),
        }
    }

    /// The address to dial through.
    pub fn open(&self, secrets: &dyn Secrets, session: SessionId) -> Result<ProxyUrl> {
        let plain = secrets.open(&context(session), &self.sealed)?;
        std::str::from_utf8(&plain)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::Internal("a stored proxy is none".into()))
    }
}
