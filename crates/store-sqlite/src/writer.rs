//! The writer: one thread, one connection, many jobs a commit.
//!
//! Why: `synchronous=FULL` costs an fsync a commit, and SQLite has one writer anyway. Jobs that wait while a
//! commit is under way share the next one, so the price of an fsync is divided by the load: 0.5–2 thousand
//! events a second from one caller that waits for each, 15–30 thousand from 64, 30–44 thousand from 256
//! (`examples/measure.rs`).
//!
//! How a batch goes: `BEGIN IMMEDIATE`; each job in a `SAVEPOINT` of its own; `COMMIT`; only then are all
//! answered. So an answer `Ok` is durable, and:
//! - a job that fails, panics or had a failing statement is rolled back alone; its neighbours commit;
//! - a commit that fails answers every job of the batch, and nothing of it was written;
//! - SQLite ends the whole transaction by itself when the disk is full or broken: then the jobs before it in
//!   the batch are lost with it and are answered so. They cannot be run again, a job runs once.
//!
//! Waiting has limits. A job that finds the queue full, or is still queued at the deadline, is taken back and
//! nothing was written. A job that runs is waited for; if the disk then hangs past the second deadline, the
//! answer says that the outcome is unknown. A job whose caller has gone before it ran is skipped.
//!
//! Checkpoints run after the answers, never inside a commit that somebody waits for.

use crate::{error::meaning, open::Options, rows::Rows};
use rusqlite::Connection;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot, watch};
use wharf_domain::{Error, Result, ports::store::WriteJob};

/// A batch is closed at this many jobs, or once it has run this long: bounds the wait of the first in it.
const BATCH_JOBS: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(20);
/// Pages of log that make a checkpoint worth its fsync (16 MiB), and that make it worth stopping readers for.
const LOG_PAGES: i64 = 2_048;
const LOG_PAGES_MOST: i64 = 32_768;
/// How long a running job may take beyond the queue's deadline before its caller is told "unknown".
const HUNG: Duration = Duration::from_secs(60);

struct Queued {
    work: WriteJob,
    answer: oneshot::Sender<Result<()>>,
    /// Set by whoever is first: the writer that runs the job, or the caller that takes it back.
    claimed: Arc<AtomicBool>,
}

/// The queue's end that callers hold.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Queued>>,
    thread: Option<JoinHandle<()>>,
    wait: Duration,
    appended: watch::Sender<i64>,
}

impl Writer {
    /// Starts the thread on a connection that is ready to write.
    pub(crate) fn start(conn: Connection, options: &Options, last: i64) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let (appended, _) = watch::channel(last);
        let tell = appended.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&conn, jobs, &tell))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            wait: options.wait,
            appended,
        })
    }

    /// Place of the newest event that is committed.
    pub(crate) fn appended(&self) -> watch::Receiver<i64> {
        self.appended.subscribe()
    }

    /// Queues a job and waits until it is durable, failed or given up.
    pub(crate) async fn submit(&self, work: WriteJob) -> Result<()> {
        let deadline = tokio::time::Instant::now() + self.wait;
        let (answer, mut answered) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        let job = Queued {
            work,
            answer,
            claimed: Arc::clone(&claimed),
        };
        self.enqueue(job).await?;
        if let Ok(answer) = tokio::time::timeout_at(deadline, &mut answered).await {
            return answer.unwrap_or_else(|_| Err(stopped()));
        }
        if !claimed.swap(true, Ordering::AcqRel) {
            return Err(busy());
        }
        match tokio::time::timeout(HUNG, answered).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(stopped())),
            Err(_) => Err(Error::Unavailable(
                "the disk does not answer; whether the change was stored is unknown".to_owned(),
            )),
        }
    }

    async fn enqueue(&self, job: Queued) -> Result<()> {
        let Some(queue) = &self.queue else {
            return Err(stopped());
        };
        queue
            .send_timeout(job, self.wait)
            .await
            .map_err(|error| match error {
                mpsc::error::SendTimeoutError::Timeout(_) => busy(),
                mpsc::error::SendTimeoutError::Closed(_) => stopped(),
            })
    }
}

impl Drop for Writer {
    /// What is queued is still done; then the log is folded into the database.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn busy() -> Error {
    Error::Unavailable("the store has more to write than it can; nothing was stored".to_owned())
}

fn stopped() -> Error {
    Error::Unavailable("the store is closing".to_owned())
}

