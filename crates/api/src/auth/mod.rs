//! Who is calling.
//!
//! A request carries one credential: a login JWT of a configured issuer ([`jwt`], [`jwks`]) or an API key
//! ([`wharf_domain::keys`]). Both become a [`Principal`]. Verified credentials are remembered by the SHA-256 of
//! their text for [`memory::LIFE`], so that the hot path asks neither the store nor a curve, and a revocation
//! still acts within five seconds. Expiry is judged on every request.

pub mod config;
mod credential;
mod embedded;
pub mod jwks;
mod jwt;
mod memory;
mod principal;

pub use config::{Algorithm, IssuerConfig};
pub use embedded::Embedded;
pub use jwks::FetchJwks;
pub use principal::{Principal, Subject};

use crate::error::{ApiError, ApiResult};
use axum::http::HeaderMap;
use credential::Credential;
use jwks::Issuer;
use memory::Memory;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wharf_domain::{Domain, keys};
use zeroize::Zeroizing;

/// A request's credential, kept for as long as what it opened stays open: it is judged again and again.
#[derive(Clone)]
pub struct Held(Arc<Zeroizing<String>>);

impl Held {
    /// The credential in the headers, unjudged.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = Credential::of(headers)?.text().to_owned();
        Some(Self(Arc::new(Zeroizing::new(text))))
    }
}

/// Verifies credentials.
pub struct Authenticator {
    domain: Arc<Domain>,
    issuers: Vec<Issuer>,
    embedded: Option<Arc<Embedded>>,
    memory: Memory,
}

impl Authenticator {
    /// Over the configured issuers, whose keys are fetched when first needed, and our own if there is one.
    pub fn new(
        domain: Arc<Domain>,
        issuers: Vec<IssuerConfig>,
        embedded: Option<Embedded>,
        fetch: Arc<dyn FetchJwks>,
    ) -> Self {
        let issuers = issuers
            .into_iter()
            .map(|config| Issuer::new(config, Arc::clone(&fetch)))
            .collect();
        Self {
            domain,
            issuers,
            embedded: embedded.map(Arc::new),
            memory: Memory::default(),
        }
    }

    /// Our own issuer, where people log in here.
    pub fn embedded(&self) -> Option<&Arc<Embedded>> {
        self.embedded.as_ref()
    }

    /// The caller, or 401.
    pub async fn authenticate(&self, headers: &HeaderMap) -> ApiResult<Arc<Principal>> {
        let credential = Credential::of(headers).ok_or_else(ApiError::unauthorized)?;
        self.judge(credential).await
    }

    /// The same of a credential that was kept.
    pub async fn again(&self, held: &Held) -> ApiResult<Arc<Principal>> {
        self.judge(Credential::by_looks(&held.0)).await
    }

    async fn judge(&self, credential: Credential<'_>) -> ApiResult<Arc<Principal>> {
        let digest: [u8; 32] = Sha256::digest(credential.text().as_bytes()).into();
        let now = self.domain.clock.now();
        let principal = match self.memory.get(&digest) {
            Some(principal) => principal,
            None => {
                let principal = Arc::new(match credential {
                    Credential::Jwt(token) => self.verify_jwt(token, now).await?,
                    Credential::Key(secret) => self.verify_key(secret, now).await?,
                });
                self.memory.put(digest, Arc::clone(&principal));
                principal
            }
        };
        if principal.expired(now) {
            return Err(ApiError::unauthorized());
        }
        Ok(principal)
    }

    async fn verify_key(&self, secret: &str, now: wharf_types::Millis) -> ApiResult<Principal> {
        let hash = keys::hash(secret).ok_or_else(ApiError::unauthorized)?;
        let row = self
            .domain
            .key_by_hash(hash)
            .await?
            .filter(|row| bool::from(row.hash.ct_eq(&hash)))
            .filter(|row| row.revoked_at.is_none())
            .ok_or_else(ApiError::unauthorized)?;
        if row.expires_at.is_some_and(|at| at <= now) {
            return Err(ApiError::unauthorized());
        }
        Ok(Principal::of_key(row))
    }

    async fn verify_jwt(&self, token: &str, now: wharf_types::Millis) -> ApiResult<Principal> {
        let token = jwt::Token::parse(token).ok_or_else(ApiError::unauthorized)?;
        if let Some(own) = &self.embedded
            && own.config.issuer == token.issuer()
        {
            return self.verify_own(own, &token, now).await;
        }
        let issuer = self
            .issuers
            .iter()
            .find(|issuer| issuer.config.issuer == token.issuer())
            .ok_or_else(ApiError::unauthorized)?;
        let keys = issuer.keys_for(token.kid(), now).await?;
        let claims = token
            .verify(&issuer.config, &keys, now)
            .ok_or_else(ApiError::unauthorized)?;
        let org = match &claims.org {
            Some(value) => {
                let IssuerConfig {
                    issuer,
                    create_organizations,
                    ..
                } = &issuer.config;
                self.domain
                    .organization_of_claim(issuer, value, *create_organizations)
                    .await?
            }
            None => None,
        };
        Ok(Principal::of_claims(&issuer.config.issuer, claims, org))
    }

    /// A token of our own says who and which log-in; what these are now, the store says.
    async fn verify_own(
        &self,
        own: &Embedded,
        token: &jwt::Token<'_>,
        now: wharf_types::Millis,
    ) -> ApiResult<Principal> {
        let claims = token
            .verify(&own.config, &own.keys, now)
            .ok_or_else(ApiError::unauthorized)?;
        let login = claims.login.as_deref().and_then(|text| text.parse().ok());
        let (Some(login), Ok(user)) = (login, claims.subject.parse()) else {
            return Err(ApiError::unauthorized());
        };
        let org = claims.org.as_deref().and_then(|text| text.parse().ok());
        let standing = self.domain.standing(user, login, org).await?;
        let standing = standing.ok_or_else(ApiError::unauthorized)?;
        Ok(Principal::of_standing(
            user,
            login,
            org,
            standing,
            claims.expires_at,
        ))
    }
}
