//! Importing a backup of WhatsApp for Android: its messages become rows like those of history.
//!
//! The encrypted file is kept until the import is over; the key never is. So a job that the process did not live to finish
//! waits for its key, and then goes on after the last piece that was stored. A piece that is stored twice adds nothing:
//! messages are known by chat, sender and id.

mod backup;
mod job;
mod run;

pub use backup::{Part, Piece, Place, Refusal, RootKey};
pub use job::{ImportJob, JobStatus};

use crate::{
    Domain, Error, Result,
    audit::By,
    ports::{
        blobs::Chunks,
        store::{ImportRow, StoreExt},
    },
    sessions::SessionScope,
};
use serde_json::json;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use wharf_types::{JobId, SessionId};

/// The largest backup that is taken.
const LARGEST: u64 = 10 << 30;

/// What this process is importing.
#[derive(Debug, Default)]
pub(crate) struct Imports(Mutex<Under>);

#[derive(Debug, Default)]
struct Under {
    jobs: HashSet<JobId>,
    /// Sessions with a file on its way in, or a job.
    sessions: HashSet<SessionId>,
}

/// A session's one import, from the first byte on.
struct Claim(Arc<Domain>, SessionId, JobId);

impl Drop for Claim {
    fn drop(&mut self) {
        let mut under = self.0.imports.under();
        under.sessions.remove(&self.1);
        under.jobs.remove(&self.2);
    }
}

impl Imports {
    fn under(&self) -> std::sync::MutexGuard<'_, Under> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn runs(&self, job: &JobId) -> bool {
        self.under().jobs.contains(job)
    }
}

impl Domain {
    /// Claims the session for an import; while another runs that is a conflict.
    fn claim(self: &Arc<Self>, scope: &SessionScope, job: JobId) -> Result<Claim> {
        let mut under = self.imports.under();
        if !under.sessions.insert(scope.id) {
            return Err(Error::Conflict(
                "an import of this session is running".into(),
            ));
        }
        under.jobs.insert(job);
        Ok(Claim(Arc::clone(self), scope.id, job))
    }

    /// Takes a backup in, looks whether the key opens it, and begins to import it. The key is asked for once the file is
    /// here: a form may give it before or after.
    pub async fn begin_import(
        self: &Arc<Self>,
        scope: SessionScope,
        body: &mut dyn Chunks,
        key: impl AsyncFnOnce() -> Result<RootKey>,
        by: &By,
    ) -> Result<ImportJob> {
        let number = self.own_number(scope).await?;
        let id = JobId::new(self.ids.ulid());
        let claim = self.claim(&scope, id)?;
        self.none_unfinished(scope).await?;
        let row = ImportRow {
            id,
            status: JobStatus::Running,
            place: Place::START,
            messages: 0,
            progress: 0,
            error: String::new(),
            started_at: self.clock.now(),
            finished_at: None,
        };
        let taken = async {
            self.backups.take(&id, body, LARGEST).await?;
            let key = key().await?;
            self.backups.probe(&id, &key, &number).await?;
            self.open_import(scope, row.clone(), by).await?;
            Ok(key)
        };
        match taken.await {
            Ok(key) => {
                self.spawn_import(scope, row.clone(), key, claim);
                Ok(ImportJob::of(&scope, &row))
            }
            Err(error) => {
                self.backups.discard(&id).await;
                Err(error)
            }
        }
    }

    /// How an import stands. One that this process does not know how to go on with needs its key: a conflict.
    pub async fn get_import(&self, scope: SessionScope, id: JobId) -> Result<ImportJob> {
        let row = self.import_row(scope, id).await?;
        match row.status {
            JobStatus::Running if !self.imports.runs(&id) => Err(Error::KeyNeeded),
            _ => Ok(ImportJob::of(&scope, &row)),
        }
    }

    /// Goes on with a half-done import. Repeating is fine.
    pub async fn resume_import(
        self: &Arc<Self>,
        scope: SessionScope,
        id: JobId,
        key: RootKey,
        by: &By,
    ) -> Result<ImportJob> {
        let row = self.import_row(scope, id).await?;
        if row.status == JobStatus::Running && !self.imports.runs(&id) {
            let number = self.own_number(scope).await?;
            let claim = self.claim(&scope, id)?;
            self.backups.probe(&id, &key, &number).await?;
            let details = json!({"import": id});
            self.note_done(by, scope, "import.resume", details).await?;
            self.spawn_import(scope, row.clone(), key, claim);
        }
        Ok(ImportJob::of(&scope, &row))
    }

    /// Throws away the files of imports that are over or gone.
    pub async fn tidy_imports(&self) -> Result<()> {
        let jobs = self.store.read(|view| view.unfinished_imports()).await?;
        self.backups.keep_only(&jobs).await;
        Ok(())
    }

    async fn own_number(&self, scope: SessionScope) -> Result<String> {
        let row = self
            .store
            .read(move |view| view.session(&scope.org, &scope.id))
            .await?
            .ok_or(Error::NotFound("session"))?;
        let phone = row.phone.ok_or(Error::NotFound("number: not paired yet"))?;
        Ok(phone.as_str().to_owned())
    }

    async fn import_row(&self, scope: SessionScope, id: JobId) -> Result<ImportRow> {
        self.store
            .read(move |view| view.import(scope.no, &id))
            .await?
            .ok_or(Error::NotFound("import"))
    }

    /// A half-done import that waits for its key is still one that runs.
    async fn none_unfinished(&self, scope: SessionScope) -> Result<()> {
        let found = self
            .store
            .read(move |view| view.unfinished_import(scope.no))
            .await?;
        match found {
            Some(_) => Err(Error::Conflict(
                "an import of this session is not finished".into(),
            )),
            None => Ok(()),
        }
    }
}
