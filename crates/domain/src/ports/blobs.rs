//! Files, addressed by the SHA-256 of their bytes.
//!
//! A file is written into a scratch file first and then kept: nobody ever reads half a file. Bodies move in chunks; none is
//! whole in memory.

use crate::{Error, Result};
use async_trait::async_trait;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use wharf_types::Millis;

/// A body that comes in chunks.
#[async_trait]
pub trait Chunks: Send {
    /// The next piece; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>>;
}

/// A file of our own, gone when this value is.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Takes charge of the file at the path, which need not exist yet.
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its size; 0 while it is not written.
    pub fn size(&self) -> u64 {
        std::fs::metadata(&self.0).map_or(0, |file| file.len())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may have been moved, or never written.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// A kept file, as a sweep sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub blob: Blob,
    /// When it was last kept or asked for.
    pub used_at: Millis,
}

/// Where files are kept.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// A name for a scratch file, not written yet.
    fn scratch(&self) -> Scratch;
    /// Writes a body into a scratch file; more than `most` bytes are [`Error::TooLarge`].
    async fn fill(&self, from: &mut dyn Chunks, most: u64) -> Result<Scratch>;
    /// Keeps a scratch file; returns after it is durable. Keeping the same bytes twice keeps them once.
    async fn keep(&self, file: Scratch) -> Result<Blob>;
    /// The size of a kept file, and marks it as used; `None` when it is not kept.
    async fn used(&self, sha256: &str) -> Result<Option<u64>>;
    /// `length` bytes from `from` on; `None` when the file is not kept.
    async fn read(&self, sha256: &str, from: u64, length: u64) -> Result<Option<Box<dyn Chunks>>>;
    /// A copy of a kept file to work on.
    async fn copy(&self, sha256: &str) -> Result<Option<Scratch>>;
    /// All that is kept.
    async fn list(&self) -> Result<Vec<Kept>>;
    /// Forgets a file that was not used at or after that time.
    async fn remove(&self, sha256: &str, unused_since: Millis) -> Result<bool>;
}

/// For processes that keep no files.
pub struct NoBlobs;

fn none() -> Error {
    Error::Unavailable("this process keeps no files".into())
}

#[async_trait]
impl Blobs for NoBlobs {
    fn scratch(&self) -> Scratch {
        Scratch::new(PathBuf::new())
    }
    async fn fill(&self, _: &mut dyn Chunks, _: u64) -> Result<Scratch> {
        Err(none())
    }
    async fn keep(&self, _: Scratch) -> Result<Blob> {
        Err(none())
    }
    async fn used(&self, _: &str) -> Result<Option<u64>> {
        Ok(None)
    }
    async fn read(&self, _: &str, _: u64, _: u64) -> Result<Option<Box<dyn Chunks>>> {
        Ok(None)
    }
    async fn copy(&self, _: &str) -> Result<Option<Scratch>> {
        Ok(None)
    }
    async fn list(&self) -> Result<Vec<Kept>> {
        Ok(Vec::new())
    }
    async fn remove(&self, _: &str, _: Millis) -> Result<bool> {
        Ok(false)
    }
}
