//! What goes with an organization.
//!
//! One transaction makes it unknown to everybody: its keys open nothing, nobody belongs to it, no issuer's claim leads to
//! it. Its sessions are then deleted one by one, each erased in steps as ever; what is left of the organization itself goes
//! last, a bounded number of rows a job. A process that dies in between goes on at the next start. The audit log keeps
//! its entries for their time.

use crate::{Domain, Result, audit::By, ports::store::StoreExt};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use wharf_types::OrgId;

const ROWS: usize = 1_000;
/// Between two steps; also how often it is asked whether the sessions are gone.
const BETWEEN: Duration = Duration::from_millis(50);
/// After a failure.
const PAUSE: Duration = Duration::from_secs(5);

impl Domain {
    /// Deletes an organization: at once for every caller, what it had in the background.
    pub async fn delete_organization(self: &Arc<Self>, org: OrgId, by: &By) -> Result<()> {
        let (now, trail) = (self.clock.now(), self.trail(by));
        self.store
            .write(move |tx| {
                tx.delete_org(&org, now)?;
                trail.note(tx, Some(org), "organization.delete", org, json!({}))
            })
            .await?;
        self.clear(org);
        Ok(())
    }

    /// Goes on with what was deleted before the process ended.
    pub async fn resume_organizations(self: &Arc<Self>) -> Result<()> {
        for org in self.store.read(|view| view.orgs_deleted()).await? {
            self.clear(org);
        }
        Ok(())
    }

    fn clear(self: &Arc<Self>, org: OrgId) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(domain) = weak.upgrade() {
                let pause = match domain.clear_step(org).await {
                    Ok(true) => return,
                    Ok(false) => BETWEEN,
                    Err(error) => {
                        tracing::warn!(%org, %error, "a deleted organization is not cleared yet");
                        PAUSE
                    }
                };
                drop(domain);
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// One step; whether nothing is left.
    async fn clear_step(self: &Arc<Self>, org: OrgId) -> Result<bool> {
        let sessions = self
            .store
            .read(move |view| view.sessions(&org, None, 20))
            .await?;
        for row in sessions {
            self.delete_session(row.scope, &By::program()).await?;
        }
        self.store.write(move |tx| tx.erase_org(&org, ROWS)).await
    }
}
