//! How long the log is kept, and how it is shortened: from its beginning, a few rows a job, with a breath in between,
//! so that no writer waits for it.

use crate::{Domain, Result, rounds};
use std::{sync::Arc, time::Duration};
use wharf_types::Millis;

const EVERY: Duration = Duration::from_secs(600);
/// Rows a job: a few milliseconds of the writer.
const STEP: usize = 500;
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
        self.take_out(STEP, move |tx| tx.trim_events(before, STEP))
            .await
    }

    /// The same for attempts of webhook deliveries.
    pub async fn trim_deliveries(&self) -> Result<usize> {
        let before = self.clock.now() - self.retention.deliveries;
        self.take_out(STEP, move |tx| tx.trim_deliveries(before, STEP))
            .await
    }

    /// Trims now and again while the program runs.
    pub fn keep_log(self: &Arc<Self>) {
        self.every(EVERY, |domain| async move {
            rounds::tell("the event log", domain.trim_log().await);
            rounds::tell("the log of deliveries", domain.trim_deliveries().await);
        });
    }
}
