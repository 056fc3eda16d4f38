//! Live readers: each has a mailbox, and one task reads the log once for all of them.
//!
//! **What always holds.** A mailbox that is registered gets every event that is committed afterwards and passes its
//! filter, in the log's order, or says that it overflowed. What was committed before it was registered may come too:
//! the reader drops by place what it has ([`super::follow`]). Without mailboxes nothing is read.

use super::{Filter, Head, Logged, envelope};
use crate::{Domain, ports::store::StoreExt};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use wharf_types::{Millis, OrgId, SessionId};

/// Rows read at a time.
const PAGE: usize = 500;
/// After a failure of the store.
const PAUSE: Duration = Duration::from_millis(500);

/// What a live reader gets.
#[derive(Debug, Clone)]
pub enum Told {
    /// A row of the log.
    Logged(Arc<Logged>),
    /// What is told live and never logged: its envelope.
    Live(Arc<str>),
}

impl Told {
    /// The envelope.
    pub fn text(&self) -> &str {
        match self {
            Self::Logged(event) => &event.envelope,
            Self::Live(text) => text,
        }
    }
}

/// What a reader took out of its mailbox.
pub(crate) enum Taken {
    /// In order; empty when there was nothing.
    Told(Vec<Told>),
    /// More came than it holds: the reader is to go on from the log.
    Overflowed,
}

struct Inside {
    queue: VecDeque<Told>,
    overflowed: bool,
}

/// A live reader's mailbox.
pub(crate) struct Mailbox {
    filter: Mutex<Arc<Filter>>,
    holds: usize,
    inside: Mutex<Inside>,
    /// Its reader has read the log to its end, and now lives on what comes here.
    pub live: AtomicBool,
    /// Something came, or the mailbox overflowed.
    came: Notify,
    /// Woken at an overflow alone: for a reader that is busy writing.
    burst: Notify,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    fn put(&self, told: Told) {
        let mut inside = locked(&self.inside);
        if inside.overflowed {
            return;
        }
        if inside.queue.len() >= self.holds {
            inside.queue = VecDeque::new();
            inside.overflowed = true;
            self.burst.notify_one();
        } else {
            inside.queue.push_back(told);
        }
        self.came.notify_one();
    }

    /// At most so many, so that what waits is counted here and not in a reader's hands.
    pub(crate) fn take(&self, most: usize) -> Taken {
        let mut inside = locked(&self.inside);
        if std::mem::take(&mut inside.overflowed) {
            return Taken::Overflowed;
        }
        let count = most.min(inside.queue.len());
        Taken::Told(inside.queue.drain(..count).collect())
    }

    /// Whether it overflowed; from now on it takes letters again.
    pub(crate) fn reset(&self) -> bool {
        std::mem::take(&mut locked(&self.inside).overflowed)
    }

    /// Whether a reader that follows live has lost something.
    pub(crate) fn lost(&self) -> bool {
        self.live.load(Ordering::Acquire) && locked(&self.inside).overflowed
    }

    pub(crate) fn is_empty(&self) -> bool {
        let inside = locked(&self.inside);
        inside.queue.is_empty() && !inside.overflowed
    }

    /// Returns once something may be there.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    /// Returns once it has overflowed.
    pub(crate) async fn burst(&self) {
        self.burst.notified().await;
    }

    pub(crate) fn filter(&self) -> Arc<Filter> {
        Arc::clone(&locked(&self.filter))
    }

    pub(crate) fn set_filter(&self, filter: Filter) {
        *locked(&self.filter) = Arc::new(filter);
    }
}

#[derive(Default)]
struct Readers {
    of: HashMap<OrgId, HashMap<u64, Arc<Mailbox>>>,
    /// Everything committed up to here was put into the mailboxes.
    place: i64,
    running: bool,
}

/// The mailboxes by organization.
#[derive(Default)]
pub(crate) struct Hub {
    readers: Mutex<Readers>,
    names: AtomicU64,
}

/// A registered mailbox; unregistered when it goes.
pub(crate) struct Registered {
    pub mailbox: Arc<Mailbox>,
    /// Whoever wants only what comes from now on begins here.
    pub from: i64,
    org: OrgId,
    name: u64,
    domain: Weak<Domain>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let Some(domain) = self.domain.upgrade() else {
            return;
        };
        let mut readers = locked(&domain.hub.readers);
        if let Some(of) = readers.of.get_mut(&self.org) {
            of.remove(&self.name);
            if of.is_empty() {
                readers.of.remove(&self.org);
            }
        }
    }
}

