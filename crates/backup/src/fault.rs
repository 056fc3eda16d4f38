//! What goes wrong while a backup is read, and what the importer is told of it.

use std::io;
use wharf_domain::imports::Refusal;

pub(crate) type Result<T> = std::result::Result<T, Fault>;

#[derive(Debug)]
pub(crate) enum Fault {
    /// The file is not what it should be.
    Refused(Refusal),
    /// The disk.
    Io(io::Error),
    /// The database in it.
    Sql(rusqlite::Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        use rusqlite::ErrorCode;
        match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Io(error) => match error.kind() {
                // Decompression says so.
                io::ErrorKind::InvalidInput
                | io::ErrorKind::InvalidData
                | io::ErrorKind::UnexpectedEof => Self::Damaged,
                _ => Self::Io(error.to_string()),
            },
            Fault::Sql(error) => match error.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => Self::TooSlow,
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                    Self::Io(error.to_string())
                }
                Some(ErrorCode::AuthorizationForStatementDenied) => Self::NotABackup,
                _ => Self::Damaged,
            },
        }
    }
}
