//! `wharf init`: the first organization, its owner and its key, printed once.

use super::Failure;
use crate::{config::Config, data_dir::DataDir, out, wiring};
use anyhow::anyhow;
use serde_json::json;
use wharf_domain::{
    Domain,
    audit::By,
    identity::FirstOwner,
    keys::{Grant, NewKey},
    ports::store::StoreExt,
};
use wharf_types::{Capabilities, OrgId};

/// What is shown once.
pub struct First {
    pub org: OrgId,
    pub key: String,
    /// `None` where nobody logs in here.
    pub owner: Option<FirstOwner>,
}

/// Makes an organization and a key with all capabilities.
pub async fn organization(domain: &Domain, name: &str) -> anyhow::Result<(OrgId, String)> {
    let org = domain.create_organization(name).await?;
    let key = NewKey {
        name: "first key".into(),
        capabilities: Capabilities::ALL,
        sessions: Vec::new(),
        expires_at: None,
    };
    let (_, key) = domain
        .create_key(org.id, key, &Grant::everything(), &By::program())
        .await?;
    Ok((org.id, key))
}

/// The same, and an owner who is also `super_admin`.
pub async fn first(
    domain: &Domain,
    config: &Config,
    name: &str,
    email: &str,
) -> anyhow::Result<First> {
    let (org, key) = organization(domain, name).await?;
    let owner = match config.auth.embedded {
        true => Some(domain.first_owner(org, email).await?),
        false => None,
    };
    Ok(First { org, key, owner })
}

pub async fn run(email: &str, config: &Config, as_json: bool) -> Result<(), Failure> {
    let _data = DataDir::open(&config.data).map_err(Failure::Usage)?;
    let domain = wiring::domain(config).await.map_err(Failure::Usage)?;
    if !domain.store.read(|view| view.orgs()).await?.is_empty() {
        return Err(Failure::Usage(anyhow!(
            "data: an organization exists already; `wharf keys create` makes further keys"
        )));
    }
    let First { org, key, owner } = first(&domain, config, "First organization", email).await?;
    let login = owner.map(|owner| (owner.email, owner.password));
    if as_json {
        let login = login.map(|(email, password)| json!({"email": email, "password": password}));
        out::json(&json!({ "organizationId": org, "apiKey": key, "login": login }))?;
        return Ok(());
    }
    out::line(format_args!("organization  {org}\nAPI key       {key}"));
    if let Some((email, password)) = login {
        out::line(format_args!(
            "login         {email}\npassword      {password}"
        ));
    }
    out::line("\nKey and password are shown this once; only their hashes are kept.");
    Ok(())
}
