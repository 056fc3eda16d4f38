//! How long the log is kept, and how it is shortened: from its beginning, a few rows a job, with a breath in between,
//! so that no writer waits for it.

use crate::{Domain, Result, ports::store::StoreExt};
use std::{sync::Arc, time::Duration};
use wharf_types::Millis;

const EVERY: Duration = Duration::from_secs(600);
/// Rows a job: a few milliseconds of the writer.
const STEP: usize = 500;
const BREATH: Duration = Duration::from_millis(20);
const DAY: Millis = 86_400_000;

/// What is kept how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events.
    pub events: Millis,
    /// Attempts of webhook deliveries.
    pub deliveries: Millis,
}

impl Default for Retention {
    fn default() -> Self {
        Self::days(30, 30)
    }
}

impl Retention {
    /// In days.
    pub fn days(events: u32, deliveries: u32) -> Self {
        Self {
            events: i64::from(events) * DAY,
            deliveries: i64::from(deliveries) * DAY,
        }
    }
}

impl Domain {
    /// Takes out of the log what is older than it is kept; how many events went.
    pub async fn trim_log(&self) -> Result<usize> {
        let before = self.clock.now() - self.retention.events;
        let mut gone = 0;
        loop {
            let step = self
                .store
                .write(move |tx| tx.trim_events(before, STEP))
                .await?;
            gone += step;
            if step < STEP {
                return Ok(gone);
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// The same for attempts of webhook deliveries.
    pub async fn trim_deliveries(&self) -> Result<usize> {
        let before = self.clock.now() - self.retention.deliveries;
        let mut gone = 0;
        loop {
            let step = self
                .store
                .write(move |tx| tx.trim_deliveries(before, STEP))
                .await?;
            gone += step;
            if step < STEP {
                return Ok(gone);
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Trims now and again while the program runs.
    pub fn keep_log(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut rounds = tokio::time::interval(EVERY);
            loop {
                rounds.tick().await;
                let Some(domain) = weak.upgrade() else { return };
                match domain.trim_log().await {
                    Ok(0) => {}
                    Ok(events) => tracing::info!(events, "the event log was trimmed"),
                    Err(error) => tracing::warn!(%error, "the event log was not trimmed"),
                }
                match domain.trim_deliveries().await {
                    Ok(0) => {}
                    Ok(attempts) => tracing::info!(attempts, "the log of deliveries was trimmed"),
                    Err(error) => tracing::warn!(%error, "the log of deliveries was not trimmed"),
                }
            }
        });
    }
}
