//! API keys: `wa_` + 256 random bits + checksum. Only a SHA-256 of the secret is stored, so it is shown once.

use crate::{
    Domain, Error, Result,
    audit::By,
    cursor::{Binding, Page},
    ports::store::{KeyRow, OrgRow, StoreExt, View},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
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

/// Characters of a name a person gives.
pub(crate) const LONGEST_NAME: usize = 256;
/// Sessions one key may be limited to.
const MOST_SESSIONS: usize = 1_000;

/// What whoever asks for a key has: no key grants more.
#[derive(Debug, Clone)]
pub struct Grant {
    /// What they may do.
    pub capabilities: Capabilities,
    /// The only sessions that exist for them; empty = all of the organization.
    pub sessions: Vec<SessionId>,
    /// When their own credential runs out for good.
    pub expires_at: Option<Millis>,
}

impl Grant {
    /// Of whoever runs the program's commands.
    pub fn everything() -> Self {
        Self {
            capabilities: Capabilities::ALL,
            sessions: Vec::new(),
            expires_at: None,
        }
    }

    fn covers(&self, new: &NewKey) -> Result<()> {
        let sessions = self.sessions.is_empty()
            || !new.sessions.is_empty() && new.sessions.iter().all(|id| self.sessions.contains(id));
        let expiry = self
            .expires_at
            .is_none_or(|own| new.expires_at.is_some_and(|new| new <= own));
        if !self.capabilities.covers(new.capabilities) {
            Err(Error::Forbidden("permissions_beyond_own"))
        } else if !sessions {
            Err(Error::Forbidden("sessions_beyond_own"))
        } else if !expiry {
            Err(Error::Forbidden("expiry_beyond_own"))
        } else {
            Ok(())
        }
    }

    /// Whether a key exists for them: one limited to sessions sees only keys of those.
    fn sees(&self, key: &KeyRow) -> bool {
        self.sessions.is_empty()
            || !key.sessions.is_empty() && key.sessions.iter().all(|id| self.sessions.contains(id))
    }
}

/// What is wrong with a name, if anything.
pub(crate) fn wrong_name(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        Some("must not be empty".to_owned())
    } else if name.chars().count() > LONGEST_NAME {
        Some(format!("must be at most {LONGEST_NAME} characters"))
    } else if name.chars().any(char::is_control) {
        Some("must not contain control characters".to_owned())
    } else {
        None
    }
}

impl NewKey {
    fn check(&self, now: Millis) -> Result<()> {
        let mut wrong = BTreeMap::new();
        if let Some(what) = wrong_name(&self.name) {
            wrong.insert("name".to_owned(), what);
        }
        if self.capabilities == Capabilities::default() {
            wrong.insert(
                "permissions".to_owned(),
                "must name at least one of read, send, manage".to_owned(),
            );
        }
        if self.sessions.len() > MOST_SESSIONS {
            wrong.insert(
                "sessions".to_owned(),
                format!("must name at most {MOST_SESSIONS}; a key without them has all"),
            );
        }
        if self.expires_at.is_some_and(|at| at <= now) {
            wrong.insert("expiresAt".to_owned(), "must be in the future".to_owned());
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

fn checksum(body: &str) -> String {
    let [a, b, c, ..] = <[u8; 32]>::from(Sha256::digest(body.as_bytes()));
    B64.encode([a, b, c])
}

/// The look-up hash of a well-formed secret; `None` when it cannot be one (so most typos never reach the store).
pub fn hash(secret: &str) -> Option<[u8; 32]> {
    hash_of(PREFIX, secret)
}

/// The same of a secret with another prefix.
pub(crate) fn hash_of(prefix: &str, secret: &str) -> Option<[u8; 32]> {
    let rest = secret.strip_prefix(prefix)?;
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
        let (stored, trail) = (row.clone(), self.trail(&By::program()));
        self.store
            .write(move |tx| {
                tx.insert_org(&stored)?;
                let target = stored.id;
                trail.note(tx, Some(target), "organization.create", target, json!({}))
            })
            .await?;
        Ok(row)
    }

    /// Makes a key; the secret is returned here and never again. It grants at most what `grant` does.
    pub async fn create_key(
        &self,
        org: OrgId,
        new: NewKey,
        grant: &Grant,
        by: &By,
    ) -> Result<(KeyRow, String)> {
        let now = self.clock.now();
        new.check(now)?;
        grant.covers(&new)?;
        let (secret, hash) = self.secret(PREFIX);
        let mut sessions = new.sessions;
        sessions.sort_unstable();
        sessions.dedup();
        let row = KeyRow {
            id: KeyId::new(self.ids.ulid()),
            org,
            name: new.name,
            hash,
            capabilities: new.capabilities,
            sessions,
            expires_at: new.expires_at,
            created_at: now,
            revoked_at: None,
        };
        let (stored, trail) = (row.clone(), self.trail(by));
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
                tx.insert_key(&stored)?;
                let details = json!({
                    "permissions": stored.capabilities.iter().collect::<Vec<_>>(),
                    "sessions": stored.sessions,
                    "expiresAt": stored.expires_at,
                });
                trail.note(tx, Some(stored.org), "api_key.create", stored.id, details)
            })
            .await?;
        Ok((row, secret))
    }

