//! What is done again and again while the program runs, and how much is taken out at it: in small jobs with a breath
//! between, since whoever waits for the store's one writer must get it.

use crate::{
    Domain, Result,
    ports::store::{StoreExt, Tx},
};
use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

/// Between two jobs.
pub(crate) const BREATH: Duration = Duration::from_millis(20);
/// Between two rounds of most things.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

impl Domain {
    /// Does it now and every so often, as long as the domain lives.
    pub(crate) fn every<F: Future<Output = ()> + Send>(
        self: &Arc<Self>,
        period: Duration,
        round: impl Fn(Arc<Self>) -> F + Send + 'static,
    ) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut rounds = tokio::time::interval(period);
            loop {
                rounds.tick().await;
                let Some(domain) = weak.upgrade() else { return };
                round(domain).await;
            }
        });
    }

    /// Repeats a job that takes out up to `step` rows until it finds fewer; how many went.
    pub(crate) async fn take_out(
        &self,
        step: usize,
        job: impl Fn(&mut dyn Tx) -> Result<usize> + Clone + Send + 'static,
    ) -> Result<usize> {
        let mut gone = 0;
        loop {
            let went = self.store.write(job.clone()).await?;
            gone += went;
            if went < step {
                return Ok(gone);
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// Logs what a round took out, if anything.
pub(crate) fn tell(what: impl Display, gone: Result<usize>) {
    match gone {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "trimmed: {what}"),
        Err(error) => tracing::warn!(%error, "not trimmed: {what}"),
    }
}
