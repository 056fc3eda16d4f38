//! Which sessions exist, remembered for a moment.
//!
//! Every request under a session asks whether the organization has it, and a session's number never changes: the
//! answer is remembered for [`LIFE`]. A deletion through this process is forgotten at once, also when it overtakes
//! a look-up that is still under way (the generation).

use crate::error::ApiResult;
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};
use wharf_domain::{Domain, sessions::SessionScope};
use wharf_types::{OrgId, SessionId};

const LIFE: Duration = Duration::from_secs(2);
const MOST: usize = 100_000;

#[derive(Default)]
struct Known {
    generation: u64,
    scopes: HashMap<(OrgId, SessionId), (Instant, SessionScope)>,
}

/// The memory.
#[derive(Default)]
pub struct Scopes(RwLock<Known>);

impl Scopes {
    /// The session's scope, or not found.
    pub async fn find(
        &self,
        domain: &Domain,
        org: OrgId,
        id: SessionId,
    ) -> ApiResult<SessionScope> {
        let generation = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((since, scope)) = known.scopes.get(&(org, id))
                && since.elapsed() < LIFE
            {
                return Ok(*scope);
            }
            known.generation
        };
        let scope = domain.session_scope(org, id).await?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation == generation {
            if known.scopes.len() >= MOST {
                known.scopes.clear();
            }
            known.scopes.insert((org, id), (Instant::now(), scope));
        }
        Ok(scope)
    }

    /// The session is being deleted: nothing looked up so far counts any more.
    pub fn forget(&self, scope: &SessionScope) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        known.scopes.remove(&(scope.org, scope.id));
    }
}
