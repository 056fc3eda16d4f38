//! Readers: connections that cannot write, each job on a snapshot of its own.
//!
//! A job runs where it is asked for, on the caller's own thread. A page of 51 people out of 200,000 takes 20 to
//! 60 µs; handing it to a reader thread and waiting for it adds two wake-ups. Measured (`examples/measure.rs`, two
//! busy cores, 16 callers, pages at random places):
//!
//! | where | pages/s | p50 | p99 |
//! |---|---|---|---|
//! | inline | 14,000–16,000 | 45 µs | 3.3–3.6 ms |
//! | 2 reader threads | 12,000–19,000 | 0.7–0.9 ms | 5–9 ms |
//! | 4 reader threads | 15,000–16,000 | 0.8 ms | 5–9 ms |
//! | inline, beside 4 writers that wait for the disk | 15,000 | 50 µs | 2.9 ms |
//!
//! The same throughput within the noise, and a page is not queued behind others. The price: a job that must
//! wait for a cold disk holds one of the runtime's threads meanwhile. So jobs are short: who has much to read,
//! reads it in pages.
//!
//! Readers map the file into memory: each commit of the writer empties a reader's own page cache, but not the
//! kernel's. There are at most as many readers as threads that ask at once, so nobody ever waits for one.

use crate::{
    error::meaning,
    open::{Options, settle},
    rows::Rows,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use wharf_domain::{Error, Result, ports::store::ReadJob};

/// Idle readers. A caller takes one or opens one, so nobody waits; at most `keep` are kept.
pub(crate) struct Pool {
    path: PathBuf,
    mmap_bytes: i64,
    keep: usize,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    /// The first connection is opened at once, so that a database that cannot be read is found at start.
    pub(crate) fn open(path: &Path, options: &Options) -> rusqlite::Result<Self> {
        let first = reader(path, options.mmap_bytes)?;
        Ok(Self {
            path: path.to_owned(),
            mmap_bytes: options.mmap_bytes,
            keep: options.readers.max(1),
            idle: Mutex::new(vec![first]),
        })
    }

    pub(crate) fn query(&self, job: ReadJob) -> Result<()> {
        let conn = match self.idle().pop() {
            Some(conn) => conn,
            None => reader(&self.path, self.mmap_bytes).map_err(|error| meaning(&error))?,
        };
        exec(&conn, "BEGIN")?;
        let rows = Rows::new(&conn);
        let outcome = catch_unwind(AssertUnwindSafe(|| job(&rows))).unwrap_or_else(|_| {
            Err(Error::Internal(
                "a reading job of the store panicked".to_owned(),
            ))
        });
        // A connection that failed is not used again.
        if !rows.doomed() && exec(&conn, "COMMIT").is_ok() {
            let mut idle = self.idle();
            if idle.len() < self.keep {
                idle.push(conn);
            }
        }
        outcome
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reader(path: &Path, mmap_bytes: i64) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn)?;
    conn.pragma_update(None, "mmap_size", mmap_bytes)?;
    conn.pragma_update(None, "cache_size", -8_192)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn exec(conn: &Connection, sql: &str) -> Result<()> {
    let run = || conn.prepare_cached(sql)?.execute([]);
    run().map(|_| ()).map_err(|error| meaning(&error))
}
