//! Who waits for sends, and who sends: the in-memory half of the outbox. Losing it loses nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{Notify, watch};
use wharf_types::{OrgId, OutboxId};

use super::choose::Waiting;
use crate::sessions::SessionNo;

/// Requests under way, sends waited for, sessions with a worker.
#[derive(Default)]
pub(crate) struct Workers {
    answering: Arc<Mutex<HashSet<(OrgId, String)>>>,
    waiting: Arc<Mutex<HashMap<OutboxId, watch::Sender<()>>>>,
    /// A session's worker and the bell that wakes it. Absent: no worker runs.
    running: Mutex<HashMap<SessionNo, Arc<Bell>>>,
    /// Sends of sessions with a worker that are due and wait.
    held: Mutex<HashMap<SessionNo, Waiting>>,
}

/// Wakes a worker.
#[derive(Default)]
pub(crate) struct Bell {
    notify: Notify,
    /// Rung for more than a send that was just accepted.
    anything: AtomicBool,
}

impl Bell {
    /// Waits until it rings; whether anything may have changed, beyond a new send at the end of the queue.
    pub(crate) async fn rung(&self) -> bool {
        self.notify.notified().await;
        self.anything.swap(false, Ordering::AcqRel)
    }

    fn ring(&self, anything: bool) {
        if anything {
            self.anything.store(true, Ordering::Release);
        }
        self.notify.notify_one();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held while the first request under an idempotency key is being answered.
pub(crate) struct Answering(Arc<Mutex<HashSet<(OrgId, String)>>>, (OrgId, String));

impl Drop for Answering {
    fn drop(&mut self) {
        lock(&self.0).remove(&self.1);
    }
}

/// Waits for one send to leave `queued`.
pub(crate) struct Settled {
    waiting: Arc<Mutex<HashMap<OutboxId, watch::Sender<()>>>>,
    id: OutboxId,
    heard: watch::Receiver<()>,
}

impl Settled {
    pub(crate) async fn wait(mut self) {
        // An error means the sender was dropped, which is what `settled` does.
        let _ = self.heard.changed().await;
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        lock(&self.waiting).remove(&self.id);
    }
}

impl Workers {
    /// `None` while another request under the key is being answered.
    pub(crate) fn answer_once(&self, org: OrgId, key: &str) -> Option<Answering> {
        let entry = (org, key.to_owned());
        lock(&self.answering)
            .insert(entry.clone())
            .then(|| Answering(Arc::clone(&self.answering), entry))
    }

    /// To be called before the worker can know of the send.
    pub(crate) fn watch(&self, id: OutboxId) -> Settled {
        let (tell, heard) = watch::channel(());
        lock(&self.waiting).insert(id, tell);
        Settled {
            waiting: Arc::clone(&self.waiting),
            id,
            heard,
        }
    }

    /// The send left `queued`: whoever waits may look.
    pub(crate) fn settled(&self, id: OutboxId) {
        lock(&self.waiting).remove(&id);
    }

    /// Rings the session's worker; `Some` = none runs, the caller starts one with this bell.
    pub(crate) fn ring(&self, session: SessionNo, anything: bool) -> Option<Arc<Bell>> {
        let mut running = lock(&self.running);
        if let Some(bell) = running.get(&session) {
            bell.ring(anything);
            return None;
        }
        let bell = Arc::new(Bell::default());
        running.insert(session, Arc::clone(&bell));
        Some(bell)
    }

    /// The worker ends, unless the bell was rung since it last looked (then it must look again).
    pub(crate) fn end(&self, session: SessionNo, bell: &Bell) -> bool {
        let mut running = lock(&self.running);
        let mut rung = std::pin::pin!(bell.notify.notified());
        if rung.as_mut().enable() {
            return false;
        }
        running.remove(&session);
        lock(&self.held).remove(&session);
        true
    }

    /// Notes how many of a session's sends wait; how many wait over all sessions.
    pub(super) fn waiting(&self, session: SessionNo, now: Waiting) -> Waiting {
        let mut held = lock(&self.held);
        held.insert(session, now);
        held.values().fold(Waiting::default(), |sum, one| Waiting {
            rate: sum.rate + one.rate,
            lock: sum.lock + one.lock,
        })
    }
}
