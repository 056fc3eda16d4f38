//! The token a client gets with `media_conn` and shows when it uploads.
//!
//! It is signed rather than remembered, so that a token handed out before a restart stays good: the
//! device, the expiry, and an HMAC over both under a secret of the data directory.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a token is good, in seconds. WhatsApp hands out six hours.
pub const TTL_SECS: i64 = 6 * 3600;

/// Makes and checks upload tokens.
#[derive(Clone)]
pub struct UploadAuth {
    secret: [u8; 32],
}

impl UploadAuth {
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// A token for `device` (its full JID), good until `now` plus [`TTL_SECS`].
    pub fn issue(&self, device: &str, now_secs: i64) -> Result<String> {
        let claim = format!("{}|{device}", now_secs.saturating_add(TTL_SECS));
        let mac = self.mac(claim.as_bytes())?.finalize().into_bytes();
        Ok(format!("{}.{}", B64.encode(claim), B64.encode(mac)))
    }

    /// The device a token was issued to, or nothing when it is forged or stale.
    pub fn check(&self, token: &str, now_secs: i64) -> Option<String> {
        let (claim, mac) = token.split_once('.')?;
        let (claim, mac) = (B64.decode(claim).ok()?, B64.decode(mac).ok()?);
        self.mac(&claim).ok()?.verify_slice(&mac).ok()?;
        let claim = String::from_utf8(claim).ok()?;
        let (until, device) = claim.split_once('|')?;
        (now_secs <= until.parse().ok()?).then(|| device.to_owned())
    }

    fn mac(&self, claim: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret).context("token key")?;
        mac.update(claim);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_time_and_its_maker_only() {
        let auth = UploadAuth::new([7; 32]);
        let token = auth.issue("15550001@s.whatsapp.net", 1000).unwrap();
        assert_eq!(
            auth.check(&token, 1000 + TTL_SECS).as_deref(),
            Some("15550001@s.whatsapp.net")
        );
        assert_eq!(auth.check(&token, 1001 + TTL_SECS), None);
        assert_eq!(UploadAuth::new([8; 32]).check(&token, 1000), None);
        let (claim, mac) = token.split_once('.').unwrap();
        let other = B64.encode("99999999999|15550002@s.whatsapp.net");
        assert_eq!(auth.check(&format!("{other}.{mac}"), 1000), None);
        assert_eq!(auth.check(claim, 1000), None);
        assert_eq!(auth.check("", 1000), None);
    }
}
