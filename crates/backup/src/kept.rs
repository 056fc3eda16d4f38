//! Where backups lie while they are imported: a folder of ours, in which nothing plain outlives its import.

use crate::{fault::Fault, msgstore::MsgStore, unseal};
use async_trait::async_trait;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use wharf_domain::{
    Error, Result,
    imports::{Piece, Place, Refusal, RootKey},
    ports::{
        backups::{Backup, Backups},
        blobs::{Chunks, Scratch},
    },
};
use wharf_types::JobId;

const SEALED: &str = "crypt15";
const PLAIN: &str = "db";

/// The folder.
pub struct KeptBackups(PathBuf);

impl KeptBackups {
    /// Makes the folder, readable by nobody else, and removes what is plain in it.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        for file in fs::read_dir(&folder)? {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != SEALED) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self(folder))
    }

    fn path(&self, job: &JobId, extension: &str) -> PathBuf {
        self.0.join(format!("{job}.{extension}"))
    }
}

#[async_trait]
impl Backups for KeptBackups {
    async fn take(&self, job: &JobId, body: &mut dyn Chunks, most: u64) -> Result<()> {
        let path = self.path(job, SEALED);
        let scratch = Scratch::new(path.with_extension("part"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(scratch.path()).map_err(unwritten)?;
        let mut left = most;
        while let Some(piece) = body.chunk().await? {
            left = left
                .checked_sub(piece.len() as u64)
                .ok_or(Error::TooLarge(most))?;
            file = blocking(move || file.write_all(&piece).map(|()| file))
                .await?
                .map_err(unwritten)?;
        }
        let from = scratch.path().to_owned();
        blocking(move || file.sync_all().and_then(|()| fs::rename(from, path)))
            .await?
            .map_err(unwritten)
    }

    async fn probe(&self, job: &JobId, key: &RootKey, number: &str) -> Result<(), Refusal> {
        let (path, key, number) = (self.path(job, SEALED), key.clone(), number.to_owned());
        on_thread(move || unseal::probe(&path, &key, &number)).await
    }

    async fn open(&self, job: &JobId, key: &RootKey) -> Result<Box<dyn Backup>, Refusal> {
        let (sealed, key) = (self.path(job, SEALED), key.clone());
        let plain = Scratch::new(self.path(job, PLAIN));
        on_thread(move || {
            unseal::unseal(&sealed, &key, plain.path())?;
            let store = MsgStore::open(plain.path())?;
            Ok(Box::new(Opened(Arc::new(Mutex::new(store)), plain)) as Box<dyn Backup>)
        })
        .await
    }

    async fn discard(&self, job: &JobId) {
        remove(&self.path(job, SEALED));
    }

    async fn keep_only(&self, jobs: &[JobId]) {
        let Ok(files) = fs::read_dir(&self.0) else {
            return;
        };
        let keep: Vec<PathBuf> = jobs.iter().map(|job| self.path(job, SEALED)).collect();
        for path in files.filter_map(|file| file.ok().map(|file| file.path())) {
            if !keep.contains(&path) {
                remove(&path);
            }
        }
    }
}

/// An open backup, and its plain file, which goes with it.
struct Opened(
    Arc<Mutex<MsgStore>>,
    #[expect(dead_code, reason = "removes the file when dropped")] Scratch,
);

impl Opened {
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&MsgStore) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(&self.0);
        on_thread(move || question(&store.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

#[async_trait]
impl Backup for Opened {
    async fn last(&self) -> Result<i64, Refusal> {
        self.ask(MsgStore::last).await
    }

    async fn next(&self, place: Place) -> Result<Option<Piece>, Refusal> {
        self.ask(move |store| store.next(place)).await
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a backup that is no longer needed stays in its folder");
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::Unavailable(format!("the backup cannot be written: {error}"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(format!("reading a backup: {error}")))
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Refusal::from),
        Err(error) => Err(Refusal::Io(format!("reading a backup: {error}"))),
    }
}
