//! The schema: numbered files, each applied whole or not at all, the number kept in `user_version`.
//!
//! A file is never edited after a release; a change is a new file. A database newer than this program is
//! refused in words, and one of another program is left untouched.

use crate::error::OpenError;
use rusqlite::{Connection, TransactionBehavior};

/// In order; the place in the list, from 1, is the schema's number.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_chats.sql"),
    include_str!("../migrations/0003_sending.sql"),
    include_str!("../migrations/0004_contact_items.sql"),
    include_str!("../migrations/0005_media.sql"),
    include_str!("../migrations/0006_deeds.sql"),
    include_str!("../migrations/0007_audit.sql"),
    include_str!("../migrations/0008_log.sql"),
    include_str!("../migrations/0009_loose_files.sql"),
    include_str!("../migrations/0010_accounts.sql"),
    include_str!("../migrations/0011_jobs.sql"),
    include_str!("../migrations/0012_channels.sql"),
    include_str!("../migrations/0013_item_blocks.sql"),
    include_str!("../migrations/0014_imports.sql"),
    include_str!("../migrations/0015_webhooks.sql"),
];

/// "WHRF": marks the file as ours for `file(1)` and for [`check_ours`].
const APPLICATION_ID: i64 = 0x5748_5246;

/// Brings the database to the newest schema.
pub(crate) fn migrate(conn: &mut Connection) -> Result<(), OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = version(conn)?;
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for (to, sql) in (1_i64..).zip(MIGRATIONS) {
        apply(conn, to, sql).map_err(|error| OpenError::Migration {
            to,
            why: error.to_string(),
        })?;
    }
    Ok(())
}

/// One step; a no-op when the database is past it, asked again under the lock since two processes may open at
/// the same time.
fn apply(conn: &mut Connection, to: i64, sql: &str) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&tx)? < to {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", to)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.commit()?;
    }
    Ok(())
}

/// Refuses the database of another program; writes nothing.
pub(crate) fn check_ours(conn: &Connection) -> Result<(), OpenError> {
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && tables == 0 && version(conn)? == 0) {
        Ok(())
    } else {
        Err(OpenError::Foreign)
    }
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}
