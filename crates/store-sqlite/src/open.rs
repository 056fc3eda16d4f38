//! Opening a store, and the store itself: the port's door on the writer and the readers.

use crate::{
    error::OpenError,
    migrate::{check_ours, migrate},
    pool::Pool,
    writer::Writer,
};
use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use wharf_domain::{
    Error, Result,
    ports::store::{ReadJob, Store, StoreExt, WriteJob},
};

/// How long a connection waits for another process that holds the database (a backup, a command-line tool).
const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements kept a connection: more than there are.
const STATEMENTS: usize = 256;

/// How a store behaves. The defaults suit a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Jobs that may wait for the writer; more are refused.
    pub queue: usize,
    /// How long a writing job may wait to be run.
    pub wait: Duration,
    /// Reader connections kept open.
    pub readers: usize,
    /// How much of the file readers map into memory (SQLite's own limit is 2 GiB).
    pub mmap_bytes: i64,
    /// A quota in pages of 8 KiB; beyond it the store answers as on a full disk.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 1_024,
            wait: Duration::from_secs(10),
            readers: 16,
            mmap_bytes: 2 << 30,
            max_pages: None,
        }
    }
}

/// Facts kept in one SQLite file. Dropping it finishes what is queued.
pub struct SqliteStore {
    // Readers go first: the last connection to close removes the log, and they may not.
    readers: Pool,
    writer: Writer,
    probes: AtomicU64,
    /// Removed last, after every connection.
    _dir: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, and brings its schema up to date.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        Self::start(path, options, "FULL", None)
    }

    /// A store in a directory of its own that goes with it. Not durable against a power cut: for tests and trials.
    pub fn temporary() -> Result<Self, OpenError> {
        let file = |error: std::io::Error| OpenError::File(error.to_string());
        let dir = tempfile::tempdir().map_err(file)?;
        let path = dir.path().join("wharf.db");
        Self::start(&path, &Options::default(), "OFF", Some(dir))
    }

    fn start(
        path: &Path,
        options: &Options,
        synchronous: &str,
        dir: Option<tempfile::TempDir>,
    ) -> Result<Self, OpenError> {
        let file = |error: std::io::Error| OpenError::File(error.to_string());
        private_file(path).map_err(file)?;
        let mut conn = writing(path)?;
        // Before anything that writes: switching to a log changes the file.
        check_ours(&conn)?;
        prepare(&conn, synchronous)?;
        migrate(&mut conn)?;
        if let Some(pages) = options.max_pages {
            conn.pragma_update(None, "max_page_count", pages)?;
        }
        let readers = Pool::open(path, options)?;
        let last = conn.query_row("SELECT coalesce(max(place), 0) FROM events", [], |row| {
            row.get(0)
        })?;
        Ok(Self {
            readers,
            writer: Writer::start(conn, options, last).map_err(file)?,
            probes: AtomicU64::new(0),
            _dir: dir,
        })
    }
}

fn writing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn)?;
    Ok(conn)
}

/// What every connection needs.
pub(crate) fn settle(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans are fixed by the schema. Otherwise SQLite plans a statement anew whenever the value of a LIMIT or a
    // range is bound, which costs more than most of our statements do.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(conn: &Connection, synchronous: &str) -> rusqlite::Result<()> {
    // Chunks of posting lists (up to 1,034 bytes) would spill out of the leaves of smaller pages.
    conn.pragma_update(None, "page_size", 8_192)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -65_536)?;
    // The writer checkpoints between batches itself.
    conn.pragma_update(None, "wal_autocheckpoint", 0)
}

/// Makes the file if it is missing, readable by its owner only; SQLite gives the log the same mode.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

#[async_trait]
impl Store for SqliteStore {
    async fn submit(&self, job: WriteJob) -> Result<()> {
        self.writer.submit(job).await
    }

    async fn query(&self, job: ReadJob) -> Result<()> {
        self.readers.query(job)
    }

    fn appended(&self) -> tokio::sync::watch::Receiver<i64> {
        self.writer.appended()
    }

    /// Writes a value it has not written before (SQLite skips a write that changes nothing), waits for the
    /// disk, and reads it back through a reader.
    async fn health(&self) -> Result<()> {
        let count = self.probes.fetch_add(1, Ordering::Relaxed);
        let written = probe(count);
        let expected = written.len();
        self.write(move |tx| tx.put_setting(PROBE, &written))
            .await?;
        let read = self.read(|view| view.setting(PROBE)).await?;
        // Another probe may have come between; what counts is that a whole one is there.
        if read.is_some_and(|value| value.len() == expected) {
            Ok(())
        } else {
            Err(Error::Unavailable(
                "the store does not read back what it wrote".to_owned(),
            ))
        }
    }
}

/// The setting that health checks write.
const PROBE: &str = "health.probe";
/// As much as an ordinary job writes: a disk with room for a page only is a full disk.
const PROBE_BYTES: usize = 64 << 10;

/// Differs in every page from the one before, also across restarts.
fn probe(count: u64) -> Vec<u8> {
    let mark = u64::from(std::process::id()) << 32 | count;
    mark.to_be_bytes().repeat(PROBE_BYTES / size_of::<u64>())
}
