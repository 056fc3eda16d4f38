//! The public keys of an issuer, fetched when needed and kept.
//!
//! - Keys older than [`FRESH`] are fetched again in the background; while that fails the old ones serve, for at
//!   most [`STALE`].
//! - An unknown `kid` causes one fetch, at most once in [`APART`] whatever callers send; one fetch at a time.
//! - A fetch has a deadline here; size, redirects and addresses are the guarded client's business.

use super::config::{Algorithm, IssuerConfig};
use crate::error::{ApiError, ApiResult};
use async_trait::async_trait;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use wharf_types::Millis;

const FRESH: Millis = 10 * 60_000;
const STALE: Millis = 24 * 3_600_000;
const APART: Millis = 60_000;
/// After a failed first fetch callers get 503 at once for this long.
const RETRY: Millis = 5_000;
const DEADLINE: Duration = Duration::from_secs(5);
const MOST_KEYS: usize = 100;
/// Smaller RSA moduli (2048 bits) can be broken by somebody patient.
const RSA_BYTES: usize = 256;

/// How a JWKS is fetched: the program brings its guarded client, tests their own.
#[async_trait]
pub trait FetchJwks: Send + Sync {
    /// The document, or why not, for the log.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;
}

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A parsed JWKS: only keys that can verify one of our algorithms.
pub struct Keys(Vec<Key>);

impl Keys {
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(document).map_err(|e| e.to_string())?;
        // A key of a kind we do not know must not hide the others.
        let usable = set
            .keys
            .into_iter()
            .take(MOST_KEYS)
            .filter_map(|key| Key::of(&serde_json::from_value(key).ok()?))
            .collect();
        Ok(Self(usable))
    }

    fn knows(&self, kid: Option<&str>) -> bool {
        kid.is_none() || self.0.iter().any(|key| key.kid.as_deref() == kid)
    }

    /// The key of this id that can do this algorithm. Without an id only a set of one key decides.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let candidate = match (kid, self.0.as_slice()) {
            (Some(_), keys) => keys
                .iter()
                .find(|key| key.kid.as_deref() == kid && key.algorithm == algorithm),
            (None, [only]) => Some(only).filter(|key| key.algorithm == algorithm),
            (None, _) => None,
        };
        candidate.map(|key| &key.key)
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Option<Self> {
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if modulus(&rsa.n) >= RSA_BYTES => {
                (Algorithm::RS256, KeyAlgorithm::RS256)
            }
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(ed) if ed.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EDDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let for_signatures = matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        if !for_signatures || jwk.common.key_algorithm.is_some_and(|said| said != named) {
            return None;
        }
        Some(Self {
            kid: jwk.common.key_id.clone(),
            algorithm,
            key: DecodingKey::from_jwk(jwk).ok()?,
        })
    }
}

/// Length in bytes of an unpadded base64 number.
fn modulus(text: &str) -> usize {
    text.len() * 3 / 4
}

#[derive(Default)]
struct Known {
    keys: Option<Arc<Keys>>,
    /// When they were fetched.
    at: Millis,
    /// When the last fetch began, good or bad.
    tried_at: Option<Millis>,
}

/// An issuer and what is known of its keys.
pub struct Issuer {
    /// As configured.
    pub config: IssuerConfig,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    fetch: Arc<dyn FetchJwks>,
    known: RwLock<Known>,
    fetching: tokio::sync::Mutex<()>,
}

impl Issuer {
    /// Nothing is fetched yet.
    pub fn new(config: IssuerConfig, fetch: Arc<dyn FetchJwks>) -> Self {
        let shared = Arc::new(Shared {
            url: config.jwks_url.clone(),
            fetch,
            known: RwLock::default(),
            fetching: tokio::sync::Mutex::new(()),
        });
        Self { config, shared }
    }

    /// The keys to look `kid` up in: 503 when there have never been any and none can be had.
    pub async fn keys_for(&self, kid: Option<&str>, now: Millis) -> ApiResult<Arc<Keys>> {
        let (keys, age) = self.shared.current(now);
        match keys {
            Some(keys) if keys.knows(kid) => {
                if age > FRESH && self.shared.may_try(now, APART) {
                    let shared = Arc::clone(&self.shared);
                    tokio::spawn(async move { shared.refresh(now, APART).await });
                }
                Ok(keys)
            }
            Some(_) => {
                self.shared.refresh(now, APART).await;
                self.shared.current(now).0.ok_or_else(unreachable)
            }
            None => {
                self.shared.refresh(now, RETRY).await;
                self.shared.current(now).0.ok_or_else(unreachable)
            }
        }
    }
}

fn unreachable() -> ApiError {
    ApiError::unavailable(
        "the keys of the token's issuer cannot be fetched; try again",
        "no JWKS",
    )
}

impl Shared {
    fn current(&self, now: Millis) -> (Option<Arc<Keys>>, Millis) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let age = now.saturating_sub(known.at);
        (known.keys.clone().filter(|_| age <= STALE), age)
    }

    fn may_try(&self, now: Millis, apart: Millis) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .tried_at
            .is_none_or(|at| now.saturating_sub(at) >= apart)
    }

    /// Fetches, unless that was tried less than `apart` ago. Callers that meet wait for the one fetch.
    async fn refresh(&self, now: Millis, apart: Millis) {
        let _one = self.fetching.lock().await;
        if !self.may_try(now, apart) {
            return;
        }
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .tried_at = Some(now);
        let fetched = tokio::time::timeout(DEADLINE, self.fetch.fetch(&self.url))
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
            .and_then(|document| Keys::parse(&document));
        match fetched {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                known.keys = Some(Arc::new(keys));
                known.at = now;
            }
            Err(cause) => tracing::warn!(url = self.url, cause, "JWKS not fetched"),
        }
    }
}
