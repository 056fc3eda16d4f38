//! Organizations and the people in them.
//!
//! Nobody gives more than they have: an admin makes no owner and touches none. The last owner cannot go, by whatever
//! way, so an organization is never left to nobody.

pub mod claims;
mod deletion;
mod invitations;
mod members;

pub use invitations::Acceptance;
pub use members::Member;

use crate::{
    Domain, Error, Result,
    audit::By,
    cursor::{Binding, Page},
    keys::wrong_name,
    ports::store::{MembershipRow, OrgRow, StoreExt},
};
use serde_json::json;
use wharf_types::{OrgId, Role, UserId};

/// Somebody's place in an organization: made only by whoever verified it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub org: OrgId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

fn check_name(name: &str) -> Result<()> {
    match wrong_name(name) {
        Some(what) => Err(Error::invalid("name", what)),
        None => Ok(()),
    }
}

impl Domain {
    /// What a person who logs in here is in an organization, if anything.
    pub async fn role_in(&self, org: OrgId, user: UserId) -> Result<Option<Role>> {
        self.store
            .read(move |view| {
                let row = view.membership(&org, &user)?;
                Ok(row.filter(|_| view.org(&org).is_ok_and(|org| org.is_some())))
            })
            .await
            .map(|row| row.map(|row| row.role))
    }

    /// Makes an organization that the person owns.
    pub async fn found_organization(&self, name: &str, user: UserId, by: &By) -> Result<OrgRow> {
        check_name(name)?;
        let now = self.clock.now();
        let row = OrgRow {
            id: OrgId::new(self.ids.ulid()),
            name: name.to_owned(),
            created_at: now,
        };
        let (stored, trail) = (row.clone(), self.trail(by));
        self.store
            .write(move |tx| {
                tx.insert_org(&stored)?;
                tx.put_membership(&MembershipRow {
                    org: stored.id,
                    user,
                    role: Role::Owner,
                    created_at: now,
                })?;
                let target = stored.id;
                trail.note(tx, Some(target), "organization.create", target, json!({}))
            })
            .await?;
        Ok(row)
    }

    /// One page of the organizations a person belongs to, with what they are in each.
    pub async fn organizations_of(
        &self,
        user: UserId,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<(OrgRow, Role)>> {
        let sealer = self.sealer(Binding::new("organizations", user));
        let after = sealer.place::<OrgId>(cursor)?;
        let rows = self
            .store
            .read(move |view| {
                let rows = view.memberships_of(&user, after, limit + 1)?;
                let with = rows.into_iter().map(|row| {
                    let org = view.org(&row.org)?.ok_or(Error::NotFound("organization"))?;
                    Ok((org, row.role))
                });
                with.collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(rows, limit, |(org, _)| org.id, |row| row)
    }

    /// An organization.
    pub async fn organization(&self, org: OrgId) -> Result<OrgRow> {
        self.store
            .read(move |view| view.org(&org))
            .await?
            .ok_or(Error::NotFound("organization"))
    }

    /// Gives it another name.
    pub async fn rename_organization(&self, org: OrgId, name: &str, by: &By) -> Result<OrgRow> {
        check_name(name)?;
        let (name, trail) = (name.to_owned(), self.trail(by));
        self.store
            .write(move |tx| {
                let mut row = tx.org(&org)?.ok_or(Error::NotFound("organization"))?;
                row.name = name;
                tx.update_org(&row)?;
                let details = json!({ "fields": ["name"] });
                trail.note(tx, Some(org), "organization.update", org, details)?;
                Ok(row)
            })
            .await
    }
}
