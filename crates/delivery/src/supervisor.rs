//! A task for every active webhook, from when it becomes active until it is not.

use crate::{
    runner::{Over, Runner},
    share::Share,
    steady::Steady,
};
use futures_util::FutureExt;
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use wharf_domain::{Domain, ports::store::StoreExt, webhooks::WebhookRow};
use wharf_types::WebhookId;

/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// The running deliveries.
pub struct Deliveries {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Deliveries {
    /// Begins: every active webhook goes on where it stood.
    pub fn start(domain: Arc<Domain>) -> Self {
        let stop = Arc::new(Notify::new());
        let supervisor = Supervisor {
            time: Steady::new(Arc::clone(&domain.clock)),
            domain,
            share: Share::default(),
            running: HashMap::new(),
            tasks: JoinSet::new(),
        };
        let task = tokio::spawn(supervisor.run(Arc::clone(&stop)));
        Self { stop, task }
    }

    /// Ends: no new attempts; those under way get `patience`. What is not written down by then is attempted again after
    /// the next start.
    pub async fn stop(self, patience: Duration) {
        self.stop.notify_one();
        let abort = self.task.abort_handle();
        if timeout(patience, self.task).await.is_err() {
            abort.abort();
        }
    }
}

struct Supervisor {
    domain: Arc<Domain>,
    time: Steady,
    share: Share,
    /// Dropping the sender ends the task.
    running: HashMap<WebhookId, Option<watch::Sender<Arc<WebhookRow>>>>,
    tasks: JoinSet<(WebhookId, Over)>,
}

impl Supervisor {
    async fn run(mut self, stop: Arc<Notify>) {
        let active = loop {
            match self.domain.store.read(|view| view.webhooks_active()).await {
                Ok(active) => break active,
                Err(error) => {
                    tracing::warn!(%error, "webhooks were not read");
                    sleep(PAUSE).await;
                }
            }
        };
        for row in active {
            self.settle(row.id, Some(row));
        }
        loop {
            let domain = Arc::clone(&self.domain);
            tokio::select! {
                () = stop.notified() => break,
                changed = domain.hands.changed_ones() => {
                    for id in changed {
                        self.look(id).await;
                    }
                }
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok((id, over)) = ended {
                        self.running.remove(&id);
                        if over == Over::Again {
                            tracing::debug!(webhook = %id, "a webhook is read anew");
                        }
                        self.look(id).await;
                    }
                }
            }
        }
        self.running.clear();
        while self.tasks.join_next().await.is_some() {}
    }

    async fn look(&mut self, id: WebhookId) {
        loop {
            let read = self
                .domain
                .store
                .read(move |view| view.webhook_anywhere(&id));
            match read.await {
                Ok(row) => return self.settle(id, row.filter(|row| row.active)),
                Err(error) => {
                    tracing::warn!(%error, "a webhook was not read");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Makes what runs agree with what is stored.
    fn settle(&mut self, id: WebhookId, row: Option<WebhookRow>) {
        match (self.running.get_mut(&id), row) {
            (None, None) => {}
            // It ends in its own time; then it is looked at once more.
            (Some(running), None) => *running = None,
            (Some(Some(running)), Some(row)) => {
                running.send_replace(Arc::new(row));
            }
            (Some(None), Some(_)) => {}
            (None, Some(row)) => {
                let (tell, changes) = watch::channel(Arc::new(row));
                let (domain, share) = (Arc::clone(&self.domain), self.share.join());
                let time = self.time.clone();
                self.running.insert(id, Some(tell));
                self.tasks.spawn(async move {
                    let running = AssertUnwindSafe(async {
                        Ok(Runner::new(domain, time, changes, share).await?.run().await)
                    });
                    let over = match running.catch_unwind().await {
                        Ok(Ok(over)) => over,
                        Ok(Err(error)) => {
                            let error: wharf_domain::Error = error;
                            tracing::warn!(webhook = %id, %error, "a webhook did not begin");
                            sleep(PAUSE).await;
                            Over::Again
                        }
                        Err(_) => {
                            tracing::error!(webhook = %id, "a webhook's task panicked and begins anew");
                            sleep(PAUSE).await;
                            Over::Again
                        }
                    };
                    (id, over)
                });
            }
        }
    }
}
