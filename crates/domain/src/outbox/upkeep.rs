//! What happens to queued sends though nobody acts: they run out of time, connected or not; and their number is told.

use super::{meter, outcome::expired_reason};
use crate::{Domain, Result, ports::store::StoreExt};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use wharf_types::SendStatus;

/// How late the end of a send may be noticed.
const EVERY: Duration = Duration::from_secs(2);
/// Sends ended in one round.
const ROUND: usize = 500;

impl Domain {
    /// Keeps the outbox while the program runs.
    pub fn keep_outbox(self: &Arc<Self>) {
        let domain = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(left) = round(&domain).await {
                if !left {
                    tokio::time::sleep(EVERY).await;
                }
            }
        });
    }

    /// Ends what ran out of time before it was handed over; whether there may be more.
    async fn expire_outbox(&self) -> Result<bool> {
        let now = self.clock.now();
        let (due, queued) = self
            .store
            .read(move |view| Ok((view.outbox_expired(now, ROUND)?, view.outbox_depth()?)))
            .await?;
        meter::queued(queued);
        for (scope, id) in &due {
            let row = self.settle_if(
                *scope,
                *id,
                SendStatus::Failed,
                Some(expired_reason()),
                |row| row.attempts == 0,
            );
            row.await?;
        }
        Ok(due.len() == ROUND)
    }
}

/// `None` when the domain is gone; otherwise whether to go on at once.
async fn round(domain: &Weak<Domain>) -> Option<bool> {
    let domain = domain.upgrade()?;
    match domain.expire_outbox().await {
        Ok(more) => Some(more),
        Err(error) => {
            tracing::warn!(%error, "the outbox was not looked through");
            Some(false)
        }
    }
}
