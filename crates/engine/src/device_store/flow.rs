//! Counts app-state facts between the library's dispatch and our commit, so that a version can wait for them.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// Facts dispatched, committed and lost, as running totals.
#[derive(Default)]
pub(crate) struct Flow {
    dispatched: AtomicU64,
    settled: AtomicU64,
    lost: AtomicU64,
    /// Facts of a snapshot went by since the last word on it.
    snapshot: AtomicBool,
    /// Nobody commits any more.
    closed: AtomicBool,
    moved: Notify,
}

/// How long a version waits for its facts before it is refused (and asked for again later).
const PATIENCE: Duration = Duration::from_secs(120);

impl Flow {
    /// The library told a fact; called synchronously from its dispatch.
    pub(crate) fn dispatched(&self) {
        self.dispatched.fetch_add(1, Ordering::AcqRel);
    }

    /// A fact of a whole snapshot went by.
    pub(crate) fn snapshot(&self) {
        self.snapshot.store(true, Ordering::Release);
    }

    /// Whether facts of a snapshot went by since the last call.
    pub(crate) fn take_snapshot(&self) -> bool {
        self.snapshot.swap(false, Ordering::AcqRel)
    }

    /// `count` facts, in order of dispatch, are committed.
    pub(crate) fn committed(&self, count: u64) {
        self.settled.fetch_add(count, Ordering::AcqRel);
        self.moved.notify_waiters();
    }

    /// `count` facts could not be committed and are given up: no version may be stored past them.
    pub(crate) fn lost(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::AcqRel);
        self.committed(count);
    }

    /// How many facts were lost so far; compare before and after to know whether a span of work is whole.
    pub(crate) fn losses(&self) -> u64 {
        self.lost.load(Ordering::Acquire)
    }

    /// Nothing will be committed any more: whoever waits, waits in vain.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.moved.notify_waiters();
    }

    /// Waits until everything dispatched before this call is settled; `false` when that takes too long or ends.
    pub(crate) async fn settled(&self) -> bool {
        let target = self.dispatched.load(Ordering::Acquire);
        let wait = async {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.settled.load(Ordering::Acquire) >= target {
                    return true;
                }
                if self.closed.load(Ordering::Acquire) {
                    return false;
                }
                moved.await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn waits_for_what_was_dispatched_before_and_no_more() {
        let flow = Arc::new(Flow::default());
        assert!(
            flow.settled().await,
            "nothing dispatched, nothing to wait for"
        );
        flow.dispatched();
        flow.dispatched();
        let waiting = tokio::spawn({
            let flow = Arc::clone(&flow);
            async move { flow.settled().await }
        });
        flow.committed(1);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        flow.dispatched();
        flow.committed(1);
        assert!(waiting.await.unwrap());
        assert_eq!(flow.losses(), 0);
        flow.lost(1);
        assert_eq!(flow.losses(), 1);
        flow.dispatched();
        flow.close();
        assert!(!flow.settled().await, "nobody will commit it");
    }
}
