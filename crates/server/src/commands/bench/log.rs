//! The event log, short and long: what appending to it costs, and what reading its newest events costs.
//!
//! Each length is a log of its own, and all of them are measured in turns, so that a slow moment of the machine is
//! everybody's. The floor of a long log is the rate at the first length.

use super::{
    report::{Case, Samples},
    stage::{SHORT, Stage},
};
use crate::out;
use anyhow::Context;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use wharf_domain::log::{Filter, PullAsked};
use wharf_types::EventId;

/// Sessions whose events they are.
const SESSIONS: usize = 50;
/// Rows a transaction while the log is made long.
const STEP: u64 = 1_000;
/// Writers at once.
const WRITERS: usize = 64;
/// The newest ones read.
const PAGE: usize = 50;
/// Turns that the time of a case is divided into.
const TURNS: u32 = 10;

struct Log {
    n: u64,
    stage: Arc<Stage>,
    /// The newest but so many.
    after: EventId,
    append: Samples,
    newest: Samples,
}

pub async fn run(rows: &[u64], length: Duration) -> anyhow::Result<Vec<Case>> {
    let mut logs = Vec::new();
    for &n in rows {
        logs.push(grown(n).await?);
    }
    for _ in 0..TURNS {
        for log in &mut logs {
            log.read(length / TURNS).await?;
        }
        for log in &mut logs {
            log.write(length / TURNS).await?;
        }
    }
    let mut cases: Vec<Case> = Vec::new();
    let (mut append_floor, mut newest_floor) = (0.0, 0.0);
    for log in logs {
        let append = log.append.case("append", log.n, append_floor);
        let newest = log.newest.case("newest", log.n, newest_floor);
        if append_floor == 0.0 {
            (append_floor, newest_floor) = (append.rate, newest.rate);
        }
        cases.extend([append, newest]);
        if let Some(stage) = Arc::into_inner(log.stage) {
            stage.gateway.stop().await;
        }
    }
    Ok(cases)
}

async fn grown(n: u64) -> anyhow::Result<Log> {
    out::complain(format_args!("writing {n} events"));
    let stage = Stage::set(SESSIONS).await?;
    let mut written = 0;
    while written < n {
        let step = STEP.min(n - written);
        stage.append_many(step, SHORT).await?;
        written += step;
    }
    let mut log = Log {
        n,
        after: EventId::new(stage.gateway.domain.ids.ulid()),
        stage: Arc::new(stage),
        append: Samples::default(),
        newest: Samples::default(),
    };
    log.mark().await?;
    Ok(log)
}

impl Log {
    /// Appends a page's worth: these are the newest from now on.
    async fn mark(&mut self) -> anyhow::Result<()> {
        let ids = self.stage.append_many(PAGE as u64 + 1, SHORT).await?;
        self.after = *ids.first().context("nothing was appended")?;
        Ok(())
    }

    async fn read(&mut self, length: Duration) -> anyhow::Result<()> {
        self.mark().await?;
        let begun = Instant::now();
        while begun.elapsed() < length {
            let asked = PullAsked {
                after: Some(self.after),
                filter: Filter::all(true),
                limit: PAGE,
                wait: Duration::ZERO,
            };
            let one = Instant::now();
            let page = self
                .stage
                .gateway
                .domain
                .pull_events(self.stage.org, asked)
                .await?;
            self.newest.took.push(one.elapsed());
            anyhow::ensure!(page.events.len() == PAGE, "the newest are not there");
        }
        self.newest.elapsed += begun.elapsed();
        Ok(())
    }

    async fn write(&mut self, length: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let stage = Arc::clone(&self.stage);
            writers.spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < length {
                    let one = Instant::now();
                    let (_, committed) = stage.append().await?;
                    took.push(committed - one);
                }
                anyhow::Ok(took)
            });
        }
        while let Some(done) = writers.join_next().await {
            self.append.took.extend(done??);
        }
        self.append.elapsed += begun.elapsed();
        Ok(())
    }
}
