//! Importing a backup of WhatsApp for Android: its messages become rows like those of history.
//!
//! The encrypted file is kept until the import is over; the key never is. So a job that the process did not live to finish
//! waits for its key, and then goes on after the last piece that was stored. A piece that is stored twice adds nothing:
//! messages are known by chat, sender and id.

mod run;

use crate::{
    Domain, Error, Result,
    audit::By,
    inbound::Inbound,
    ports::{
        blobs::Chunks,
        store::{ImportRow, StoreExt},
    },
    sessions::SessionScope,
};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use wharf_types::{JobId, Millis, OrgId, SessionId};
use zeroize::Zeroizing;

/// The largest backup that is taken.
const LARGEST: u64 = 10 << 30;

/// The key of a backup: the 64 digits its owner was shown.
#[derive(Clone)]
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    /// From 64 hexadecimal digits; white space between them is how people write it down.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("key", "must be 64 hexadecimal digits");
        let digits: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let mut bytes = Zeroizing::new([0; 32]);
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            let pair = digits.get(at..at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(…)")
    }
}

/// Why a backup is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something else, or a version that cannot be read.
    #[error("is not a backup of messages that can be read (msgstore.db.crypt15)")]
    NotABackup,
    /// Another key made it.
    #[error("does not open this backup")]
    WrongKey,
    /// It says so itself.
    #[error("is a backup of another number")]
    OfAnotherNumber,
    /// Its tag, or what was in it.
    #[error("is damaged or was changed")]
    Damaged,
    /// Decompressed.
    #[error("is more than twenty times as large when decompressed")]
    TooLarge,
    /// Its tables are not made for reading.
    #[error("takes too long to read")]
    TooSlow,
    /// The disk.
    #[error("cannot be read now: {0}")]
    Io(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Io(why) => Self::Unavailable(format!("the backup cannot be read: {why}")),
            Refusal::WrongKey => Self::invalid("key", refusal.to_string()),
            _ => Self::invalid("file", refusal.to_string()),
        }
    }
}

/// The parts of a backup, in the order in which they are read: who is who comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Part {
    Mappings,
    Names,
    Chats,
    Messages,
    Reactions,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Mappings,
        Self::Names,
        Self::Chats,
        Self::Messages,
        Self::Reactions,
    ];

    /// The part after this one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|part| *part > self)
    }

    /// As it is stored.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// From what is stored.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.number() == number)
    }
}

/// How far a backup has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In this part.
    pub part: Part,
    /// Up to this row.
    pub row: i64,
}

impl Place {
    /// The beginning.
    pub const START: Self = Self {
        part: Part::Mappings,
        row: 0,
    };
}

/// Some facts of a backup.
#[derive(Debug)]
pub struct Piece {
    /// What it tells.
    pub facts: Vec<Inbound>,
    /// Where to go on.
    pub next: Place,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum JobStatus {
    Running,
    Done,
    Failed,
}

impl JobStatus {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// An import as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportJob {
    /// Why it failed, "" otherwise.
    pub error: String,
    /// When it was over.
    pub finished_at: Option<Millis>,
    /// `job_…`.
    pub id: JobId,
    /// Messages read so far, known ones among them.
    pub messages: i64,
    /// Whose.
    pub organization_id: OrgId,
    /// In percent.
    pub progress: u8,
    /// Into which session.
    pub session_id: SessionId,
    /// When it was accepted.
    pub started_at: Millis,
    /// How it stands.
    pub status: JobStatus,
}

impl ImportJob {
    fn of(scope: &SessionScope, row: &ImportRow) -> Self {
        Self {
            error: row.error.clone(),
            finished_at: row.finished_at,
            id: row.id,
            messages: row.messages,
            organization_id: scope.org,
            progress: row.progress,
            session_id: scope.id,
            started_at: row.started_at,
            status: row.status,
        }
    }
}

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
        let jobs: BTreeSet<JobId> = jobs.into_iter().collect();
        let jobs: Vec<JobId> = jobs.into_iter().collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits() {
        let key = "00ff".repeat(16);
        assert_eq!(RootKey::parse(&key).unwrap().bytes()[..2], [0, 255]);
        let spaced = format!(" {} {}\n", &key[..30], &key[30..]);
        assert_eq!(
            RootKey::parse(&spaced).unwrap().bytes(),
            RootKey::parse(&key.to_uppercase()).unwrap().bytes()
        );
        for bad in [
            "",
            &key[1..],
            &"0g".repeat(32),
            &"é".repeat(32),
            &format!("{key}00"),
        ] {
            assert!(RootKey::parse(bad).is_err(), "{bad}");
        }
        assert!(!format!("{:?}", RootKey::parse(&key).unwrap()).contains("255"));
    }

    #[test]
    fn parts_follow_one_another() {
        let mut part = Part::Mappings;
        for expected in &Part::ALL[1..] {
            part = part.next().unwrap();
            assert_eq!(part, *expected);
            assert_eq!(Part::from_number(part.number()), Some(part));
        }
        assert_eq!((part.next(), Part::from_number(5)), (None, None));
    }
}
