//! Catching up on app state. WhatsApp says once that a collection has changed, and the library confirms that before
//! it has fetched the change; a process that dies in between is not told again. So each life asks once for what is
//! newer than the versions stored, and once more after facts could not be stored.

use super::Actor;
use std::{sync::Weak, time::Duration};
use wacore::appstate::patch_decode::WAPatchName;
use whatsapp_rust::sync_task::MajorSyncTask;

const ALL: [WAPatchName; 5] = [
    WAPatchName::CriticalBlock,
    WAPatchName::CriticalUnblockLow,
    WAPatchName::RegularHigh,
    WAPatchName::RegularLow,
    WAPatchName::Regular,
];

/// Asks for every collection, after a pause.
pub(super) async fn catch_up(actor: Weak<Actor>, pause: Duration) {
    tokio::time::sleep(pause).await;
    for name in ALL {
        let Some(actor) = actor.upgrade().filter(|a| a.connected()) else {
            return;
        };
        let task = MajorSyncTask::AppStateSync {
            name,
            full_sync: false,
        };
        actor.client.process_sync_task(task).await;
    }
}
