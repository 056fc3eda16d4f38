//! Scratch files: private, named by a count, gone with their owner and at the next start.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::task::spawn_blocking;
use wharf_domain::{
    Error, Result,
    ports::blobs::{Blob, Chunks, Scratch},
};

pub(crate) const CHUNK: usize = 64 << 10;

/// What the disk says, for the caller of a job.
pub(crate) fn trouble(error: io::Error) -> Error {
    Error::Unavailable(format!("files: {error}"))
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(job)
        .await
        .map_err(|_| Error::Internal("a file job panicked".into()))?
        .map_err(trouble)
}

/// A private folder; made when absent.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// The folder of the scratch files.
pub(crate) struct Desk {
    at: PathBuf,
    next: AtomicU64,
}

impl Desk {
    /// Takes the folder over: what an earlier process left in it goes.
    pub(crate) fn open(at: PathBuf) -> io::Result<Self> {
        if at.exists() {
            fs::remove_dir_all(&at)?;
        }
        folder(&at)?;
        Ok(Self {
            at,
            next: AtomicU64::new(0),
        })
    }

    /// The folder is ours alone, so a count is name enough.
    pub(crate) fn scratch(&self) -> Scratch {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Scratch::new(self.at.join(number.to_string()))
    }

    /// Writes a body into a new file of at most `most` bytes.
    pub(crate) async fn fill(&self, from: &mut dyn Chunks, most: u64) -> Result<Scratch> {
        let scratch = self.scratch();
        let path = scratch.path().to_owned();
        let mut file = blocking(move || create(&path)).await?;
        let mut size = 0;
        while let Some(chunk) = from.chunk().await? {
            size += chunk.len() as u64;
            if size > most {
                return Err(Error::TooLarge(most));
            }
            file = blocking(move || file.write_all(&chunk).map(|()| file)).await?;
        }
        Ok(scratch)
    }
}

pub(crate) fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Hashes a file and makes it durable and private; what a program of its own wrote may be neither.
pub(crate) fn finish(path: &Path) -> io::Result<Blob> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer)?;
        let part = buffer.get(..count).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        hash.update(part);
        size += count as u64;
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.sync_all()?;
    let sha256 = hash
        .finalize()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    Ok(Blob { sha256, size })
}

/// A part of a file in chunks.
pub(crate) struct FilePart {
    file: Option<fs::File>,
    left: u64,
}

impl FilePart {
    pub(crate) const fn new(file: fs::File, length: u64) -> Self {
        Self {
            file: Some(file),
            left: length,
        }
    }
}

#[async_trait::async_trait]
impl Chunks for FilePart {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let wanted = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        let Some(mut file) = self.file.take().filter(|_| wanted > 0) else {
            return Ok(None);
        };
        let (file, bytes) = blocking(move || {
            let mut buffer = vec![0; wanted];
            let count = file.read(&mut buffer)?;
            buffer.truncate(count);
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok((file, buffer))
        })
        .await?;
        self.left -= bytes.len() as u64;
        self.file = Some(file);
        Ok(Some(bytes.into()))
    }
}
