//! Pulling again what WhatsApp gives once: the address book as a whole snapshot, and all groups.

use crate::actor::{Actor, groups};
use std::time::Duration;
use wacore::appstate::patch_decode::WAPatchName;
use wharf_domain::Error;
use whatsapp_rust::sync_task::MajorSyncTask;

/// A snapshot of an address book of tens of thousands, fetched and stored.
const SNAPSHOT: Duration = Duration::from_secs(300);
const GROUPS: Duration = Duration::from_secs(300);

impl Actor {
    /// Fetches the collection that holds the address book from its beginning; returns once its facts are stored.
    pub(crate) async fn pull_contacts(&self) -> Result<(), Error> {
        let fetch = async {
            let task = MajorSyncTask::AppStateSync {
                name: WAPatchName::CriticalUnblockLow,
                full_sync: true,
            };
            self.client.process_sync_task(task).await;
            self.device.flow.settled().await
        };
        match tokio::time::timeout(SNAPSHOT, fetch).await {
            _ if !self.connected() => Err(Error::NotConnected),
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Unavailable(
                "app-state facts are not stored yet".into(),
            )),
            Err(_) => Err(Error::Timeout),
        }
    }

    /// Fetches all groups with their members and stores them.
    pub(crate) async fn pull_groups(&self) -> Result<(), Error> {
        match tokio::time::timeout(GROUPS, groups::fetch_all(self)).await {
            Ok(Ok(())) => Ok(()),
            _ if !self.connected() => Err(Error::NotConnected),
            Err(_) => Err(Error::Timeout),
            // Its words may name groups.
            Ok(Err(_)) => Err(Error::Unavailable("groups not fetched".into())),
        }
    }
}
