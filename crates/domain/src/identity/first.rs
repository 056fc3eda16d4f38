//! The first owner, made by a command of whoever runs the program.

use super::Email;
use crate::{
    Domain, Error, Result,
    audit::By,
    ports::store::{MembershipRow, StoreExt, UserRow},
};
use serde_json::json;
use wharf_types::{OrgId, Role, UserId};

/// No letter that is taken for another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 100 bits.
const LENGTH: usize = 20;

/// Somebody who can log in now.
#[derive(Debug, Clone)]
pub struct FirstOwner {
    /// Who.
    pub user: UserId,
    /// By this address.
    pub email: String,
    /// And this password, shown once.
    pub password: String,
}

impl Domain {
    /// Makes the person of this address owner of an organization and `super_admin`, with a new password; also where they
    /// have an account already.
    pub async fn first_owner(&self, org: OrgId, email: &str) -> Result<FirstOwner> {
        let email = Email::parse("email", email)?;
        let password = self.made_up_password();
        let hash = self.identity.passwords.hash(&self.ids, &password).await?;
        let (id, now) = (UserId::new(self.ids.ulid()), self.clock.now());
        let trail = self.trail(&By::program());
        let given = email.given.clone();
        let user = self
            .store
            .write(move |tx| {
                let mut row = tx.user_by_email(&email.folded)?.unwrap_or(UserRow {
                    id,
                    email: email.given,
                    folded: email.folded,
                    name: String::new(),
                    password: String::new(),
                    super_admin: true,
                    created_at: now,
                    updated_at: now,
                });
                row.password = hash;
                row.super_admin = true;
                row.updated_at = now;
                tx.put_user(&row)?;
                tx.end_logins(&row.id, None, now)?;
                tx.put_membership(&MembershipRow {
                    org,
                    user: row.id,
                    role: Role::Owner,
                    created_at: now,
                })?;
                let details = json!({"role": Role::Owner, "superAdmin": true});
                trail.note(tx, Some(org), "member.create", row.id, details)?;
                Ok(row.id)
            })
            .await?;
        Ok(FirstOwner {
            user,
            email: given,
            password,
        })
    }

    /// A new password for the person of this address, whose log-ins end.
    pub async fn reset_password(&self, email: &str) -> Result<String> {
        let email = Email::parse("email", email)?;
        let password = self.made_up_password();
        let hash = self.identity.passwords.hash(&self.ids, &password).await?;
        self.change_account(email, "user.reset", move |row| row.password = hash)
            .await?;
        Ok(password)
    }

    /// Gives the person of this address the platform role, or takes it.
    pub async fn set_super_admin(&self, email: &str, on: bool) -> Result<()> {
        let email = Email::parse("email", email)?;
        let action = if on {
            "user.make_admin"
        } else {
            "user.unmake_admin"
        };
        self.change_account(email, action, move |row| row.super_admin = on)
            .await
    }

    async fn change_account(
        &self,
        email: Email,
        action: &'static str,
        change: impl FnOnce(&mut UserRow) + Send + 'static,
    ) -> Result<()> {
        let (now, trail) = (self.clock.now(), self.trail(&By::program()));
        self.store
            .write(move |tx| {
                let mut row = tx
                    .user_by_email(&email.folded)?
                    .ok_or(Error::NotFound("person of this address"))?;
                let password = row.password.clone();
                change(&mut row);
                row.updated_at = now;
                tx.put_user(&row)?;
                if row.password != password {
                    tx.end_logins(&row.id, None, now)?;
                }
                trail.note(tx, None, action, row.id, json!({}))
            })
            .await
    }

    fn made_up_password(&self) -> String {
        let mut random = [0; LENGTH];
        self.ids.random(&mut random);
        let letter = |byte: &u8| {
            ALPHABET
                .get(usize::from(byte & 31))
                .copied()
                .unwrap_or(b'x')
        };
        random
            .chunks(5)
            .map(|group| group.iter().map(letter).map(char::from).collect::<String>())
            .collect::<Vec<_>>()
            .join("-")
    }
}
