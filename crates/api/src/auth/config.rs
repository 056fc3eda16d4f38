//! `[[auth.issuers]]`: whose login tokens are believed, and what their claims are called.

use serde::{Deserialize, Serialize};

/// A signature algorithm an issuer may use. Symmetric ones do not exist here, so none can be confused with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EDDSA,
}

impl Algorithm {
    /// From a token's header; nothing but the three is an algorithm.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::RS256),
            "ES256" => Some(Self::ES256),
            "EdDSA" => Some(Self::EDDSA),
            _ => None,
        }
    }
}

/// One issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Where its public keys are.
    pub jwks_url: String,
    /// Exactly the `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must contain.
    pub audience: String,
    /// The claim that names the organization; bound to one of ours as (issuer, value).
    #[serde(default = "org_claim")]
    pub org_claim: String,
    /// The claim that holds `owner`, `admin` or `member`.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// Make an organization on first sight of a new claim value.
    #[serde(default)]
    pub create_organizations: bool,
    /// The claim that may hold `super_admin`; unset: this issuer can make nobody one.
    #[serde(default)]
    pub platform_role_claim: Option<String>,
    /// What it may sign with.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
}

fn org_claim() -> String {
    "org".to_owned()
}
fn role_claim() -> String {
    "role".to_owned()
}
fn algorithms() -> Vec<Algorithm> {
    vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EDDSA]
}
