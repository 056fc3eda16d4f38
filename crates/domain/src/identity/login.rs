//! Logging in, staying so, and ending it.

use super::{Email, refresh, wrong_pair, wrong_password};
use crate::{
    Domain, Error, Result,
    audit::By,
    ports::store::{LoginRow, StoreExt, UserRow, View},
};
use serde_json::json;
use std::net::IpAddr;
use subtle::ConstantTimeEq;
use wharf_types::{LoginId, Millis, OrgId, Role, UserId};

/// Who says they are whom.
pub struct Asked<'a> {
    /// Their address.
    pub email: &'a str,
    /// And password.
    pub password: &'a str,
    /// The organization they mean; `None` = their first.
    pub org: Option<OrgId>,
    /// Where they call from.
    pub address: Option<IpAddr>,
}

/// A log-in as it stands after a token was given.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Its id.
    pub login: LoginId,
    /// Who.
    pub user: UserId,
    /// The organization its tokens are for.
    pub org: Option<OrgId>,
    /// As what.
    pub role: Option<Role>,
    /// The one that is good now.
    pub refresh_token: String,
    /// Until then.
    pub refresh_expires_at: Millis,
}

/// What is true of a log-in now, whatever its access tokens say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// In the organization asked about.
    pub role: Option<Role>,
    /// Platform role.
    pub super_admin: bool,
}

fn stale() -> Error {
    Error::Unauthorized("the refresh token is not good any more; log in again")
}

/// What became of a refresh token that is of our making.
enum Turned {
    To(LoggedIn),
    Stale,
}

impl Domain {
    fn refresh_key(&self) -> [u8; 32] {
        self.secrets.derive("refresh token")
    }

    fn refresh_token(&self, login: LoginId) -> String {
        let mut random = [0; 16];
        self.ids.random(&mut random);
        refresh::make(&self.refresh_key(), login, random)
    }

    /// Logs somebody in by their password. How long it takes does not tell whether the account is there.
    pub async fn log_in(&self, asked: Asked<'_>, by: &By) -> Result<LoggedIn> {
        let email = Email::parse("email", asked.email)?;
        let user = self.proven(&email, asked.password, asked.address).await?;
        self.begin_login(user, asked.org, by).await
    }

