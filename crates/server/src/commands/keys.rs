//! `wharf keys create|list|revoke`.

use super::Failure;
use crate::{
    cli::{Keys, Permission},
    config::Config,
    out, wiring,
};
use serde_json::{Value, json};
use wharf_domain::{
    audit::By,
    keys::{Grant, NewKey},
    ports::store::KeyRow,
};
use wharf_types::Capability;

impl From<Permission> for Capability {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::Read => Self::Read,
            Permission::Send => Self::Send,
            Permission::Manage => Self::Manage,
        }
    }
}

fn shown(row: &KeyRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "permissions": row.capabilities.iter().collect::<Vec<_>>(),
        "sessions": row.sessions,
        "createdAt": row.created_at,
        "expiresAt": row.expires_at,
        "revokedAt": row.revoked_at,
    })
}

pub async fn run(what: Keys, config: &Config, as_json: bool) -> Result<(), Failure> {
    // No lock: a running gateway may share the database, and learns of a revocation within seconds.
    let path = config.database_path().map_err(Failure::Usage)?;
    if !path.is_file() {
        return Err(Failure::Usage(anyhow::anyhow!(
            "data: no database at {}; `wharf init` makes one",
            path.display()
        )));
    }
    let domain = wiring::domain(config).await.map_err(Failure::Usage)?;
    match what {
        Keys::Create {
            org,
            name,
            permission,
            session,
        } => {
            let new = NewKey {
                name,
                capabilities: permission.into_iter().map(Capability::from).collect(),
                sessions: session,
                expires_at: None,
            };
            let (row, secret) = domain
                .create_key(org, new, &Grant::everything(), &By::program())
                .await?;
            let mut value = shown(&row);
            if as_json {
                if let Some(object) = value.as_object_mut() {
                    object.insert("secret".into(), secret.into());
                }
                out::json(&value)?;
            } else {
                out::line(format_args!(
                    "{}  {secret}\n\nThe key is shown this once; only its hash is kept.",
                    row.id
                ));
            }
        }
        Keys::List { org } => {
            for row in domain.list_keys(org).await? {
                out::line(shown(&row));
            }
        }
        Keys::Revoke { org, id } => {
            domain
                .revoke_key(org, id, Grant::everything(), &By::program())
                .await?;
            if as_json {
                out::json(&json!({ "revoked": id }))?;
            } else {
                out::line(format_args!("revoked {id}"));
            }
        }
    }
    Ok(())
}
