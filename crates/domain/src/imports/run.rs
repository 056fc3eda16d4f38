//! An import at work: piece after piece, each stored before the place behind it is.

use super::{Claim, ImportJob, JobStatus, Part, Place, RootKey};
use crate::{
    Domain, Error, Result,
    audit::By,
    events::Log,
    inbound::Inbound,
    ports::store::{ImportRow, StoreExt, Tx},
    sessions::SessionScope,
};
use serde_json::json;
use std::sync::Arc;
use wharf_types::Millis;

/// The part of the work that is done before the first message is read, in percent.
const DECRYPTED: u8 = 5;
/// How many percent are worth an event.
const WORTH_TELLING: u8 = 5;

impl Domain {
    pub(super) fn spawn_import(
        self: &Arc<Self>,
        scope: SessionScope,
        mut row: ImportRow,
        key: RootKey,
        claim: Claim,
    ) {
        let domain = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = domain.import(scope, &mut row, key).await;
            let (status, error) = match outcome {
                Ok(()) => (JobStatus::Done, String::new()),
                // The store does not answer: it waits for its key, like one whose process died.
                Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => {
                    tracing::warn!(session = %scope.id, %error, "an import stopped half-way");
                    return;
                }
                Err(Error::Invalid(fields)) => (JobStatus::Failed, words(&fields)),
                Err(error) => (JobStatus::Failed, error.to_string()),
            };
            if status == JobStatus::Done {
                row.progress = 100;
            }
            (row.status, row.error) = (status, error);
            row.finished_at = Some(domain.clock.now());
            let id = row.id;
            if let Err(error) = domain.save_import(scope, row).await {
                tracing::warn!(session = %scope.id, %error, "the end of an import was not recorded");
            }
            domain.backups.discard(&id).await;
            drop(claim);
        });
    }

    async fn import(
        self: &Arc<Self>,
        scope: SessionScope,
        row: &mut ImportRow,
        key: RootKey,
    ) -> Result<()> {
        let backup = self.backups.open(&row.id, &key).await?;
        drop(key);
        let last = backup.last().await?;
        let mut told = row.progress;
        while let Some(mut piece) = backup.next(row.place).await? {
            row.messages += piece
                .facts
                .iter()
                .filter(|fact| matches!(fact, Inbound::Message(_)))
                .count() as i64;
            piece.facts.insert(0, Inbound::AddedBy { source: "import" });
            self.ingest_facts(scope, piece.facts).await?;
            row.place = piece.next;
            row.progress = progress(row.place, last);
            let telling = row.progress >= told.saturating_add(WORTH_TELLING);
            if telling {
                told = row.progress;
                self.save_import(scope, row.clone()).await?;
            } else {
                self.note_import(scope, row.clone()).await?;
            }
        }
        self.ingest_facts(scope, vec![Inbound::Synced { source: "import" }])
            .await
    }

    /// Records a new job, whose entry in the audit log it leaves, and tells of it.
    pub(super) async fn open_import(
        &self,
        scope: SessionScope,
        row: ImportRow,
        by: &By,
    ) -> Result<()> {
        let (ids, now): (_, Millis) = (Arc::clone(&self.ids), self.clock.now());
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                let details = json!({"import": row.id});
                trail.note(tx, Some(scope.org), "import.create", scope.id, details)?;
                put(tx, &scope, &row, Log::new(scope, Arc::clone(&ids), now))
            })
            .await
    }

    /// Records a job and tells of it.
    pub(super) async fn save_import(&self, scope: SessionScope, row: ImportRow) -> Result<()> {
        let (ids, now): (_, Millis) = (Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| put(tx, &scope, &row, Log::new(scope, ids, now)))
            .await
    }

    /// Records how far it is.
    async fn note_import(&self, scope: SessionScope, row: ImportRow) -> Result<()> {
        self.store
            .write(move |tx| tx.put_import(scope.no, &row))
            .await
    }
}

fn put(tx: &mut dyn Tx, scope: &SessionScope, row: &ImportRow, mut log: Log) -> Result<()> {
    tx.put_import(scope.no, row)?;
    log.event(tx, "import.updated", &ImportJob::of(scope, row))
}

fn progress(place: Place, last: i64) -> u8 {
    let done = match place.part {
        Part::Mappings | Part::Names | Part::Chats => return DECRYPTED,
        Part::Messages => i128::from(place.row.max(0)) * 90 / i128::from(last.max(1)),
        Part::Reactions => 90,
    };
    DECRYPTED + u8::try_from(done.min(90)).unwrap_or(90)
}

fn words(fields: &std::collections::BTreeMap<String, String>) -> String {
    let words = fields
        .iter()
        .map(|(field, wrong)| format!("{field} {wrong}"));
    words.collect::<Vec<_>>().join("; ")
}
