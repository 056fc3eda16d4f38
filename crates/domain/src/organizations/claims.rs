//! Which organization of ours an issuer's claim means.
//!
//! The binding is of the pair (issuer, value), never of the value alone: no issuer can name another's
//! organization, and an `org_…` id in a token of theirs means nothing.

use crate::{
    Domain, Error, Result,
    audit::By,
    ports::store::{OrgRow, StoreExt},
};
use serde_json::json;
use wharf_types::OrgId;

/// The longest issuer, and the longest value.
const LONGEST: usize = 512;

/// A value of an issuer's organization claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `iss` of its tokens.
    pub issuer: String,
    /// Of the claim.
    pub value: String,
}

impl Claim {
    fn check(&self) -> Result<()> {
        for (field, text) in [("issuer", &self.issuer), ("value", &self.value)] {
            if text.trim().is_empty() || text.chars().count() > LONGEST {
                return Err(Error::invalid(field, "must have 1 to 512 characters"));
            }
        }
        Ok(())
    }
}

impl Domain {
    /// What binds an organization.
    pub async fn list_claims(&self, org: OrgId) -> Result<Vec<Claim>> {
        self.organization(org).await?;
        self.store.read(move |view| view.claims_of(&org)).await
    }

    /// Binds one. What is bound so is fine; what leads elsewhere is a conflict.
    pub async fn bind_claim(&self, org: OrgId, claim: Claim, by: &By) -> Result<()> {
        claim.check()?;
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                tx.org(&org)?.ok_or(Error::NotFound("organization"))?;
                match tx.org_by_claim(&claim.issuer, &claim.value)? {
                    Some(bound) if bound == org => return Ok(()),
                    Some(_) => {
                        let what = "this value of the issuer's is bound to another organization";
                        return Err(Error::Conflict(what.into()));
                    }
                    None => tx.bind_org(&org, &claim.issuer, &claim.value)?,
                }
                let details = json!({ "issuer": claim.issuer, "value": claim.value });
                trail.note(tx, Some(org), "organization.bind", org, details)
            })
            .await
    }

    /// Ends a binding; one that is not there is not found.
    pub async fn unbind_claim(&self, org: OrgId, claim: Claim, by: &By) -> Result<()> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                tx.org(&org)?.ok_or(Error::NotFound("organization"))?;
                if tx.org_by_claim(&claim.issuer, &claim.value)? != Some(org) {
                    return Err(Error::NotFound("binding"));
                }
                tx.unbind_org(&org, &claim.issuer, &claim.value)?;
                let details = json!({ "issuer": claim.issuer, "value": claim.value });
                trail.note(tx, Some(org), "organization.unbind", org, details)
            })
            .await
    }

    /// The organization bound to an issuer's claim value, made on first sight where the issuer may.
    pub async fn organization_of_claim(
        &self,
        issuer: &str,
        value: &str,
        create: bool,
    ) -> Result<Option<OrgId>> {
        let (iss, claim) = (issuer.to_owned(), value.to_owned());
        let known = self
            .store
            .read(move |view| view.org_by_claim(&iss, &claim))
            .await?;
        if known.is_some() || !create {
            return Ok(known);
        }
        let row = OrgRow {
            id: OrgId::new(self.ids.ulid()),
            name: value.to_owned(),
            created_at: self.clock.now(),
        };
        let (iss, claim) = (issuer.to_owned(), value.to_owned());
        let trail = self.trail(&By::program());
        let org = self
            .store
            .write(move |tx| {
                // Another request may have made it since.
                if let Some(known) = tx.org_by_claim(&iss, &claim)? {
                    return Ok(known);
                }
                tx.insert_org(&row)?;
                tx.bind_org(&row.id, &iss, &claim)?;
                let details = json!({ "issuer": iss });
                trail.note(tx, Some(row.id), "organization.create", row.id, details)?;
                Ok(row.id)
            })
            .await?;
        Ok(Some(org))
    }
}
