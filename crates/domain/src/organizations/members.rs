//! Who belongs to an organization, and as what.

use super::Place;
use crate::{
    Domain, Error, Result,
    audit::By,
    cursor::{Binding, Page},
    ports::store::{MembershipRow, StoreExt, Tx, UserRow},
};
use serde_json::json;
use wharf_types::{OrgId, Role, UserId};

/// A person in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As what, since when.
    pub membership: MembershipRow,
    /// Who.
    pub user: UserRow,
}

impl Domain {
    /// One page of the people who belong to it and log in here, in no order but a fixed one.
    pub async fn list_members(
        &self,
        org: OrgId,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Member>> {
        let sealer = self.sealer(Binding::new("members", org));
        let after = sealer.place::<UserId>(cursor)?;
        let rows = self
            .store
            .read(move |view| {
                let rows = view.org_members(&org, after, limit + 1)?;
                let with = rows.into_iter().map(|membership| {
                    let user = view.user(&membership.user)?;
                    let user = user.ok_or(Error::NotFound("person"))?;
                    Ok(Member { membership, user })
                });
                with.collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(rows, limit, |row| row.user.id, |row| row)
    }

    /// Makes a member something else. What is about owners is for owners.
    pub async fn change_member(
        &self,
        place: Place,
        user: UserId,
        role: Role,
        by: &By,
    ) -> Result<Member> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                let mut membership = tx
                    .membership(&place.org, &user)?
                    .ok_or(Error::NotFound("member"))?;
                let row = tx.user(&user)?.ok_or(Error::NotFound("member"))?;
                let before = membership.role;
                if place.role < before.max(role) {
                    return Err(Error::Forbidden("role_beyond_own"));
                }
                if before != role {
                    if before == Role::Owner {
                        not_the_last(tx, &place.org)?;
                    }
                    membership.role = role;
                    tx.put_membership(&membership)?;
                    let details = json!({ "from": before, "to": role });
                    trail.note(tx, Some(place.org), "member.update", user, details)?;
                }
                Ok(Member {
                    membership,
                    user: row,
                })
            })
            .await
    }

    /// Takes somebody out. Everybody may go of themselves; but the last owner may not.
    pub async fn remove_member(&self, place: Place, user: UserId, by: &By) -> Result<()> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                let own = place.user == user;
                if !own && place.role < Role::Admin {
                    return Err(Error::Forbidden("not_an_admin"));
                }
                let row = tx
                    .membership(&place.org, &user)?
                    .ok_or(Error::NotFound("member"))?;
                if !own && place.role < row.role {
                    return Err(Error::Forbidden("role_beyond_own"));
                }
                if row.role == Role::Owner {
                    not_the_last(tx, &place.org)?;
                }
                tx.delete_membership(&place.org, &user)?;
                let details = json!({ "role": row.role });
                trail.note(tx, Some(place.org), "member.delete", user, details)
            })
            .await
    }
}

fn not_the_last(tx: &mut dyn Tx, org: &OrgId) -> Result<()> {
    if tx.owners(org)? > 1 {
        return Ok(());
    }
    Err(Error::Conflict(
        "the last owner cannot go: make somebody else an owner first".to_owned(),
    ))
}
