//! `wharf init`: the first organization and its key, printed once.

use super::Failure;
use crate::{config::Config, data_dir::DataDir, out, wiring};
use anyhow::anyhow;
use serde_json::json;
use wharf_domain::{
    Domain,
    audit::By,
    keys::{Grant, NewKey},
    ports::store::StoreExt,
};
use wharf_types::{Capabilities, OrgId};

/// Makes an organization and a key with all capabilities.
pub async fn first(domain: &Domain, name: &str) -> anyhow::Result<(OrgId, String)> {
    let org = domain.create_organization(name).await?;
    let key = NewKey {
        name: "first key".into(),
        capabilities: Capabilities::ALL,
        sessions: Vec::new(),
        expires_at: None,
    };
    let (_, secret) = domain
        .create_key(org.id, key, &Grant::everything(), &By::program())
        .await?;
    Ok((org.id, secret))
}

pub async fn run(config: &Config, as_json: bool) -> Result<(), Failure> {
    let _data = DataDir::open(&config.data).map_err(Failure::Usage)?;
    let domain = wiring::domain(config).await.map_err(Failure::Usage)?;
    if !domain.store.read(|view| view.orgs()).await?.is_empty() {
        return Err(Failure::Usage(anyhow!(
            "data: an organization exists already; `wharf keys create` makes further keys"
        )));
    }
    let (org, secret) = first(&domain, "First organization").await?;
    if as_json {
        out::json(&json!({ "organizationId": org, "apiKey": secret, "login": null }))?;
    } else {
        out::line(format_args!(
            "organization  {org}\nAPI key       {secret}\n\nThe key is shown this once; only its hash is kept."
        ));
    }
    Ok(())
}
