//! The secret a webhook signs with: `whsec_` and base64, as Standard Webhooks has it.

use crate::{Error, Result, ports::ids::Ids};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const BYTES: usize = 32;

/// A key to sign with.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Zeroizing<Vec<u8>>);

impl HookSecret {
    /// 32 random bytes.
    pub fn fresh(ids: &dyn Ids) -> Self {
        let mut bytes = Zeroizing::new(vec![0; BYTES]);
        ids.random(&mut bytes);
        Self(bytes)
    }

    /// One of the caller's: `whsec_` and 24 to 64 bytes in base64.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("secret", "must be whsec_ and 24 to 64 bytes in base64");
        let bare = text.strip_prefix(PREFIX).ok_or_else(wrong)?;
        let bytes = B64.decode(bare).map_err(|_| wrong())?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(wrong());
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The text form, to show once.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", B64.encode(&*self.0))
    }

    /// From its bytes, as they were sealed.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `v1,` and the HMAC-SHA256 of `id.timestamp.body`.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        for part in [id, ".", &seconds.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", B64.encode(mac.finalize().into_bytes()))
    }
}
