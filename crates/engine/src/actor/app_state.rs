//! Catching up on app state. WhatsApp says once that a collection has changed, and the library may lose that word:
//! it confirms it before it has fetched the change, so a process that dies in between is not told again; and it
//! drops it while an earlier fetch of the same collection is still being applied (it calls that "skipped"). So each
//! life asks once for what is newer than the versions stored, and again after a skip or after facts were lost.

use super::Actor;
use std::{
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};
use wacore::{appstate::patch_decode::WAPatchName, types::events::AppStateSyncFailed};
use whatsapp_rust::sync_task::MajorSyncTask;

/// Every collection.
pub(super) const ALL: [WAPatchName; 5] = [
    WAPatchName::CriticalBlock,
    WAPatchName::CriticalUnblockLow,
    WAPatchName::RegularHigh,
    WAPatchName::RegularLow,
    WAPatchName::Regular,
];

/// The collections the library gave up without an answer from the server; those it retries itself are left to it.
pub(super) fn skipped(failed: &AppStateSyncFailed) -> Vec<WAPatchName> {
    failed
        .skipped
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// Asks for these collections after a pause. Asked again meanwhile, it is still one question.
pub(super) fn catch_up(
    actor: &Arc<Actor>,
    names: impl IntoIterator<Item = WAPatchName>,
    pause: Duration,
) {
    let mut due = actor.due.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting = !due.is_empty();
    due.extend(names);
    if !waiting && !due.is_empty() {
        actor.keep(tokio::spawn(ask(Arc::downgrade(actor), pause)));
    }
}

async fn ask(actor: Weak<Actor>, pause: Duration) {
    tokio::time::sleep(pause).await;
    let names = {
        let Some(actor) = actor.upgrade() else { return };
        std::mem::take(&mut *actor.due.lock().unwrap_or_else(PoisonError::into_inner))
    };
    let mut names = names.into_iter();
    while let Some(name) = names.next() {
        let Some(actor) = actor.upgrade() else { return };
        if !actor.connected() {
            // [`resume`] takes them up at the next login.
            let mut due = actor.due.lock().unwrap_or_else(PoisonError::into_inner);
            due.extend(std::iter::once(name).chain(names));
            return;
        }
        let task = MajorSyncTask::AppStateSync {
            name,
            full_sync: false,
        };
        // It waits for whoever is at work on the collection, then asks from the version stored.
        actor.client.process_sync_task(task).await;
    }
}

/// Asks what a lost connection kept from being asked.
pub(super) fn resume(actor: &Arc<Actor>) {
    let left = std::mem::take(&mut *actor.due.lock().unwrap_or_else(PoisonError::into_inner));
    catch_up(actor, left, Duration::ZERO);
}
