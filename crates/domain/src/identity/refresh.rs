//! Refresh tokens: `wr_`, then in base64 the log-in's id, 16 random bytes, and a seal over both under a key of ours.
//!
//! The seal tells a token that was once good from one that somebody made up. So one hash a log-in is enough to know the
//! newest, however many came before; and whoever learns a log-in's id cannot end it by a forged token.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use ulid::Ulid;
use wharf_types::LoginId;

const PREFIX: &str = "wr_";
const RANDOM: usize = 16;

fn seal(key: &[u8; 32], body: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// A token of a log-in.
pub(super) fn make(key: &[u8; 32], login: LoginId, random: [u8; RANDOM]) -> String {
    let body = [login.ulid().to_bytes(), random].concat();
    let seal = seal(key, &body);
    format!("{PREFIX}{}", B64.encode([&body[..], &seal].concat()))
}

/// Whose token it is; `None` when it was never one of ours.
pub(super) fn login(key: &[u8; 32], token: &str) -> Option<LoginId> {
    let bytes: [u8; 64] = B64
        .decode(token.strip_prefix(PREFIX)?)
        .ok()?
        .try_into()
        .ok()?;
    let (body, given) = bytes.split_first_chunk::<32>()?;
    let id = body.first_chunk::<16>()?;
    bool::from(seal(key, body).ct_eq(given)).then(|| LoginId::new(Ulid::from_bytes(*id)))
}

/// What is stored of it.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_one_up() {
        let id = LoginId::new(Ulid::from_parts(7, 9));
        let token = make(&[1; 32], id, [5; 16]);
        assert_eq!(login(&[1; 32], &token), Some(id));
        assert_eq!(login(&[2; 32], &token), None);
        for place in 0..token.len() {
            let mut other = token.clone();
            let swap = if token.as_bytes()[place] == b'A' {
                "B"
            } else {
                "A"
            };
            other.replace_range(place..=place, swap);
            assert_eq!(login(&[1; 32], &other), None, "{place}");
            assert_eq!(login(&[1; 32], &token[..place]), None);
        }
    }
}
