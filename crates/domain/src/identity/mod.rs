//! People with a password of ours: who they are, how they log in, and how long that holds.
//!
//! - A **log-in** is a chain of refresh tokens, one after another, of which the newest alone is good. An older one of the
//!   same chain in somebody's hand means that two have it: the chain ends ([`login`]).
//! - Access tokens are the api crate's business. Whatever they say, [`Domain::standing`] says what is true now: they
//!   end with their log-in, and roles are read from the membership, never from a token.
//! - Guessing is bounded by account and by address, and takes as long for an account that is not there
//!   ([`guessing`], [`password`]).

mod email;
mod first;
mod guessing;
mod login;
mod password;
mod refresh;

pub use first::FirstOwner;
pub use login::{Asked, LoggedIn, Standing};

pub(crate) use email::Email;
pub(crate) use password::wrong_password;

use crate::{Domain, Error, Result, ports::store::StoreExt};
use std::sync::Arc;
use wharf_types::Millis;

const DAY: Millis = 86_400_000;

/// How people are known.
pub struct Identity {
    /// A refresh token is good for so long after it was given.
    pub refresh_life: Millis,
    /// An invitation is.
    pub invitation_life: Millis,
    /// The address people reach this at, "" when unknown: what invitations link to.
    pub public_url: String,
    passwords: Arc<password::Passwords>,
    guessing: guessing::Guessing,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            refresh_life: 30 * DAY,
            invitation_life: 7 * DAY,
            public_url: String::new(),
            passwords: Arc::default(),
            guessing: guessing::Guessing::default(),
        }
    }
}

impl Identity {
    /// Refresh tokens live so many days; invitations link to `public_url`.
    pub fn new(refresh_days: u32, public_url: impl Into<String>) -> Self {
        Self {
            refresh_life: Millis::from(refresh_days) * DAY,
            public_url: public_url.into(),
            ..Self::default()
        }
    }
}

/// What nobody can use any more is kept so long, so that a late use of it still finds its answer.
const KEPT: Millis = 30 * DAY;
const STEP: usize = 500;

impl Domain {
    /// A new password as it is stored.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String> {
        self.identity.passwords.hash(&self.ids, password).await
    }

    /// Does beforehand what the first log-in would otherwise wait for, and so tell that its account is not there.
    pub async fn prepare_login(&self) -> Result<()> {
        self.identity.passwords.warm().await
    }

    /// Takes out log-ins and invitations that ran out long ago, one step; whether there may be more.
    pub(crate) async fn trim_accounts(&self) -> Result<bool> {
        let before = self.clock.now().saturating_sub(KEPT);
        let gone = self
            .store
            .write(move |tx| tx.trim_accounts(before, STEP))
            .await?;
        Ok(gone >= STEP)
    }
}

/// One answer for a wrong address and a wrong password.
fn wrong_pair() -> Error {
    Error::Unauthorized("email or password is wrong")
}
