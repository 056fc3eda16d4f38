//! Issuers of login tokens, played: their keys, their JWKS, and every way to forge a token.

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, jwk::Jwk};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use wharf_api::auth::{FetchJwks, IssuerConfig};

/// Keys made for these tests; they open nothing.
pub const RSA: &[u8] = include_bytes!("keys/rsa.pem");
pub const EC: &[u8] = include_bytes!("keys/ec.pem");

/// The JWKS documents of all issuers, by URL.
#[derive(Default)]
pub struct Issuers {
    pub documents: Mutex<HashMap<String, Value>>,
    pub fetches: AtomicUsize,
}

#[async_trait]
impl FetchJwks for Issuers {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let documents = self.documents.lock().unwrap();
        let document = documents.get(url).ok_or("answered 404")?;
        Ok(document.to_string().into_bytes())
    }
}

/// A signing key with its id.
pub struct Signer {
    pub kid: &'static str,
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl Signer {
    pub fn rsa() -> Self {
        let key = EncodingKey::from_rsa_pem(RSA).unwrap();
        Self {
            kid: "rsa",
            algorithm: Algorithm::RS256,
            key,
        }
    }
    pub fn ec() -> Self {
        let key = EncodingKey::from_ec_pem(EC).unwrap();
        Self {
            kid: "ec",
            algorithm: Algorithm::ES256,
            key,
        }
    }
    /// Ed25519 of any seed: PKCS#8 is a fixed prefix and the seed (RFC 8410 §7).
    pub fn ed(kid: &'static str, seed: u8) -> Self {
        let mut der = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        der.extend([seed; 32]);
        Self {
            kid,
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&der),
        }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(
            &json!({"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}),
            claims,
        )
    }

    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = sign(signed.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}

/// `header.claims`, as they are signed.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        B64.encode(header.to_string()),
        B64.encode(claims.to_string())
    )
}

/// Signed with HMAC under the bytes of a public key: the classic confusion.
pub fn hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = unsigned(header, claims);
    let key = EncodingKey::from_secret(secret);
    format!(
        "{signed}.{}",
        sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap()
    )
}

/// An issuer by a short name.
pub fn issuer(name: &str) -> IssuerConfig {
    serde_json::from_value(json!({
        "jwks_url": format!("https://{name}/jwks"),
        "issuer": format!("https://{name}"),
        "audience": "wharf",
    }))
    .unwrap()
}

impl Issuers {
    /// From now on this is the issuer's JWKS.
    pub fn publish(&self, name: &str, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
        self.documents
            .lock()
            .unwrap()
            .insert(format!("https://{name}/jwks"), json!({"keys": keys}));
    }
}
