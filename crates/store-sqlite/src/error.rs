//! What goes wrong here, and what it means to the domain.
//!
//! A disk or file that cannot be written is [`Error::Unavailable`] in words an operator can act on (HTTP 503);
//! anything that only a bug or damage explains is [`Error::Internal`]. SQLite's messages name tables and
//! columns, never values, so they may be logged.

use rusqlite::{ErrorCode, ffi, types::FromSqlError};
use wharf_domain::Error;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made, opened, read or written.
    #[error("the database cannot be opened: {0}")]
    File(String),
    /// Made by a newer program.
    #[error(
        "the database has schema {found}, this program knows schemas up to {known}: it was written by a newer version; run that one, or restore a backup made before the upgrade"
    )]
    TooNew {
        /// The file's schema.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// Some other program's database.
    #[error("the file is an SQLite database, but not one of Wharf's; it was left untouched")]
    Foreign,
    /// A migration failed; the file is as it was before.
    #[error("the database could not be brought to schema {to}; it is unchanged: {why}")]
    Migration {
        /// The schema it was on its way to.
        to: i64,
        /// What SQLite said.
        why: String,
    },
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error.to_string())
    }
}

/// A failure of one statement or of reading one row.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    /// A stored value that no version of this program wrote.
    Corrupt(&'static str),
    /// An earlier statement of the same job failed.
    Doomed,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<FromSqlError> for Fault {
    fn from(_: FromSqlError) -> Self {
        Self::Corrupt("value of another type")
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sqlite(error) => meaning(&error),
            Fault::Corrupt(what) => Self::Internal(format!("stored {what} is unreadable")),
            Fault::Doomed => {
                Self::Internal("an earlier statement of this transaction failed".to_owned())
            }
        }
    }
}

/// What a failure of SQLite means.
pub(crate) fn meaning(error: &rusqlite::Error) -> Error {
    let unavailable = |words: &str| Error::Unavailable(words.to_owned());
    let Some(cause) = error.sqlite_error() else {
        return Error::Internal(format!("store: {error}"));
    };
    match cause.code {
        ErrorCode::DiskFull => unavailable("the disk is full"),
        ErrorCode::SystemIoFailure => unavailable("the disk does not read or write"),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            unavailable("the database file cannot be written")
        }
        ErrorCode::CannotOpen => unavailable("the database file cannot be opened"),
        ErrorCode::OutOfMemory => unavailable("the store is out of memory"),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => unavailable("another process holds the database"),
        // Every foreign key leads to a session or an organization; the verbs on organizations say so themselves.
        ErrorCode::ConstraintViolation
            if cause.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY =>
        {
            Error::NotFound("session")
        }
        _ => Error::Internal(format!("store: {error}")),
    }
}
