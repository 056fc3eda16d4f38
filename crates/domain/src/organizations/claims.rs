//! Which organization of ours an issuer's claim means.
//!
//! The binding is of the pair (issuer, value), never of the value alone: no issuer can name another's
//! organization, and an `org_…` id in a token of theirs means nothing.

use crate::{
    Domain, Result,
    audit::By,
    ports::store::{OrgRow, StoreExt},
};
use serde_json::json;
use wharf_types::OrgId;

impl Domain {
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
