//! The durable world: one SQLite file, `synchronous=FULL`, WAL; in memory without a data directory.
//!
//! The database *is* the state. Whatever a stanza or a control call changes is written inside one
//! transaction that commits before the answer leaves (`Sim::act`), so a kill at any point resumes in
//! a state the outside has seen or could still see. Sockets, presence and QR refs die with the
//! process, as they would on the real network.
//!
//! A module adds its tables by listing its `SCHEMA` in [`SCHEMAS`] (statements idempotent).

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};

/// Every module's tables.
const SCHEMAS: &[&str] = &[
    WORLD,
    crate::world::account::SCHEMA,
    crate::phone::passkey::SCHEMA,
    crate::world::device::SCHEMA,
    crate::world::queue::SCHEMA,
    crate::people::SCHEMA,
    crate::people::signal::SCHEMA,
    crate::people::inbox::SCHEMA,
    crate::groups::SCHEMA,
    crate::senderkeys::SCHEMA,
    crate::crowd::SCHEMA,
    crate::groups::outbound::SCHEMA,
    crate::groups::requests::SCHEMA,
    crate::groups::picture::SCHEMA,
    crate::iq::blocklist::SCHEMA,
    crate::iq::privacy::SCHEMA,
    crate::ledger::SCHEMA,
    crate::appstate::store::SCHEMA,
    crate::media::retry::SCHEMA,
    crate::seen::SCHEMA,
    crate::calls::SCHEMA,
    crate::channels::SCHEMA,
    crate::history::archive::SCHEMA,
    crate::history::PLANS,
];

const WORLD: &str =
    "CREATE TABLE IF NOT EXISTS world(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";

pub fn open(data_dir: Option<&Path>) -> Result<Connection> {
    let db = match data_dir {
        Some(d) => {
            std::fs::create_dir_all(d).with_context(|| format!("creating {}", d.display()))?;
            Connection::open(d.join("sandbox.db")).context("opening sandbox.db")?
        }
        None => Connection::open_in_memory()?,
    };
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;")?;
    db.set_prepared_statement_cache_capacity(256);
    for s in SCHEMAS {
        db.execute_batch(s)?;
    }
    Ok(db)
}

/// Where the world's files are; None for a world in memory.
pub fn data_dir(db: &Connection) -> Option<&Path> {
    db.path()
        .filter(|p| !p.is_empty())
        .and_then(|p| Path::new(p).parent())
}

/// A value of the world itself (its seed, its certificate chain), drawn by `make` the first time.
pub fn world_value(db: &Connection, key: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
    if let Some(v) = get_world_value(db, key)? {
        return Ok(v);
    }
    let v = make();
    db.execute(
        "INSERT INTO world(key, value) VALUES(?1, ?2)",
        params![key, v],
    )?;
    Ok(v)
}

pub fn get_world_value(db: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
    Ok(db
        .query_row("SELECT value FROM world WHERE key = ?1", [key], |r| {
            r.get(0)
        })
        .optional()?)
}

pub fn set_world_value(db: &Connection, key: &str, value: &[u8]) -> Result<()> {
    db.execute(
        "INSERT INTO world(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        params![key, value],
    )?;
    Ok(())
}
