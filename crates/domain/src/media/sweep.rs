//! What goes from the store: what no row names any more, what nobody used for long, and the longest unused when there is
//! too much.
//!
//! A file that a queued send names stays, and so does whatever was used within [`GRACE`]: a send being accepted has just
//! used its file and is not queued yet.

use crate::{
    Domain, Result,
    ports::store::StoreExt,
    rounds::{self, HOUR},
};
use std::{collections::HashSet, sync::Arc};
use wharf_types::Millis;

const GRACE: Millis = 3_600_000;

impl Domain {
    /// One sweep; how many files went.
    pub async fn sweep_media(&self) -> Result<usize> {
        let now = self.clock.now();
        let keeping = self.media.keeping;
        let mut kept = self.media.blobs.list().await?;
        let (needed, loose) = self
            .store
            .read(|view| Ok((view.outbox_files()?, view.loose_files()?)))
            .await?;
        let needed: HashSet<String> = needed.into_iter().collect();
        let unnamed: HashSet<&str> = loose
            .iter()
            .filter(|file| !file.named)
            .map(|file| file.sha256.as_str())
            .collect();
        kept.sort_unstable_by_key(|kept| kept.used_at);
        let mut total: u64 = kept.iter().map(|kept| kept.blob.size).sum();
        let mut gone = 0;
        let mut stay = HashSet::new();
        for kept in kept {
            let old = now - kept.used_at > keeping.age;
            let too_much = keeping.total > 0 && total > keeping.total;
            let unnamed = unnamed.contains(kept.blob.sha256.as_str());
            if !(old || too_much || unnamed) || needed.contains(&kept.blob.sha256) {
                continue;
            }
            if self
                .media
                .blobs
                .remove(&kept.blob.sha256, now - GRACE)
                .await?
            {
                total = total.saturating_sub(kept.blob.size);
                gone += 1;
            } else {
                stay.insert(kept.blob.sha256);
            }
        }
        // One that was used just now, perhaps by a send that is not stored yet, is asked about again next time.
        let settled: Vec<String> = loose
            .into_iter()
            .filter(|file| file.named || !stay.contains(&file.sha256))
            .map(|file| file.sha256)
            .collect();
        self.store
            .write(move |tx| tx.forget_loose_files(&settled))
            .await?;
        Ok(gone)
    }

    /// Sweeps now and every hour, as long as the domain lives.
    pub fn keep_sweeping(self: &Arc<Self>) {
        self.every(HOUR, |domain| async move {
            rounds::tell("files", domain.sweep_media().await);
        });
    }
}
