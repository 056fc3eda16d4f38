//! API keys: credentials of programs.

pub mod create;
pub mod list;
pub mod revoke;

use serde::Serialize;
use utoipa::ToSchema;
use wharf_domain::ports::store::KeyRow;
use wharf_types::{Capability, Millis};

/// A right of a credential.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Permission {
    /// Stored and live reads.
    Read,
    /// Anything another person notices.
    Send,
    /// Sessions, keys, webhooks.
    Manage,
}

/// A key in force, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// When it was made.
    created_at: Millis,
    /// After this it opens nothing; `null` = until it is revoked.
    expires_at: Option<Millis>,
    /// `key_…`.
    id: String,
    /// The user's words for it.
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<Permission>)]
    permissions: Vec<Capability>,
    /// The only sessions it sees; empty = all of the organization.
    sessions: Vec<String>,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            created_at: row.created_at,
            expires_at: row.expires_at,
            id: row.id.to_string(),
            name: row.name,
            permissions: row.capabilities.iter().collect(),
            sessions: row.sessions.iter().map(ToString::to_string).collect(),
        }
    }
}
