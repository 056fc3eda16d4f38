//! Whether the store can write, remembered for a moment: asking costs a durable write, and anybody may ask.

use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use wharf_domain::{Error, Result, ports::store::Store};

/// How old an answer may be.
const LIFE: Duration = Duration::from_secs(1);

/// The last answer. Who asks while the store is being asked gets that answer, too.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), Error>)>>);

impl Readiness {
    /// Whether the store is well.
    pub async fn ask(&self, store: &dyn Store) -> Result<()> {
        self.ask_at(store, Instant::now()).await
    }

    async fn ask_at(&self, store: &dyn Store, now: Instant) -> Result<()> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && now.saturating_duration_since(*at) < LIFE
        {
            return answer.clone();
        }
        let answer = store.health().await;
        *last = Some((now, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use wharf_domain::ports::store::{ReadJob, WriteJob};

    /// Counts how often it is asked; well at first, then full.
    #[derive(Default)]
    struct Asked(AtomicU32);

    #[async_trait::async_trait]
    impl Store for Asked {
        async fn submit(&self, _: WriteJob) -> Result<()> {
            unreachable!("nobody writes")
        }
        async fn query(&self, _: ReadJob) -> Result<()> {
            unreachable!("nobody reads")
        }
        async fn health(&self) -> Result<()> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(()),
                _ => Err(Error::Unavailable("the disk is full".into())),
            }
        }
        fn appended(&self) -> tokio::sync::watch::Receiver<i64> {
            unreachable!("nobody reads the log")
        }
    }

    #[tokio::test]
    async fn the_store_is_asked_once_a_second_however_many_ask() {
        let (readiness, store, now) = (Readiness::default(), Asked::default(), Instant::now());
        for ms in 0..1_000 {
            let at = now + Duration::from_millis(ms);
            assert_eq!(readiness.ask_at(&store, at).await, Ok(()));
        }
        assert_eq!(store.0.load(Ordering::SeqCst), 1);
        for ms in 1_000..2_000 {
            let at = now + Duration::from_millis(ms);
            assert!(readiness.ask_at(&store, at).await.is_err());
        }
        assert_eq!(store.0.load(Ordering::SeqCst), 2);
    }
}
