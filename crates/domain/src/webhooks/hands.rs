//! The domain's connection to whoever makes the attempts: it hears of changes, and lends its hands for a test.

use crate::ports::courier::{Courier, NoCourier, Post, Told};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;
use wharf_types::WebhookId;

/// Who carries, and which webhooks, or what they owe, are not as they were.
pub struct Hands {
    courier: Arc<dyn Courier>,
    changed: Mutex<BTreeSet<WebhookId>>,
    came: Notify,
}

impl Default for Hands {
    fn default() -> Self {
        Self::new(Arc::new(NoCourier))
    }
}

impl Hands {
    /// With this courier.
    pub fn new(courier: Arc<dyn Courier>) -> Self {
        Self {
            courier,
            changed: Mutex::default(),
            came: Notify::new(),
        }
    }

    /// Whether anything may be sent to this URL; in words when not.
    pub(crate) async fn check(&self, url: &str) -> Result<(), String> {
        self.courier.check(url).await
    }

    /// One attempt.
    pub async fn carry(&self, post: Post) -> Told {
        self.courier.carry(post).await
    }

    /// A webhook, or what it owes, is not as it was.
    pub(crate) fn changed(&self, id: WebhookId) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.insert(id);
        drop(changed);
        self.came.notify_one();
    }

    /// Those that have changed since the last time, once there are any. For one listener.
    pub async fn changed_ones(&self) -> BTreeSet<WebhookId> {
        loop {
            let ids =
                std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
            if !ids.is_empty() {
                return ids;
            }
            self.came.notified().await;
        }
    }
}
