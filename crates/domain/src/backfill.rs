//! Backfill: a session's address book, groups and members are pulled from WhatsApp again. Chat history is not.
//!
//! The job is a row: a process that dies in the middle goes on at the next start, from the beginning, which costs a second
//! pull and changes nothing. Each step waits for a connection; when there is none for [`PATIENCE`], the job has failed.

use crate::{
    Domain, Error, Result,
    audit::By,
    events::Log,
    ports::store::{Counted, JobRow, StoreExt},
    sessions::SessionScope,
};
use serde::Serialize;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use wharf_types::{JobId, Millis, OrgId, SessionId};

const KIND: &str = "backfill";
/// All of a job, waiting for a connection included.
const PATIENCE: Duration = Duration::from_secs(900);
/// How often it is asked whether there is a connection again.
const BETWEEN: Duration = Duration::from_millis(500);

/// The contract's `BackfillJob`, also the payload of `backfill.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct BackfillJob {
    pub contacts: i64,
    pub error: String,
    pub finished_at: Option<Millis>,
    pub group_members: i64,
    pub groups: i64,
    pub id: JobId,
    pub organization_id: OrgId,
    pub session_id: SessionId,
    pub started_at: Millis,
    /// `running`, `done` or `failed`.
    pub status: &'static str,
}

impl BackfillJob {
    fn of(scope: &SessionScope, row: &JobRow) -> Self {
        let progress: serde_json::Value = serde_json::from_str(&row.progress).unwrap_or_default();
        let count = |name: &str| progress.get(name).and_then(|n| n.as_i64()).unwrap_or(0);
        Self {
            contacts: count("contacts"),
            error: row.error.clone(),
            finished_at: row.finished_at,
            group_members: count("members"),
            groups: count("groups"),
            id: row.id,
            organization_id: scope.org,
            session_id: scope.id,
            started_at: row.started_at,
            status: match (row.finished_at, row.error.is_empty()) {
                (None, _) => "running",
                (Some(_), true) => "done",
                (Some(_), false) => "failed",
            },
        }
    }
}

/// What a failure is called in the job.
fn code(error: &Error) -> &'static str {
    match error {
        Error::NotConnected => "session_not_connected",
        Error::Timeout => "timeout",
        Error::Upstream(refusal) => refusal.reason,
        Error::Unavailable(_) => "unavailable",
        _ => "internal",
    }
}

impl Domain {
    /// The scope of a session of any organization: for the platform's own.
    pub async fn session_anywhere(&self, id: SessionId) -> Result<SessionScope> {
        self.store
            .read(move |view| view.session_anywhere(&id))
            .await?
            .ok_or(Error::NotFound("session"))
    }

    /// Begins a backfill; a conflict while one runs.
    pub async fn start_backfill(
        self: &Arc<Self>,
        scope: SessionScope,
        by: &By,
    ) -> Result<BackfillJob> {
        let connected = self.engine()?.connected(&scope);
        let row = JobRow {
            id: JobId::new(self.ids.ulid()),
            kind: KIND,
            started_at: self.clock.now(),
            finished_at: None,
            error: String::new(),
            progress: "{}".to_owned(),
        };
        let (stored, trail) = (row.clone(), self.trail(by));
        let mut log = Log::new(scope, Arc::clone(&self.ids), row.started_at);
        self.store
            .write(move |tx| {
                let last = tx.job(scope.no, KIND)?;
                if last.is_some_and(|last| last.finished_at.is_none()) {
                    return Err(Error::Conflict(
                        "a backfill of this session runs".to_owned(),
                    ));
                }
                if !connected {
                    return Err(Error::NotConnected);
                }
                tx.put_job(scope.no, &stored)?;
                log.event(tx, "backfill.updated", &BackfillJob::of(&scope, &stored))?;
                trail.note(tx, Some(scope.org), "session.backfill", scope.id, json!({}))
            })
            .await?;
        let job = BackfillJob::of(&scope, &row);
        self.run_backfill(scope, row);
        Ok(job)
    }

    /// The running backfill of a session, or its last.
    pub async fn backfill(&self, scope: SessionScope) -> Result<BackfillJob> {
        self.store
            .read(move |view| view.job(scope.no, KIND))
            .await?
            .map(|row| BackfillJob::of(&scope, &row))
            .ok_or(Error::NotFound("backfill"))
    }

    /// Goes on with those that ran when the process ended.
    pub async fn resume_backfills(self: &Arc<Self>) -> Result<()> {
        for (scope, row) in self.store.read(|view| view.jobs_running(KIND)).await? {
            self.run_backfill(scope, row);
        }
        Ok(())
    }

    fn run_backfill(self: &Arc<Self>, scope: SessionScope, mut row: JobRow) {
        let domain = Arc::clone(self);
        tokio::spawn(async move {
            let until = Instant::now() + PATIENCE;
            let pulled = domain.pull(scope, &mut row, until).await;
            row.finished_at = Some(domain.clock.now());
            if let Err(error) = &pulled {
                code(error).clone_into(&mut row.error);
                tracing::warn!(session = %scope.id, %error, "backfill failed");
            }
            // Until it is written the job runs: the next start takes it up again.
            if let Err(error) = domain.tell_backfill(scope, row).await {
                tracing::warn!(session = %scope.id, %error, "the end of a backfill is not written");
            }
        });
    }

    async fn pull(&self, scope: SessionScope, row: &mut JobRow, until: Instant) -> Result<()> {
        for contacts in [true, false] {
            loop {
                let engine = self.engine()?;
                let done = if !engine.connected(&scope) {
                    Err(Error::NotConnected)
                } else if contacts {
                    engine.pull_contacts(&scope).await
                } else {
                    engine.pull_groups(&scope).await
                };
                match done {
                    Ok(()) => break,
                    // The line may come back; whatever else it is will not get better.
                    Err(Error::NotConnected | Error::Timeout | Error::Unavailable(_))
                        if Instant::now() < until =>
                    {
                        self.session_scope(scope.org, scope.id).await?;
                        tokio::time::sleep(BETWEEN).await;
                    }
                    Err(error) => return Err(error),
                }
            }
            let counted = self.store.read(move |view| view.counted(scope.no)).await?;
            row.progress = progress(counted, contacts);
            self.tell_backfill(scope, row.clone()).await?;
        }
        Ok(())
    }

    async fn tell_backfill(&self, scope: SessionScope, row: JobRow) -> Result<()> {
        let mut log = Log::new(scope, Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| {
                tx.put_job(scope.no, &row)?;
                log.event(tx, "backfill.updated", &BackfillJob::of(&scope, &row))
            })
            .await
    }
}

/// After the contacts the groups are still what they were: not told.
fn progress(counted: Counted, contacts_only: bool) -> String {
    match contacts_only {
        true => json!({ "contacts": counted.contacts }),
        false => json!({
            "contacts": counted.contacts,
            "groups": counted.groups,
            "members": counted.members,
        }),
    }
    .to_string()
}