impl Hub {
    fn matching(
        readers: &Readers,
        org: &OrgId,
        kind: &str,
        session: Option<&SessionId>,
    ) -> Vec<Arc<Mailbox>> {
        let Some(of) = readers.of.get(org) else {
            return Vec::new();
        };
        of.values()
            .filter(|mailbox| mailbox.filter().passes(kind, session))
            .cloned()
            .collect()
    }

    /// Whether anybody listens for this.
    pub(crate) fn hears(&self, org: &OrgId, kind: &str, session: Option<&SessionId>) -> bool {
        !Self::matching(&locked(&self.readers), org, kind, session).is_empty()
    }

    /// Tells those who listen what is never logged.
    pub(crate) fn tell(
        &self,
        org: OrgId,
        session: Option<SessionId>,
        kind: &str,
        at: Millis,
        payload: &str,
    ) {
        let mailboxes = Self::matching(&locked(&self.readers), &org, kind, session.as_ref());
        if mailboxes.is_empty() {
            return;
        }
        let text: Arc<str> = live_envelope(org, session, kind, at, payload).into();
        for mailbox in mailboxes {
            mailbox.put(Told::Live(Arc::clone(&text)));
        }
    }

    /// Up to where the log was put into the mailboxes.
    pub(crate) fn place(&self) -> i64 {
        locked(&self.readers).place
    }
}

/// The envelope of what is told live only.
pub(crate) fn live_envelope(
    org: OrgId,
    session: Option<SessionId>,
    kind: &str,
    at: Millis,
    payload: &str,
) -> String {
    envelope(&Head {
        id: "",
        kind,
        org,
        session,
        seq: None,
        at,
        payload,
    })
}

impl Domain {
    /// Registers a mailbox that holds so many events.
    pub(crate) fn register(
        self: &Arc<Self>,
        org: OrgId,
        filter: Filter,
        holds: usize,
    ) -> Registered {
        let mailbox = Arc::new(Mailbox {
            filter: Mutex::new(Arc::new(filter)),
            holds,
            inside: Mutex::new(Inside {
                queue: VecDeque::new(),
                overflowed: false,
            }),
            live: AtomicBool::new(false),
            came: Notify::new(),
            burst: Notify::new(),
        });
        let name = self.hub.names.fetch_add(1, Ordering::Relaxed);
        let mut readers = locked(&self.hub.readers);
        if !readers.running {
            readers.running = true;
            readers.place = *self.store.appended().borrow();
            tokio::spawn(read_on(Arc::downgrade(self)));
        }
        readers
            .of
            .entry(org)
            .or_default()
            .insert(name, Arc::clone(&mailbox));
        Registered {
            mailbox,
            from: readers.place,
            org,
            name,
            domain: Arc::downgrade(self),
        }
    }

    /// One page of the log into the mailboxes; whether there may be more.
    async fn hand_out(&self) -> crate::Result<bool> {
        let newest = *self.store.appended().borrow();
        let after = {
            let mut readers = locked(&self.hub.readers);
            if readers.of.is_empty() {
                readers.place = readers.place.max(newest);
                return Ok(false);
            }
            readers.place
        };
        if newest <= after {
            return Ok(false);
        }
        let rows = self
            .store
            .read(move |view| view.events_everywhere(after, PAGE))
            .await?;
        let more = rows.len() == PAGE;
        let mut readers = locked(&self.hub.readers);
        for row in rows {
            let place = row.place;
            let mailboxes = Hub::matching(&readers, &row.org, &row.kind, row.session.as_ref());
            if !mailboxes.is_empty() {
                let logged = Arc::new(Logged::from(row));
                for mailbox in mailboxes {
                    mailbox.put(Told::Logged(Arc::clone(&logged)));
                }
            }
            readers.place = place;
        }
        if !more {
            // Rows in between may have been trimmed.
            readers.place = readers.place.max(newest);
        }
        Ok(more)
    }
}

async fn read_on(domain: Weak<Domain>) {
    let Some(mut appended) = domain.upgrade().map(|domain| domain.store.appended()) else {
        return;
    };
    loop {
        appended.mark_unchanged();
        loop {
            let Some(domain) = domain.upgrade() else {
                return;
            };
            match domain.hand_out().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "the event log was not read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        if appended.changed().await.is_err() {
            return;
        }
    }
}
