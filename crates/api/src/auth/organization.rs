//! Which organization of ours a token's claim means.
//!
//! The binding is of the pair (issuer, value), never of the value alone: no issuer can name another's
//! organization, and an `org_…` id in a token means nothing.

use super::IssuerConfig;
use crate::error::ApiResult;
use wharf_domain::{
    Domain,
    ports::store::{OrgRow, StoreExt},
};
use wharf_types::OrgId;

/// The organization, made on first sight where the issuer may.
pub async fn of_claim(
    domain: &Domain,
    issuer: &IssuerConfig,
    value: &str,
) -> ApiResult<Option<OrgId>> {
    let (iss, claim) = (issuer.issuer.clone(), value.to_owned());
    let known = domain
        .store
        .read(move |view| view.org_by_claim(&iss, &claim))
        .await?;
    if known.is_some() || !issuer.create_organizations {
        return Ok(known);
    }
    let row = OrgRow {
        id: OrgId::new(domain.ids.ulid()),
        name: value.to_owned(),
        created_at: domain.clock.now(),
    };
    let (iss, claim) = (issuer.issuer.clone(), value.to_owned());
    let org = domain
        .store
        .write(move |tx| {
            // Another request may have made it since.
            if let Some(known) = tx.org_by_claim(&iss, &claim)? {
                return Ok(known);
            }
            tx.insert_org(&row)?;
            tx.bind_org(&row.id, &iss, &claim)?;
            Ok(row.id)
        })
        .await?;
    Ok(Some(org))
}
