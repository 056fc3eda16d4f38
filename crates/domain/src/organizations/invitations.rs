//! Asking people in by a link that is good once.
//!
//! The link holds a secret of which only a hash is kept. Whoever opens it proves that they are the person asked, by the
//! password they have here, or chooses one: there is no mail to prove an address by, so whoever is given the link is
//! trusted to be who it was meant for.

use super::Place;
use crate::{
    Domain, Error, Result,
    audit::By,
    cursor::{Binding, Page},
    identity::{Email, LoggedIn, wrong_password},
    keys::{LONGEST_NAME, hash_of},
    ports::store::{InvitationRow, MembershipRow, StoreExt, UserRow, View},
};
use serde_json::json;
use std::net::IpAddr;
use wharf_types::{InvitationId, Millis, OrgId, Role, UserId};

const PREFIX: &str = "wi_";
/// Open at once in one organization.
const MOST: usize = 1_000;

/// Somebody follows a link.
pub struct Acceptance<'a> {
    /// The link's secret.
    pub token: &'a str,
    /// How they want to be called; kept for who is new.
    pub name: &'a str,
    /// The password they have, or choose.
    pub password: &'a str,
    /// Where they call from.
    pub address: Option<IpAddr>,
}

fn wrong_token(what: &str) -> Error {
    Error::invalid("token", what)
}

fn open(row: Option<InvitationRow>, now: Millis) -> Result<InvitationRow> {
    let row = row.ok_or_else(|| wrong_token("is no invitation, or one that was withdrawn"))?;
    if row.used_at.is_some() {
        return Err(wrong_token("was used already"));
    }
    if row.expires_at <= now {
        return Err(wrong_token("has expired; ask for another"));
    }
    Ok(row)
}

fn member(view: &dyn View, org: &OrgId, folded: &str) -> Result<Option<MembershipRow>> {
    match view.user_by_email(folded)? {
        Some(user) => view.membership(org, &user.id),
        None => Ok(None),
    }
}

impl Domain {
    /// Asks somebody in; the secret is returned here and never again.
    pub async fn invite(
        &self,
        place: Place,
        email: &str,
        role: Role,
        by: &By,
    ) -> Result<(InvitationRow, String)> {
        let email = Email::parse("email", email)?;
        if place.role < role {
            return Err(Error::Forbidden("role_beyond_own"));
        }
        let (secret, hash) = self.secret(PREFIX);
        let now = self.clock.now();
        let row = InvitationRow {
            id: InvitationId::new(self.ids.ulid()),
            org: place.org,
            hash,
            email: email.given,
            role,
            created_by: Some(place.user),
            created_at: now,
            expires_at: now.saturating_add(self.identity.invitation_life),
            used_at: None,
        };
        let (stored, trail) = (row.clone(), self.trail(by));
        self.store
            .write(move |tx| {
                tx.org(&stored.org)?
                    .ok_or(Error::NotFound("organization"))?;
                if member(tx.view(), &stored.org, &email.folded)?.is_some() {
                    return Err(Error::Conflict(
                        "this person is a member already".to_owned(),
                    ));
                }
                if tx.invitations(&stored.org, None, MOST)?.len() >= MOST {
                    return Err(Error::Conflict(
                        "too many invitations are open; withdraw some".to_owned(),
                    ));
                }
                tx.put_invitation(&stored)?;
                let details = json!({ "role": stored.role });
                trail.note(
                    tx,
                    Some(stored.org),
                    "invitation.create",
                    stored.id,
                    details,
                )
            })
            .await?;
        Ok((row, secret))
    }

    /// Where an invitation leads: the page that takes its secret, which stands behind a `#` and so is sent to nobody.
    pub fn invitation_link(&self, secret: &str) -> String {
        format!("{}/join#{secret}", self.identity.public_url)
    }

    /// One page of the invitations not accepted, oldest first.
    pub async fn list_invitations(
        &self,
        org: OrgId,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<InvitationRow>> {
        let sealer = self.sealer(Binding::new("invitations", org));
        let after = sealer.place::<InvitationId>(cursor)?;
        let rows = self
            .store
            .read(move |view| view.invitations(&org, after, limit + 1))
            .await?;
        sealer.page(rows, limit, |row| row.id, |row| row)
    }

    /// Withdraws one.
    pub async fn withdraw_invitation(&self, org: OrgId, id: InvitationId, by: &By) -> Result<()> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                if !tx.delete_invitation(&org, &id)? {
                    return Err(Error::NotFound("invitation"));
                }
                trail.note(tx, Some(org), "invitation.delete", id, json!({}))
            })
            .await
    }

    /// Takes somebody in and logs them in.
    pub async fn accept_invitation(&self, who: Acceptance<'_>, by: &By) -> Result<LoggedIn> {
        let hash = hash_of(PREFIX, who.token)
            .ok_or_else(|| wrong_token("is no invitation, or one that was withdrawn"))?;
        let now = self.clock.now();
        let found = self
            .store
            .read(move |view| view.invitation_by_hash(&hash))
            .await?;
        let invitation = open(found, now)?;
        let email = Email::parse("email", &invitation.email)?;
        let folded = email.folded.clone();
        let known = self
            .store
            .read(move |view| view.user_by_email(&folded))
            .await?;
        let (user, fresh) = match known {
            Some(_) => {
                let user = self.proven(&email, who.password, who.address).await?;
                (user, false)
            }
            None => (self.newcomer(&email, &who, now).await?, true),
        };
        let (row, trail) = (user.clone(), self.trail(&by.known_as(user.id)));
        self.store
            .write(move |tx| {
                let mut invitation = open(tx.invitation_by_hash(&hash)?, now)?;
                let org = invitation.org;
                tx.org(&org)?.ok_or(Error::NotFound("organization"))?;
                if fresh {
                    if tx.user_by_email(&row.folded)?.is_some() {
                        return Err(Error::Conflict(
                            "an account of this address was just made; try again".to_owned(),
                        ));
                    }
                    tx.put_user(&row)?;
                    trail.note(tx, None, "user.create", row.id, json!({}))?;
                }
                let before = tx.membership(&org, &row.id)?;
                let role = before.map_or(invitation.role, |row| row.role.max(invitation.role));
                tx.put_membership(&MembershipRow {
                    org,
                    user: row.id,
                    role,
                    created_at: now,
                })?;
                invitation.used_at = Some(now);
                tx.put_invitation(&invitation)?;
                let details = json!({ "role": role, "invitation": invitation.id });
                trail.note(tx, Some(org), "member.create", row.id, details)
            })
            .await?;
        self.begin_login(user, Some(invitation.org), by).await
    }

    async fn newcomer(&self, email: &Email, who: &Acceptance<'_>, now: Millis) -> Result<UserRow> {
        if let Some(what) = wrong_password(who.password) {
            return Err(Error::invalid("password", what));
        }
        let name = who.name.trim();
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let what = format!("must be at most {LONGEST_NAME} characters, none of control");
            return Err(Error::invalid("name", what));
        }
        Ok(UserRow {
            id: UserId::new(self.ids.ulid()),
            email: email.given.clone(),
            folded: email.folded.clone(),
            name: name.to_owned(),
            password: self.hash_password(who.password).await?,
            super_admin: false,
            created_at: now,
            updated_at: now,
        })
    }
}
