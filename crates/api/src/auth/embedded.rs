//! Our own issuer: access tokens for people whose passwords are kept here.
//!
//! A token is a JWS like any other (EdDSA, 10 minutes) and is verified as such, by the key published at
//! `/.well-known/jwks.json`. What it says is only who, which log-in and which organization: the rest is asked of the store
//! ([`wharf_domain::identity`]), so a token ends with its log-in and a role is what it is now.
//!
//! The key is derived from the master key: every process of an installation has the same, and it is stored nowhere.

use super::{
    config::{Algorithm, IssuerConfig},
    jwks::Keys,
};
use crate::error::{ApiError, ApiResult};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jsonwebtoken::{EncodingKey, jwk::Jwk};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wharf_domain::{Domain, identity::LoggedIn};
use wharf_types::Millis;

/// How long an access token is good.
pub const LIFE: Millis = 600_000;
const AUDIENCE: &str = "wharf";

/// The issuer.
pub struct Embedded {
    /// As of any other issuer.
    pub config: IssuerConfig,
    /// The one key.
    pub keys: Keys,
    kid: String,
    key: EncodingKey,
    jwks: Value,
}

impl Embedded {
    /// Under a name that no configured issuer has.
    pub fn new(issuer: String, domain: &Domain) -> Result<Self, String> {
        let seed = domain.secrets.derive("access tokens, Ed25519");
        // PKCS#8 of an Ed25519 key is this and the seed (RFC 8410 §7).
        let mut der = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        der.extend(seed);
        let key = EncodingKey::from_ed_der(&der);
        let mut jwk = Jwk::from_encoding_key(&key, jsonwebtoken::Algorithm::EdDSA)
            .map_err(|error| error.to_string())?;
        let public = serde_json::to_vec(&jwk).map_err(|error| error.to_string())?;
        let digest: [u8; 32] = Sha256::digest(&public).into();
        let kid = B64.encode(digest.first_chunk::<12>().unwrap_or(&[0; 12]));
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        let jwks = json!({ "keys": [jwk] });
        let keys = Keys::parse(jwks.to_string().as_bytes())?;
        Ok(Self {
            config: IssuerConfig {
                jwks_url: String::new(),
                issuer,
                audience: AUDIENCE.to_owned(),
                org_claim: "org".to_owned(),
                role_claim: "role".to_owned(),
                create_organizations: false,
                platform_role_claim: None,
                algorithms: vec![Algorithm::EDDSA],
            },
            keys,
            kid,
            key,
            jwks,
        })
    }

    /// What is published.
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// An access token of a log-in, and until when it is good.
    pub fn mint(&self, login: &LoggedIn, now: Millis) -> ApiResult<(String, Millis)> {
        let header = json!({"alg": "EdDSA", "kid": self.kid, "typ": "JWT"});
        let mut claims = json!({
            "iss": self.config.issuer,
            "aud": AUDIENCE,
            "sub": login.user,
            "sid": login.login,
            "iat": now / 1000,
            "exp": (now + LIFE) / 1000,
        });
        if let (Some(org), Some(fields)) = (login.org, claims.as_object_mut()) {
            fields.insert("org".to_owned(), org.to_string().into());
        }
        let signed = format!(
            "{}.{}",
            B64.encode(header.to_string()),
            B64.encode(claims.to_string())
        );
        let signature = jsonwebtoken::crypto::sign(
            signed.as_bytes(),
            &self.key,
            jsonwebtoken::Algorithm::EdDSA,
        )
        .map_err(|error| ApiError::internal(format!("token: {error}")))?;
        Ok((format!("{signed}.{signature}"), (now + LIFE) / 1000 * 1000))
    }
}