fn serve(conn: &Connection, mut jobs: mpsc::Receiver<Queued>, appended: &watch::Sender<i64>) {
    while let Some(first) = jobs.blocking_recv() {
        if let Some(place) = batch(conn, first, &mut jobs) {
            appended.send_replace(place);
        }
        checkpoint(conn);
    }
    let closed = conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    if let Err(error) = closed {
        tracing::debug!(%error, "the log stays beside the database until the next start");
    }
}

/// One transaction: `first` and whatever is queued behind it. The place of the newest event it committed.
fn batch(conn: &Connection, first: Queued, jobs: &mut mpsc::Receiver<Queued>) -> Option<i64> {
    let started = Instant::now();
    let mut done: Vec<(oneshot::Sender<Result<()>>, Result<()>)> = Vec::new();
    let mut newest = None;
    let mut failed = exec(conn, "BEGIN IMMEDIATE").err();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        if job.answer.is_closed() || job.claimed.swap(true, Ordering::AcqRel) {
            // Nobody waits for it any more.
        } else if let Some(error) = &failed {
            done.push((job.answer, Err(error.clone())));
        } else {
            let (outcome, place) = alone(conn, job.work);
            newest = place.or(newest);
            if conn.is_autocommit() {
                failed = Some(lost(&outcome));
            }
            done.push((job.answer, outcome));
        }
        if failed.is_none() && done.len() < BATCH_JOBS && started.elapsed() < BATCH_TIME {
            next = jobs.try_recv().ok();
        }
    }
    if failed.is_none() {
        failed = finish(conn, done.iter().any(|(_, outcome)| outcome.is_ok())).err();
    }
    for (answer, outcome) in done {
        let _ = answer.send(match &failed {
            Some(error) => outcome.and(Err(error.clone())),
            None => outcome,
        });
    }
    newest.filter(|_| failed.is_none())
}

/// Commits, or rolls back what holds nothing; leaves no transaction open either way.
fn finish(conn: &Connection, anything: bool) -> Result<()> {
    let done = exec(conn, if anything { "COMMIT" } else { "ROLLBACK" });
    if !conn.is_autocommit() {
        let _ = exec(conn, "ROLLBACK");
    }
    done
}

/// One job in its savepoint; and the place of the last event it appended, if it is kept.
fn alone(conn: &Connection, work: WriteJob) -> (Result<()>, Option<i64>) {
    if let Err(error) = exec(conn, "SAVEPOINT job") {
        return (Err(error), None);
    }
    let mut rows = Rows::new(conn);
    let outcome = match catch_unwind(AssertUnwindSafe(|| work(&mut rows))) {
        Ok(Ok(())) if rows.doomed() => Err(Error::Internal(
            "a job went on after a statement had failed; it was rolled back".to_owned(),
        )),
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Internal(
            "a job of the store panicked; it was rolled back".to_owned(),
        )),
    };
    let closed = match &outcome {
        Ok(()) => exec(conn, "RELEASE job"),
        Err(_) if conn.is_autocommit() => Ok(()),
        Err(_) => exec(conn, "ROLLBACK TO job").and_then(|()| exec(conn, "RELEASE job")),
    };
    if closed.is_err() && !conn.is_autocommit() {
        // Its writes cannot be told from its neighbours' any more: the batch goes as a whole.
        let _ = exec(conn, "ROLLBACK");
    }
    let done = outcome.and(closed);
    let place = rows.appended().filter(|_| done.is_ok());
    (done, place)
}

/// What the others in the batch are told when SQLite has ended the transaction under them.
fn lost(outcome: &Result<()>) -> Error {
    match outcome {
        Err(error @ Error::Unavailable(_)) => error.clone(),
        _ => Error::Unavailable("the transaction was ended by the store".to_owned()),
    }
}

fn exec(conn: &Connection, sql: &str) -> Result<()> {
    let run = || conn.prepare_cached(sql)?.execute([]);
    run().map(|_| ()).map_err(|error| meaning(&error))
}

/// Folds the log into the database once it is long. A failure costs disk, not data, and shows at the next write.
fn checkpoint(conn: &Connection) {
    let pass = |sql: &str| {
        conn.prepare_cached(sql)
            .and_then(|mut statement| {
                statement.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
            })
            .inspect_err(|error| tracing::warn!(%error, "checkpoint"))
            .unwrap_or((0, 0))
    };
    let (log, folded) = pass("PRAGMA wal_checkpoint(NOOP)");
    if log > LOG_PAGES_MOST {
        pass("PRAGMA wal_checkpoint(TRUNCATE)");
    } else if log - folded > LOG_PAGES {
        pass("PRAGMA wal_checkpoint(PASSIVE)");
    }
}
