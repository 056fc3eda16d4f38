//! What a bulk added, told by one event.
//!
//! A history comes in many batches, so the count is kept with the session until the source says it is through.
//! Rows that were known before are not counted: the numbers say what the sync added.

use super::Batch;
use crate::{
    Error, Result,
    events::SyncedPayload,
    inbound::{Inbound, NameSource, Origin},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows added by the batch at hand.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// People counted already within this batch.
    pub people_before: usize,
    pub chats: u64,
    pub messages: u64,
    pub groups: u64,
}

/// Rows added by one source so far.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
struct Count {
    contacts: u64,
    chats: u64,
    messages: u64,
    groups: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.contacts += other.contacts;
        self.chats += other.chats;
        self.messages += other.messages;
        self.groups += other.groups;
    }
}

/// Which bulk source a batch belongs to; "" when to none.
pub(super) fn source(facts: &[Inbound]) -> &'static str {
    let of = |fact: &Inbound| match fact {
        Inbound::Synced { source } => Some(*source),
        Inbound::Group {
            origin: Origin::Bulk,
            ..
        }
        | Inbound::GroupsComplete { .. } => Some("groups"),
        Inbound::Name {
            origin: Origin::Bulk,
            source: NameSource::AddressBook,
            ..
        } => Some("app_state"),
        Inbound::Message(message) if message.origin == Origin::Bulk => Some("history"),
        Inbound::Chat {
            origin: Origin::Bulk,
            ..
        }
        | Inbound::Name {
            origin: Origin::Bulk,
            ..
        } => Some("history"),
        _ => None,
    };
    let named = facts.iter().find_map(|fact| match fact {
        Inbound::Synced { source } | Inbound::AddedBy { source } => Some(*source),
        _ => None,
    });
    named.or_else(|| facts.iter().find_map(of)).unwrap_or("")
}

impl Batch<'_> {
    fn counts_key(&self) -> String {
        format!("synced/{}", self.scope.id)
    }

    fn counts(&self) -> Result<BTreeMap<String, Count>> {
        let stored = self
            .tx
            .setting(&self.counts_key())?
            .filter(|bytes| !bytes.is_empty());
        Ok(stored
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    fn put_counts(&mut self, counts: &BTreeMap<String, Count>) -> Result<()> {
        let bytes =
            serde_json::to_vec(counts).map_err(|error| Error::Internal(error.to_string()))?;
        let key = self.counts_key();
        self.tx.put_setting(&key, &bytes)
    }

    /// What the batch added since this was last asked.
    fn take_added(&mut self) -> Count {
        let people = self.people.found();
        let count = Count {
            contacts: people.saturating_sub(self.added.people_before) as u64,
            chats: std::mem::take(&mut self.added.chats),
            messages: std::mem::take(&mut self.added.messages),
            groups: std::mem::take(&mut self.added.groups),
        };
        self.added.people_before = people;
        count
    }

    /// A source is through: tells what it added in all its batches.
    pub(super) fn synced(&mut self, source: &'static str) -> Result<()> {
        let mut counts = self.counts()?;
        let mut count = counts.remove(source).unwrap_or_default();
        count.add(self.take_added());
        if source == "backfill" {
            // Its facts are the others', asked for anew.
            for other in std::mem::take(&mut counts).into_values() {
                count.add(other);
            }
        }
        self.put_counts(&counts)?;
        let payload = SyncedPayload {
            source,
            contacts: count.contacts,
            chats: count.chats,
            messages: count.messages,
            groups: count.groups,
        };
        self.log.synced(self.tx, &payload)
    }

    /// Keeps what the batch added for the event that will tell it.
    pub(super) fn keep_count(&mut self, source: &'static str) -> Result<()> {
        let added = self.take_added();
        let nothing = added.contacts + added.chats + added.messages + added.groups == 0;
        if source.is_empty() || nothing {
            return Ok(());
        }
        let mut counts = self.counts()?;
        counts.entry(source.to_owned()).or_default().add(added);
        self.put_counts(&counts)
    }
}
