//! What a verified credential amounts to.

use super::jwt::Claims;
use sha2::{Digest, Sha256};
use ulid::Ulid;
use wharf_domain::{identity::Standing, keys::Grant, ports::store::KeyRow};
use wharf_types::{Capabilities, KeyId, LoginId, Millis, OrgId, Role, SessionId, UserId};

/// Clock skew granted to login tokens.
pub(super) const LEEWAY: Millis = 60_000;

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An API key.
    Key(KeyId),
    /// A person who logged in.
    Person(UserId),
}

/// A caller and their rights.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who.
    pub subject: Subject,
    /// The one organization; `None` when the token names one that is not bound to any of ours.
    pub org: Option<OrgId>,
    /// A person's role in it.
    pub role: Option<Role>,
    /// Of a person who logged in here: which log-in it is.
    pub login: Option<LoginId>,
    /// What they may do in it.
    pub capabilities: Capabilities,
    /// The only sessions that exist for them; empty = all of the organization.
    pub sessions: Vec<SessionId>,
    /// Platform role.
    pub super_admin: bool,
    /// From then on the credential is nothing.
    expires_at: Option<Millis>,
}

impl Principal {
    pub(super) fn of_key(row: KeyRow) -> Self {
        Self {
            subject: Subject::Key(row.id),
            org: Some(row.org),
            role: None,
            login: None,
            capabilities: row.capabilities,
            sessions: row.sessions,
            super_admin: false,
            expires_at: row.expires_at,
        }
    }

    pub(super) fn of_claims(issuer: &str, claims: Claims, org: Option<OrgId>) -> Self {
        Self {
            subject: Subject::Person(user_id(issuer, &claims.subject)),
            org,
            role: claims.role,
            login: None,
            capabilities: capabilities(claims.role),
            sessions: Vec::new(),
            super_admin: claims.super_admin,
            expires_at: Some(claims.expires_at.saturating_add(LEEWAY)),
        }
    }

    /// Somebody who logged in here. Tokens of our own run out on time: no clock but ours is asked.
    pub(super) fn of_standing(
        user: UserId,
        login: LoginId,
        org: Option<OrgId>,
        standing: Standing,
        expires_at: Millis,
    ) -> Self {
        Self {
            subject: Subject::Person(user),
            org,
            role: standing.role,
            login: Some(login),
            capabilities: capabilities(standing.role),
            sessions: Vec::new(),
            super_admin: standing.super_admin,
            expires_at: Some(expires_at),
        }
    }

    /// Whether the credential has run out.
    pub fn expired(&self, now: Millis) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether a session of the organization exists for this caller.
    pub fn sees(&self, session: &SessionId) -> bool {
        self.sessions.is_empty() || self.sessions.contains(session)
    }

    /// What a key they make may grant. A person's token runs out within minutes and says nothing about their rights, so
    /// only a key's own expiry counts.
    pub fn grant(&self) -> Grant {
        Grant {
            capabilities: self.capabilities,
            sessions: self.sessions.clone(),
            expires_at: match self.subject {
                Subject::Key(_) => self.expires_at,
                Subject::Person(_) => None,
            },
        }
    }
}

fn capabilities(role: Option<Role>) -> Capabilities {
    role.map(Role::capabilities).unwrap_or_default()
}

/// People of outside issuers are in no table of ours: their id is a digest of (issuer, subject), always the same.
fn user_id(issuer: &str, subject: &str) -> UserId {
    let mut hash = Sha256::new();
    hash.update((issuer.len() as u64).to_be_bytes());
    hash.update(issuer);
    hash.update(subject);
    let digest: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    UserId::new(Ulid::from_bytes(half))
}
