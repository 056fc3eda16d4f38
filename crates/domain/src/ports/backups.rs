//! Encrypted backups of WhatsApp for Android, kept while they are imported and read piece by piece.

use crate::{
    Error, Result,
    imports::{Piece, Place, Refusal, RootKey},
    ports::blobs::Chunks,
};
use async_trait::async_trait;
use wharf_types::JobId;

/// Where they are kept.
#[async_trait]
pub trait Backups: Send + Sync {
    /// Keeps the encrypted file of a job; durable when it returns. More than `most` bytes are [`Error::TooLarge`].
    async fn take(&self, job: &JobId, body: &mut dyn Chunks, most: u64) -> Result<()>;
    /// Looks at the beginning: whether it is a backup of this number, and whether the key opens it.
    async fn probe(&self, job: &JobId, key: &RootKey, number: &str) -> Result<(), Refusal>;
    /// Verifies the whole and decrypts it. The plain file is gone when the value is.
    async fn open(&self, job: &JobId, key: &RootKey) -> Result<Box<dyn Backup>, Refusal>;
    /// Removes the file of a job.
    async fn discard(&self, job: &JobId);
    /// Removes the files of all other jobs.
    async fn keep_only(&self, jobs: &[JobId]);
}

/// One, open.
#[async_trait]
pub trait Backup: Send + Sync {
    /// The highest row of a message.
    async fn last(&self) -> Result<i64, Refusal>;
    /// What comes after a place; `None` at the end.
    async fn next(&self, place: Place) -> Result<Option<Piece>, Refusal>;
}

/// In a process without a place for them.
pub struct NoBackups;

#[async_trait]
impl Backups for NoBackups {
    async fn take(&self, _: &JobId, _: &mut dyn Chunks, _: u64) -> Result<()> {
        Err(Error::Unavailable(
            "this process has no place for backups".into(),
        ))
    }

    async fn probe(&self, _: &JobId, _: &RootKey, _: &str) -> Result<(), Refusal> {
        Err(Refusal::NotABackup)
    }

    async fn open(&self, _: &JobId, _: &RootKey) -> Result<Box<dyn Backup>, Refusal> {
        Err(Refusal::NotABackup)
    }

    async fn discard(&self, _: &JobId) {}

    async fn keep_only(&self, _: &[JobId]) {}
}
