//! API keys: `wa_` + 256 random bits + checksum. Only a SHA-256 of the secret is stored, so it is shown once.

use crate::{
    Domain, Error, Result,
    ports::store::{KeyRow, OrgRow, StoreExt},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use sha2::{Digest, Sha256};
use wharf_types::{Capabilities, KeyId, Millis, OrgId, SessionId};

const PREFIX: &str = "wa_";
const BODY: usize = 43; // 32 bytes in unpadded base64
const CHECK: usize = 4; // 3 bytes

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The user's words for it.
    pub name: String,
    /// What it may do; not empty.
    pub capabilities: Capabilities,
    /// Sessions it is limited to; empty = all of the organization.
    pub sessions: Vec<SessionId>,
    /// After this it opens nothing.
    pub expires_at: Option<Millis>,
}

fn checksum(body: &str) -> String {
    let [a, b, c, ..] = <[u8; 32]>::from(Sha256::digest(body.as_bytes()));
    B64.encode([a, b, c])
}

/// The look-up hash of a well-formed secret; `None` when it cannot be one (so most typos never reach the store).
pub fn hash(secret: &str) -> Option<[u8; 32]> {
    let rest = secret.strip_prefix(PREFIX)?;
    if rest.len() != BODY + CHECK || !rest.is_ascii() {
        return None;
    }
    let (body, check) = rest.split_at(BODY);
    (checksum(body) == check).then(|| Sha256::digest(secret.as_bytes()).into())
}

impl Domain {
    /// Makes an organization.
    pub async fn create_organization(&self, name: &str) -> Result<OrgRow> {
        let row = OrgRow {
            id: OrgId::new(self.ids.ulid()),
            name: name.to_owned(),
            created_at: self.clock.now(),
        };
        let stored = row.clone();
        self.store.write(move |tx| tx.insert_org(&stored)).await?;
        Ok(row)
    }

    /// Makes a key; the secret is returned here and never again.
    pub async fn create_key(&self, org: OrgId, new: NewKey) -> Result<(KeyRow, String)> {
        if new.capabilities == Capabilities::default() {
            return Err(Error::invalid(
                "permissions",
                "must name at least one of read, send, manage",
            ));
        }
        let mut bits = [0; 32];
        self.ids.random(&mut bits);
        let body = B64.encode(bits);
        let secret = format!("{PREFIX}{body}{}", checksum(&body));
        let row = KeyRow {
            id: KeyId::new(self.ids.ulid()),
            org,
            name: new.name,
            hash: Sha256::digest(secret.as_bytes()).into(),
            capabilities: new.capabilities,
            sessions: new.sessions,
            expires_at: new.expires_at,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        let stored = row.clone();
        self.store
            .write(move |tx| {
                tx.org(&stored.org)?
                    .ok_or(Error::NotFound("organization"))?;
                for session in &stored.sessions {
                    tx.session(&stored.org, session)?.ok_or_else(|| {
                        Error::invalid(
                            "sessions",
                            format!("{session} is not a session of this organization"),
                        )
                    })?;
                }
                tx.insert_key(&stored)
            })
            .await?;
        Ok((row, secret))
    }

    /// The key of this hash, whatever its state; the caller judges expiry and revocation.
    pub async fn key_by_hash(&self, hash: [u8; 32]) -> Result<Option<KeyRow>> {
        self.store.read(move |view| view.key_by_hash(&hash)).await
    }

    /// All keys of an organization, revoked ones included.
    pub async fn list_keys(&self, org: OrgId) -> Result<Vec<KeyRow>> {
        self.store.read(move |view| view.keys(&org)).await
    }

    /// Revokes a key; not found when the organization has no such key in force.
    pub async fn revoke_key(&self, org: OrgId, id: KeyId) -> Result<()> {
        let now = self.clock.now();
        let revoked = self
            .store
            .write(move |tx| tx.revoke_key(&org, &id, now))
            .await?;
        if revoked {
            Ok(())
        } else {
            Err(Error::NotFound("API key"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_seen_before_the_store_is() {
        let body = B64.encode([7; 32]);
        let secret = format!("{PREFIX}{body}{}", checksum(&body));
        assert!(hash(&secret).is_some());
        for (place, _) in secret.char_indices() {
            let mut typo = secret.clone();
            typo.replace_range(
                place..=place,
                if secret.as_bytes()[place] == b'x' {
                    "y"
                } else {
                    "x"
                },
            );
            assert_eq!(hash(&typo), None, "{place}");
        }
        assert_eq!(hash(&format!("{secret}A")), None);
        assert_eq!(hash("wa_ü"), None);
    }
}
