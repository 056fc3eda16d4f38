//! Files in a folder: `ab/abcdef…`, named by the SHA-256 of their bytes.
//!
//! A file is written elsewhere on the same disk, made durable, and then renamed to its name; the folder is made durable
//! before the caller is told. The time of the last use is the file's modification time.

use crate::scratch::{Desk, FilePart, blocking, finish, folder};
use async_trait::async_trait;
use std::sync::Arc;
use std::{
    fs,
    io::{self, Seek},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use wharf_domain::{
    Error, Result,
    ports::{
        blobs::{Blob, Blobs, Chunks, Kept, Scratch},
        clock::Clock,
    },
};
use wharf_types::Millis;

/// A folder of files.
pub struct LocalBlobs {
    kept: PathBuf,
    desk: Desk,
    clock: Arc<dyn Clock>,
}

fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn time(at: Millis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or(0))
}

fn millis(time: SystemTime) -> Millis {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl LocalBlobs {
    /// Keeps files under `folder`, with scratch files beside them. One process at a time.
    pub fn open(at: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let kept = at.join("files");
        folder(&kept)?;
        Ok(Self {
            kept,
            desk: Desk::open(at.join("scratch"))?,
            clock,
        })
    }

    /// Where a file is; an error when the hash is none, so that no name leads out of the folder.
    fn path(&self, sha256: &str) -> Result<PathBuf> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match sha256.get(..2) {
            Some(first) if sha256.len() == 64 && sha256.bytes().all(hex) => {
                Ok(self.kept.join(first).join(sha256))
            }
            _ => Err(Error::Internal("not a hash".into())),
        }
    }
}

#[async_trait]
impl Blobs for LocalBlobs {
    fn scratch(&self) -> Scratch {
        self.desk.scratch()
    }

    async fn fill(&self, from: &mut dyn Chunks, most: u64) -> Result<Scratch> {
        self.desk.fill(from, most).await
    }

    async fn keep(&self, file: Scratch) -> Result<Blob> {
        let path = file.path().to_owned();
        let blob = blocking(move || finish(&path)).await?;
        let to = self.path(&blob.sha256)?;
        let now = time(self.clock.now());
        blocking(move || {
            let shelf = to.parent().map(Path::to_owned).unwrap_or_default();
            folder(&shelf)?;
            fs::rename(file.path(), &to)?;
            fs::File::open(&to)?.set_modified(now)?;
            fs::File::open(&shelf)?.sync_all()?;
            if let Some(root) = shelf.parent() {
                fs::File::open(root)?.sync_all()?;
            }
            Ok(())
        })
        .await?;
        Ok(blob)
    }

    async fn used(&self, sha256: &str) -> Result<Option<u64>> {
        let path = self.path(sha256)?;
        let now = time(self.clock.now());
        blocking(move || {
            let Some(file) = absent(fs::File::open(&path))? else {
                return Ok(None);
            };
            file.set_modified(now)?;
            Ok(Some(file.metadata()?.len()))
        })
        .await
    }

    async fn read(&self, sha256: &str, from: u64, length: u64) -> Result<Option<Box<dyn Chunks>>> {
        let path = self.path(sha256)?;
        let file = blocking(move || {
            let Some(mut file) = absent(fs::File::open(&path))? else {
                return Ok(None);
            };
            file.seek(io::SeekFrom::Start(from))?;
            Ok(Some(file))
        })
        .await?;
        Ok(file.map(|file| Box::new(FilePart::new(file, length)) as Box<dyn Chunks>))
    }

    async fn copy(&self, sha256: &str) -> Result<Option<Scratch>> {
        let scratch = self.desk.scratch();
        let (from, to, now) = (
            self.path(sha256)?,
            scratch.path().to_owned(),
            time(self.clock.now()),
        );
        // Kept files are never written to, so another name for the same bytes is as good as a copy.
        let linked = blocking(move || {
            if absent(fs::hard_link(&from, &to))?.is_none() {
                return Ok(false);
            }
            fs::File::open(&to)?.set_modified(now)?;
            Ok(true)
        })
        .await?;
        Ok(linked.then_some(scratch))
    }

    async fn list(&self) -> Result<Vec<Kept>> {
        let root = self.kept.clone();
        blocking(move || {
            let mut all = Vec::new();
            for shelf in fs::read_dir(root)? {
                for file in fs::read_dir(shelf?.path())? {
                    let file = file?;
                    // It may go while the list is made.
                    let Some(about) = absent(file.metadata())? else {
                        continue;
                    };
                    all.push(Kept {
                        blob: Blob {
                            sha256: file.file_name().to_string_lossy().into_owned(),
                            size: about.len(),
                        },
                        used_at: millis(about.modified()?),
                    });
                }
            }
            Ok(all)
        })
        .await
    }

    async fn remove(&self, sha256: &str, unused_since: Millis) -> Result<bool> {
        let path = self.path(sha256)?;
        blocking(move || {
            let Some(about) = absent(fs::metadata(&path))? else {
                return Ok(false);
            };
            if millis(about.modified()?) >= unused_since {
                return Ok(false);
            }
            Ok(absent(fs::remove_file(&path))?.is_some())
        })
        .await
    }
}
