//! Login tokens: JWS compact form, RS256, ES256 or EdDSA.
//!
//! The token is taken apart here, by hand and strictly, so that what is checked is what is used:
//! - `alg` must be one of three asymmetric names (`none` and HMAC do not parse), in the issuer's list, and fit the
//!   *key's* own type: a public key can never serve as an HMAC secret;
//! - the key is looked up among the keys of the issuer that `iss` names, never from the token (`jwk`, `x5u`… are
//!   ignored), and a `crit` header is refused (RFC 7515 §4.1.11);
//! - `iss`, `aud`, `exp`, `sub` are required; `nbf` is honoured; 60 s leeway.
//!
//! Time comes from the caller, so that tests own it.

use super::{
    config::{Algorithm, IssuerConfig},
    jwks::Keys,
    principal::LEEWAY,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde::Deserialize;
use serde_json::{Map, Value};
use wharf_types::{Millis, Role};

/// Larger tokens are not read.
const LONGEST: usize = 16 * 1024;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token taken apart; nothing of it is believed yet.
pub struct Token<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    signed: &'a str,
    signature: &'a str,
    issuer: String,
    payload: Map<String, Value>,
}

/// What a verified token says.
#[derive(Debug)]
pub struct Claims {
    /// `sub`.
    pub subject: String,
    /// `sid`: the log-in, in tokens of our own.
    pub login: Option<String>,
    /// The value of the issuer's organization claim.
    pub org: Option<String>,
    /// The role in it; `None` carries no right.
    pub role: Option<Role>,
    /// Platform role, where the issuer may give it.
    pub super_admin: bool,
    /// `exp`, without leeway.
    pub expires_at: Millis,
}

impl<'a> Token<'a> {
    /// Takes a compact JWS apart.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') || signature.is_empty() {
            return None;
        }
        let header: Header = serde_json::from_slice(&B64.decode(header).ok()?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        let payload: Map<String, Value> =
            serde_json::from_slice(&B64.decode(payload).ok()?).ok()?;
        Some(Self {
            algorithm: Algorithm::named(&header.alg)?,
            kid: header.kid,
            signed,
            signature,
            issuer: payload.get("iss")?.as_str()?.to_owned(),
            payload,
        })
    }

    /// `iss`, to find whose keys to ask for.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The claims, if signature and claims hold.
    pub fn verify(&self, issuer: &IssuerConfig, keys: &Keys, now: Millis) -> Option<Claims> {
        if !issuer.algorithms.contains(&self.algorithm) {
            return None;
        }
        let key = keys.find(self.kid(), self.algorithm)?;
        let algorithm = match self.algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EDDSA => jsonwebtoken::Algorithm::EdDSA,
        };
        let holds =
            jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, algorithm);
        if !matches!(holds, Ok(true)) {
            return None;
        }
        self.claims(issuer, now)
    }

    fn claims(&self, issuer: &IssuerConfig, now: Millis) -> Option<Claims> {
        if self.issuer != issuer.issuer || !self.for_audience(&issuer.audience) {
            return None;
        }
        let expires_at = self.time("exp")??;
        if expires_at.saturating_add(LEEWAY) <= now {
            return None;
        }
        if self
            .time("nbf")?
            .is_some_and(|from| from > now.saturating_add(LEEWAY))
        {
            return None;
        }
        let subject = self.text("sub").filter(|sub| !sub.is_empty())?;
        Some(Claims {
            subject: subject.to_owned(),
            login: self.text("sid").map(str::to_owned),
            org: self
                .text(&issuer.org_claim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned),
            role: self.text(&issuer.role_claim).and_then(Role::parse),
            super_admin: issuer
                .platform_role_claim
                .as_ref()
                .is_some_and(|claim| self.holds(claim, "super_admin")),
            expires_at,
        })
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.payload.get(claim)?.as_str()
    }

    fn holds(&self, claim: &str, wanted: &str) -> bool {
        match self.payload.get(claim) {
            Some(Value::String(text)) => text == wanted,
            Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(wanted)),
            _ => false,
        }
    }

    fn for_audience(&self, audience: &str) -> bool {
        self.holds("aud", audience)
    }

    /// A NumericDate in milliseconds: `Some(None)` when absent, `None` when it is no time.
    fn time(&self, claim: &str) -> Option<Option<Millis>> {
        let Some(value) = self.payload.get(claim) else {
            return Some(None);
        };
        let seconds = value.as_f64().filter(|s| (0.0..1e12).contains(s))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "bounded above; fractions of a millisecond do not matter"
        )]
        Some(Some((seconds * 1000.0) as Millis))
    }
}
