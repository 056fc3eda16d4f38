//! The audit log: who changed what, when, and from where.
//!
//! An entry is written in the transaction of the change it tells of: there is no change without its entry, and no entry
//! without its change. It names things by ids of ours and says which fields were changed, to what only where that is no
//! secret and nobody's number or words. What people send and read is not in here: the outbox and the event log have it.
//! What is changed at WhatsApp and not here (groups, channels, blocking) is noted once WhatsApp has it.

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    ports::{
        ids::Ids,
        store::{AuditFilter, AuditRow, StoreExt, Tx},
    },
    rounds::{self, BREATH, HOUR},
    sessions::SessionScope,
};
use serde_json::Value;
use std::{fmt, sync::Arc};
use wharf_types::{AuditId, KeyId, Millis, OrgId, UserId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// By an API key.
    Key(KeyId),
    /// A person who logged in, or is about to.
    Person(UserId),
    /// Nobody known.
    Stranger,
    /// The program itself, or whoever runs its commands.
    Program,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Stranger => Ok(()),
            Self::Program => f.write_str("wharf"),
        }
    }
}

/// Who asks for a change, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The caller's address, "" when there is none.
    pub address: String,
    /// The request's id, "" when it was no request.
    pub request: String,
}

impl By {
    /// The person who asks, if it is one.
    pub fn person(&self) -> Option<UserId> {
        match self.actor {
            Actor::Person(user) => Some(user),
            _ => None,
        }
    }

    /// The program or one of its commands.
    pub fn program() -> Self {
        Self {
            actor: Actor::Program,
            address: String::new(),
            request: String::new(),
        }
    }

    /// The same request, as somebody it has just made known.
    #[must_use]
    pub fn known_as(&self, user: UserId) -> Self {
        Self {
            actor: Actor::Person(user),
            ..self.clone()
        }
    }
}

/// Writes the entries of one request's change.
#[derive(Clone)]
pub(crate) struct Trail {
    by: By,
    ids: Arc<dyn Ids>,
    now: Millis,
}

impl Trail {
    /// The same request, as somebody it has just made known.
    pub(crate) fn known_as(&self, user: UserId) -> Self {
        Self {
            by: self.by.known_as(user),
            ..self.clone()
        }
    }

    /// Notes one thing done, `noun.verb`, to the thing of this id.
    pub(crate) fn note(
        &self,
        tx: &mut dyn Tx,
        org: Option<OrgId>,
        action: &str,
        target: impl fmt::Display,
        details: Value,
    ) -> Result<()> {
        tx.append_audit(&AuditRow {
            place: 0,
            id: AuditId::new(self.ids.ulid()),
            at: self.now,
            org,
            actor: self.by.actor.to_string(),
            action: action.to_owned(),
            target: target.to_string(),
            address: self.by.address.clone(),
            request: self.by.request.clone(),
            details: details.to_string(),
        })
    }
}

/// Entries taken out in one job.
const STEP: usize = 1_000;

impl Domain {
    /// What the change of a request writes its entries with.
    pub(crate) fn trail(&self, by: &By) -> Trail {
        Trail {
            by: by.clone(),
            ids: Arc::clone(&self.ids),
            now: self.clock.now(),
        }
    }

    /// Notes what WhatsApp did in a session for a caller.
    pub async fn note_done(
        &self,
        by: &By,
        scope: SessionScope,
        action: &'static str,
        details: Value,
    ) -> Result<()> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| trail.note(tx, Some(scope.org), action, scope.id, details.clone()))
            .await
    }

    /// One page of the log, newest first.
    pub async fn list_audit(
        &self,
        filter: AuditFilter,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<AuditRow>> {
        let binding = Binding::new("audit", "")
            .with(
                "org",
                filter.org.map(|org| org.to_string()).unwrap_or_default(),
            )
            .with("actor", filter.actor.as_deref().unwrap_or_default())
            .with("action", filter.action.as_deref().unwrap_or_default())
            .with("from", filter.from.unwrap_or_default())
            .with("to", filter.to.unwrap_or(Millis::MAX));
        if filter
            .from
            .zip(filter.to)
            .is_some_and(|(from, to)| from > to)
        {
            return Err(Error::invalid("to", "must not be before `from`"));
        }
        let sealer = self.sealer(binding);
        let before: Option<i64> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| view.audit(&filter, before, limit + 1))
            .await?;
        sealer.page(rows, limit, |row| row.place, |row| row)
    }

    /// Takes out entries older than `age`; how many went.
    pub async fn trim_audit(&self, age: Millis) -> Result<usize> {
        let before = self.clock.now().saturating_sub(age);
        self.take_out(STEP, move |tx| tx.trim_audit(before, STEP))
            .await
    }

    /// Trims now and every hour.
    pub fn keep_audit(self: &Arc<Self>, age: Millis) {
        self.every(HOUR, move |domain| async move {
            rounds::tell("the audit log", domain.trim_audit(age).await);
            loop {
                match domain.trim_accounts().await {
                    Ok(true) => tokio::time::sleep(BREATH).await,
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "not trimmed: old log-ins");
                        break;
                    }
                }
            }
        });
    }
}
