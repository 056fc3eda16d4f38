//! What a deleted session leaves behind goes in small jobs.
//!
//! Deleting hundreds of thousands of rows in one transaction would hold the store's one writer for seconds. So the
//! deletion itself only marks the row: from that commit on the session is unknown to every caller, its row ids are
//! given out no more and its events read as erased. Its data then goes a few rows at a time, with room for others
//! between; the row itself goes last, so a process that dies in between finds it again at the next start.

use super::SessionScope;
use crate::{Domain, Result, ports::store::StoreExt};
use std::{sync::Arc, time::Duration};

/// Rows of one job: a few milliseconds of the writer.
const ROWS: usize = 1_000;
/// Between two jobs whoever waits for the writer gets it.
const BETWEEN: Duration = Duration::from_millis(5);
/// After the first failure, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Domain {
    /// Goes on erasing what was deleted before the process ended.
    pub(super) async fn resume_erasures(self: &Arc<Self>) -> Result<()> {
        for scope in self.store.read(|view| view.sessions_deleted()).await? {
            self.erase(scope);
        }
        Ok(())
    }

    /// Erases a deleted session in the background.
    pub(super) fn erase(self: &Arc<Self>, scope: SessionScope) {
        let domain = Arc::clone(self);
        tokio::spawn(async move {
            let mut pause = PAUSE;
            loop {
                let erased = domain.store.write(move |tx| tx.erase_session(&scope, ROWS));
                match erased.await {
                    Ok(true) => break,
                    Ok(false) => tokio::time::sleep(BETWEEN).await,
                    Err(error) => {
                        tracing::warn!(session = %scope.id, %error, "a deleted session is not erased yet");
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
            // Its files that no other row names. Those used within the hour go with a later sweep.
            if let Err(error) = domain.sweep_media().await {
                tracing::warn!(session = %scope.id, %error, "a deleted session's files are not swept yet");
            }
        });
    }
}
