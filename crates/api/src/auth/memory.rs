//! Credentials verified a moment ago.

use super::Principal;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// How long a verification is believed. A revoked key must stop working within five seconds.
pub const LIFE: Duration = Duration::from_secs(3);
/// More distinct live credentials than this within [`LIFE`] start the memory afresh.
const MOST: usize = 50_000;

/// Who, and when that was found.
type Found = (Instant, Arc<Principal>);

/// By SHA-256 of the credential's text. Only verified credentials get in, so garbage cannot fill it.
#[derive(Default)]
pub struct Memory(RwLock<HashMap<[u8; 32], Found>>);

impl Memory {
    /// What it was found to be, unless that is too long ago.
    pub fn get(&self, digest: &[u8; 32]) -> Option<Arc<Principal>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (since, principal) = known.get(digest)?;
        (since.elapsed() < LIFE).then(|| Arc::clone(principal))
    }

    /// Remembers.
    pub fn put(&self, digest: [u8; 32], principal: Arc<Principal>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (since, _)| since.elapsed() < LIFE);
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert(digest, (Instant::now(), principal));
    }
}