    /// A secret that says what it is by its prefix, and the hash that is stored of it.
    pub(crate) fn secret(&self, prefix: &str) -> (String, [u8; 32]) {
        let mut bits = [0; 32];
        self.ids.random(&mut bits);
        let body = B64.encode(bits);
        let secret = format!("{prefix}{body}{}", checksum(&body));
        let hash = Sha256::digest(secret.as_bytes()).into();
        (secret, hash)
    }

    /// The key of this hash, whatever its state; the caller judges expiry and revocation.
    pub async fn key_by_hash(&self, hash: [u8; 32]) -> Result<Option<KeyRow>> {
        self.store.read(move |view| view.key_by_hash(&hash)).await
    }

    /// All keys of an organization, revoked ones included.
    pub async fn list_keys(&self, org: OrgId) -> Result<Vec<KeyRow>> {
        self.store.read(move |view| view.keys(&org)).await
    }

    /// One page of the keys in force that exist for the caller, oldest first.
    pub async fn keys_page(
        &self,
        org: OrgId,
        grant: Grant,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<KeyRow>> {
        let sealer = self.sealer(Binding::new("api-keys", org));
        let after = sealer.place::<KeyId>(cursor)?;
        let rows = self
            .store
            .read(move |view| seen(view, &org, &grant, after, limit + 1))
            .await?;
        sealer.page(rows, limit, |row| row.id, |row| row)
    }

    /// Revokes a key; not found when there is no such key in force for the caller.
    pub async fn revoke_key(&self, org: OrgId, id: KeyId, grant: Grant, by: &By) -> Result<()> {
        let (now, trail) = (self.clock.now(), self.trail(by));
        self.store
            .write(move |tx| {
                tx.key(&org, &id)?
                    .filter(|row| row.revoked_at.is_none() && grant.sees(row))
                    .ok_or(Error::NotFound("API key"))?;
                tx.revoke_key(&org, &id, now)?;
                trail.note(tx, Some(org), "api_key.revoke", id, json!({}))
            })
            .await
    }
}

/// Keys in force after one, as many as asked for, without those that do not exist for the caller.
fn seen(
    view: &dyn View,
    org: &OrgId,
    grant: &Grant,
    mut after: Option<KeyId>,
    wanted: usize,
) -> Result<Vec<KeyRow>> {
    let mut rows = Vec::new();
    loop {
        let next = view.keys_in_force(org, after, wanted)?;
        let whole = next.len() == wanted;
        after = next.last().map(|row| row.id);
        rows.extend(next.into_iter().filter(|row| grant.sees(row)));
        if !whole || rows.len() >= wanted {
            rows.truncate(wanted);
            return Ok(rows);
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