    /// The person whose password this is; limited by account and address.
    pub(crate) async fn proven(
        &self,
        email: &Email,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<UserRow> {
        let guessing = &self.identity.guessing;
        guessing.attempt(&email.folded, address, self.clock.now())?;
        let folded = email.folded.clone();
        let user = self
            .store
            .read(move |view| view.user_by_email(&folded))
            .await?;
        let stored = user.as_ref().map(|user| user.password.clone());
        let right = self.identity.passwords.check(stored, password).await?;
        let user = user.filter(|_| right).ok_or_else(wrong_pair)?;
        guessing.right(&email.folded, address, self.clock.now());
        Ok(user)
    }

    /// Begins a log-in of somebody who has just proven who they are.
    pub(crate) async fn begin_login(
        &self,
        user: UserRow,
        org: Option<OrgId>,
        by: &By,
    ) -> Result<LoggedIn> {
        let now = self.clock.now();
        let id = LoginId::new(self.ids.ulid());
        let token = self.refresh_token(id);
        let trail = self.trail(&by.known_as(user.id));
        let mut row = LoginRow {
            id,
            user: user.id,
            org: None,
            hash: refresh::hash(&token),
            address: by.address.clone(),
            created_at: now,
            used_at: now,
            expires_at: now.saturating_add(self.identity.refresh_life),
            ended_at: None,
        };
        self.store
            .write(move |tx| {
                // It may have been changed, and all log-ins ended, since it was checked.
                tx.user(&user.id)?
                    .filter(|now| now.password == user.password)
                    .ok_or_else(wrong_pair)?;
                let (org, role) = place(tx.view(), &user.id, org)?;
                row.org = org;
                tx.put_login(&row)?;
                trail.note(tx, org, "login.create", row.id, json!({}))?;
                Ok(logged_in(&row, role, token))
            })
            .await
    }

    /// A new refresh token for an old one, which is good no more. One that was used before ends the whole log-in.
    pub async fn refresh_login(
        &self,
        token: &str,
        org: Option<OrgId>,
        by: &By,
    ) -> Result<LoggedIn> {
        let id = refresh::login(&self.refresh_key(), token).ok_or_else(stale)?;
        let (given, next) = (refresh::hash(token), self.refresh_token(id));
        let (now, life) = (self.clock.now(), self.identity.refresh_life);
        let trail = self.trail(by);
        let turned = self
            .store
            .write(move |tx| {
                let Some(mut row) = good(tx.view(), &id, now)? else {
                    return Ok(Turned::Stale);
                };
                if !bool::from(row.hash.ct_eq(&given)) {
                    // Two have it: which of them is the person, nobody can tell.
                    row.ended_at = Some(now);
                    tx.put_login(&row)?;
                    trail.note(
                        tx,
                        row.org,
                        "login.reuse",
                        row.id,
                        json!({"user": row.user}),
                    )?;
                    return Ok(Turned::Stale);
                }
                let (org, role) = match org {
                    Some(_) => place(tx.view(), &row.user, org)?,
                    // The organization may be gone, or the person from it.
                    None => match membership(tx.view(), &row.user, row.org)? {
                        Some(found) => found,
                        None => place(tx.view(), &row.user, None)?,
                    },
                };
                row.org = org;
                row.hash = refresh::hash(&next);
                row.used_at = now;
                row.expires_at = now.saturating_add(life);
                tx.put_login(&row)?;
                Ok(Turned::To(logged_in(&row, role, next)))
            })
            .await?;
        match turned {
            Turned::To(logged) => Ok(logged),
            Turned::Stale => Err(stale()),
        }
    }

    /// Ends the log-in a refresh token belongs to, whichever of its tokens that is, or all of that person's. One that has
    /// ended is left as it is.
    pub async fn log_out(&self, token: &str, everywhere: bool, by: &By) -> Result<()> {
        let id = refresh::login(&self.refresh_key(), token).ok_or_else(stale)?;
        let (now, trail) = (self.clock.now(), self.trail(by));
        self.store
            .write(move |tx| {
                let Some(mut row) = good(tx.view(), &id, now)? else {
                    return Ok(());
                };
                let trail = trail.known_as(row.user);
                row.ended_at = Some(now);
                tx.put_login(&row)?;
                trail.note(tx, row.org, "login.end", row.id, json!({}))?;
                if everywhere {
                    let others = tx.end_logins(&row.user, None, now)?;
                    let details = json!({ "others": others });
                    trail.note(tx, None, "login.end_all", row.user, details)?;
                }
                Ok(())
            })
            .await
    }

    /// What is true of a log-in now; `None` when it has ended.
    pub async fn standing(
        &self,
        user: UserId,
        login: LoginId,
        org: Option<OrgId>,
    ) -> Result<Option<Standing>> {
        let now = self.clock.now();
        self.store
            .read(move |view| {
                let there = good(view, &login, now)?.filter(|row| row.user == user);
                let (Some(_), Some(row)) = (there, view.user(&user)?) else {
                    return Ok(None);
                };
                let role = membership(view, &user, org)?.and_then(|(_, role)| role);
                Ok(Some(Standing {
                    role,
                    super_admin: row.super_admin,
                }))
            })
            .await
    }

    /// Gives a person another password and ends their other log-ins.
    pub async fn change_password(
        &self,
        (user, login): (UserId, LoginId),
        (current, new): (&str, &str),
        address: Option<IpAddr>,
        by: &By,
    ) -> Result<()> {
        if let Some(what) = wrong_password(new) {
            return Err(Error::invalid("newPassword", what));
        }
        let known = self.store.read(move |view| view.user(&user)).await?;
        let known = known.ok_or(Error::NotFound("person"))?;
        let email = Email::parse("email", &known.email)?;
        self.proven(&email, current, address)
            .await
            .map_err(|error| match error {
                Error::Unauthorized(_) => Error::invalid("currentPassword", "is wrong"),
                other => other,
            })?;
        let hash = self.identity.passwords.hash(&self.ids, new).await?;
        let (now, trail) = (self.clock.now(), self.trail(by));
        self.store
            .write(move |tx| {
                let mut row = tx.user(&user)?.ok_or(Error::NotFound("person"))?;
                row.password = hash;
                row.updated_at = now;
                tx.put_user(&row)?;
                let ended = tx.end_logins(&user, Some(login), now)?;
                trail.note(tx, None, "user.password", user, json!({"ended": ended}))
            })
            .await
    }

    /// A person who logs in here.
    pub async fn person(&self, user: UserId) -> Result<UserRow> {
        self.store
            .read(move |view| view.user(&user))
            .await?
            .ok_or(Error::NotFound("person"))
    }
}

fn logged_in(row: &LoginRow, role: Option<Role>, refresh_token: String) -> LoggedIn {
    LoggedIn {
        login: row.id,
        user: row.user,
        org: row.org,
        role,
        refresh_token,
        refresh_expires_at: row.expires_at,
    }
}

/// A log-in that has not ended.
fn good(view: &dyn View, id: &LoginId, now: Millis) -> Result<Option<LoginRow>> {
    let row = view.login(id)?;
    Ok(row.filter(|row| row.ended_at.is_none() && row.expires_at > now))
}

type Place = (Option<OrgId>, Option<Role>);

fn membership(view: &dyn View, user: &UserId, org: Option<OrgId>) -> Result<Option<Place>> {
    let Some(org) = org else { return Ok(None) };
    let row = view.membership(&org, user)?;
    Ok(row.map(|row| (Some(row.org), Some(row.role))))
}

/// The organization somebody means, and what they are in it; of one who means none, the first of theirs.
fn place(view: &dyn View, user: &UserId, org: Option<OrgId>) -> Result<Place> {
    if org.is_some() {
        return membership(view, user, org)?.ok_or(Error::NotFound("organization"));
    }
    let first = view.memberships_of(user, None, 1)?.into_iter().next();
    Ok(first.map_or((None, None), |row| (Some(row.org), Some(row.role))))
}
