//! Passwords: argon2id with 19 MiB, two passes and one lane, a salt of 16 bytes (the OWASP password storage sheet's
//! first choice for servers; RFC 9106 for the function).
//!
//! Hashing runs on threads made for blocking, few at a time: each takes its memory, and nobody may fill the machine by
//! logging in. An account that is not there is checked against a hash all the same, so that time tells nothing.

use crate::{Error, Result, ports::ids::Ids};
use argon2::{Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;

/// Hashes under way at once.
const AT_ONCE: usize = 2;
/// Whoever waits longer is sent away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Characters of a password.
const SHORTEST: usize = 10;
const LONGEST: usize = 256;

/// What is wrong with a new password, if anything. Its length is all that is asked: rules on what it is made of make
/// worse ones (NIST SP 800-63B §5.1.1.2).
pub(crate) fn wrong_password(text: &str) -> Option<String> {
    (!(SHORTEST..=LONGEST).contains(&text.chars().count()))
        .then(|| format!("must have {SHORTEST} to {LONGEST} characters"))
}

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    gate: Semaphore,
    /// Stands in for accounts that are not there.
    nobody: OnceLock<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            gate: Semaphore::new(AT_ONCE),
            nobody: OnceLock::new(),
        }
    }
}

fn argon() -> Result<Argon2<'static>> {
    Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map(Argon2::from)
        .map_err(|error| Error::Internal(format!("argon2: {error}")))
}

fn hashed(password: &str, salt: &[u8]) -> Result<String> {
    let hash: PasswordHash = argon()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| Error::Internal(format!("argon2: {error}")))?;
    Ok(hash.to_string())
}

impl Passwords {
    async fn at_work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gate = tokio::time::timeout(PATIENCE, self.gate.acquire()).await;
        let Ok(Ok(_permit)) = gate else {
            return Err(Error::Unavailable("too many log-ins at once".to_owned()));
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Internal(format!("hashing: {error}")))?
    }

    /// The stored form of a password.
    pub(crate) async fn hash(&self, ids: &Arc<dyn Ids>, password: &str) -> Result<String> {
        let mut salt = [0; SALT];
        ids.random(&mut salt);
        let password = Zeroizing::new(password.to_owned());
        self.at_work(move || hashed(&password, &salt)).await
    }

    /// Whether it is the password of the stored form; of `None` it never is, and takes as long.
    pub(crate) async fn check(
        self: &Arc<Self>,
        stored: Option<String>,
        password: &str,
    ) -> Result<bool> {
        let (this, password) = (Arc::clone(self), Zeroizing::new(password.to_owned()));
        self.at_work(move || {
            let there = stored.is_some();
            let against = match stored {
                Some(stored) => stored,
                None => this.nobody()?,
            };
            let hash = PasswordHash::new(&against)
                .map_err(|_| Error::Internal("stored password is unreadable".to_owned()))?;
            let same = argon()?.verify_password(password.as_bytes(), &hash).is_ok();
            Ok(same && there)
        })
        .await
    }

    fn nobody(&self) -> Result<String> {
        if let Some(known) = self.nobody.get() {
            return Ok(known.clone());
        }
        let made = hashed("", &[0; SALT])?;
        Ok(self.nobody.get_or_init(|| made).clone())
    }

    /// Makes what the first guess at an unknown account would otherwise wait for.
    pub(crate) async fn warm(self: &Arc<Self>) -> Result<()> {
        let this = Arc::clone(self);
        self.at_work(move || this.nobody().map(drop)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    #[tokio::test]
    async fn only_the_password_itself() {
        let passwords = Arc::new(Passwords::default());
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let stored = passwords.hash(&ids, "correct horse").await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert_ne!(stored, passwords.hash(&ids, "correct horse").await.unwrap());
        let check = |stored: Option<&String>, text: &'static str| {
            let (passwords, stored) = (Arc::clone(&passwords), stored.cloned());
            async move { passwords.check(stored, text).await.unwrap() }
        };
        assert!(check(Some(&stored), "correct horse").await);
        assert!(!check(Some(&stored), "correct horse ").await);
        assert!(!check(Some(&stored), "").await);
        // Nobody's stand-in is the hash of "": it must not be anybody's password.
        assert!(!check(None, "").await);
        assert!(passwords.check(Some("x".into()), "x").await.is_err());
    }

    #[test]
    fn length_is_all_that_is_asked() {
        assert!(wrong_password("aaaaaaaaaa").is_none());
        assert!(wrong_password("ééééééééé").is_some());
        assert!(wrong_password(&"x".repeat(257)).is_some());
    }
}
