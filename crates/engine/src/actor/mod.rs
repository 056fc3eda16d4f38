//! One session's connection: the library's client and the tasks around it.
//!
//! Theory of operation. [`launch`] builds a client on the session's device store and starts four tasks: the
//! library's own run loop (it dials, reconnects with its own backoff and ends itself on final verdicts), [`events`]
//! (everything the library tells, in order, into facts and connection states), [`history`] (chunks of past
//! messages, remembered durably before the library confirms them) and [`watch`] (proof of life). Messages do not go
//! through the event task: the library's durability hook ([`hook`]) stores them before WhatsApp is told.
//!
//! Invariants:
//! - A client is used for one life: after its end a new one is launched on the same device state.
//! - States are told one after another under one lock ([`Actor::tell`]), and none after the last.
//! - The event path is unbounded and never drops; its facts are counted where a version must wait for them.

mod app_state;
pub(crate) mod calls;
mod channels;
mod ears;
mod events;
pub(crate) mod groups;
pub(crate) mod habits;
mod history;
mod hook;
mod launch;
mod passkey;
mod presence;
mod watch;

pub(crate) use ears::Ears;
pub(crate) use events::End;
pub(crate) use launch::launch;

use crate::{
    acks::Acks, config::EngineConfig, convert::Converter, device_store::DeviceStore, http::Http,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Semaphore, task::JoinHandle};
use wacore::appstate::patch_decode::WAPatchName;
use wharf_domain::{
    Error,
    inbound::{Inbound, Seen},
    ports::{
        blobs::Blobs,
        clock::Clock,
        engine::{Connection, Inbox, LinkCode},
        secrets::Secrets,
        store::Store,
    },
    sessions::SessionScope,
};
use wharf_types::ProxyUrl;
use whatsapp_rust::Client;

/// What all sessions share.
pub(crate) struct Shared {
    pub config: EngineConfig,
    pub store: Arc<dyn Store>,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
    pub inbox: Arc<dyn Inbox>,
    pub blobs: Arc<dyn Blobs>,
    /// Histories read at once, over all sessions: each costs a core and a conversation's memory.
    pub readers: Arc<Semaphore>,
    /// HTTP clients by proxy.
    pub http: Mutex<HashMap<Option<ProxyUrl>, wharf_outbound::Outbound>>,
}

/// Where the connection stands by the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Not logged in (yet, or again).
    Down,
    /// A code waits for the phone.
    Scan,
    /// A passkey is demanded, or a code is to be compared.
    Passkey { compared: bool },
    /// Logged in and answering.
    Up,
    /// Over: no state is told any more.
    Over,
}

/// One life of one session's connection.
pub(crate) struct Actor {
    pub shared: Arc<Shared>,
    pub scope: SessionScope,
    pub client: Arc<Client>,
    pub device: Arc<DeviceStore>,
    pub acks: Arc<Acks>,
    own: Arc<Mutex<Seen>>,
    code: Mutex<Option<LinkCode>>,
    passkey: Mutex<passkey::Desk>,
    /// Where a verdict on this life goes.
    ends: events::Ends,
    /// States are told under this lock.
    standing: tokio::sync::Mutex<Standing>,
    /// The same without waiting, for questions.
    up: AtomicBool,
    over: AtomicBool,
    /// Messages were left unconfirmed because they could not be stored.
    owed: Arc<AtomicBool>,
    /// Counts logins, so that a verdict on one connection does not hit the next.
    logins: AtomicU64,
    /// Collections of app state to be asked for again.
    due: Mutex<HashSet<WAPatchName>>,
    /// Whether the owner wants to be shown as there, once they said so in this life.
    pub wish: Mutex<Option<bool>>,
    /// Keeps raw stanzas coming: see `convert::receipt`.
    pub _raw: whatsapp_rust::RawNodeLease,
    /// Calls that ring now.
    pub calls: Mutex<calls::Calls>,
    /// Woken at each login.
    pub online: tokio::sync::Notify,
    /// Rung by who waits for WhatsApp's word: the connection shall prove that it lives.
    doubt: Arc<tokio::sync::Notify>,
    /// Channels are fetched by one task at a time.
    channels_turn: tokio::sync::Mutex<()>,
    /// The session's way to media servers.
    pub http: Http,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    run: Mutex<Option<JoinHandle<()>>>,
}

impl Actor {
    /// Logged in, and has shown life within the watch's period.
    pub(crate) fn connected(&self) -> bool {
        self.up.load(Ordering::Acquire) && self.client.is_connected() && self.client.is_logged_in()
    }

    /// Ended by a verdict or a command.
    pub(crate) fn over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The QR code to show now.
    pub(crate) fn code(&self) -> Option<LinkCode> {
        let now = self.shared.clock.now();
        self.code
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|code| code.expires_at > now)
    }

    fn set_code(&self, code: Option<LinkCode>) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// The account's ids, as far as the device knows them.
    fn learn_own(&self) {
        let ids = [self.client.pn(), self.client.lid()];
        let own = crate::convert::seen_all(ids.iter().flatten());
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = own;
    }

    pub(crate) fn own(&self) -> Seen {
        self.own
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn converter(&self) -> Converter {
        Converter {
            scope: self.scope,
            secrets: Arc::clone(&self.shared.secrets),
            own: self.own(),
        }
    }

    /// Linked to an account.
    pub(crate) fn paired(&self) -> bool {
        self.client.pn().is_some()
    }

    /// Tells whose device it is.
    async fn tell_paired(&self) {
        let Seen { phone, lid } = self.own();
        if let Some(phone) = phone {
            let push_name = self.client.push_name();
            self.tell(Connection::Paired {
                phone,
                lid,
                push_name,
            })
            .await;
        }
    }

    /// Tells a state, unless the actor is over or it says nothing new.
    async fn tell(&self, state: Connection) {
        let next = match &state {
            Connection::Connected => Standing::Up,
            Connection::AwaitingScan => Standing::Scan,
            Connection::AwaitingPasskey { compared } => Standing::Passkey {
                compared: *compared,
            },
            Connection::History { .. } | Connection::Named { .. } => {
                let standing = self.standing.lock().await;
                if *standing != Standing::Over {
                    self.report(state).await;
                }
                return;
            }
            _ => Standing::Down,
        };
        let mut standing = self.standing.lock().await;
        if *standing == Standing::Over || (*standing == next && next != Standing::Down) {
            return;
        }
        *standing = next;
        self.up.store(next == Standing::Up, Ordering::Release);
        self.report(state).await;
    }

    /// Waits for WhatsApp's word. What takes long is taken for a sign that the connection may be dead.
    pub(crate) async fn word<T>(&self, word: impl Future<Output = T>) -> T {
        tokio::pin!(word);
        match tokio::time::timeout(self.shared.config.timings.doubt, &mut word).await {
            Ok(word) => word,
            Err(_) => {
                self.doubt.notify_one();
                word.await
            }
        }
    }

    /// The connection that `login` counted is lost; a later one is not touched.
    async fn lost(&self, login: u64) {
        let mut standing = self.standing.lock().await;
        if *standing != Standing::Up || self.logins.load(Ordering::Acquire) != login {
            return;
        }
        *standing = Standing::Down;
        self.up.store(false, Ordering::Release);
        self.acks.drop_all();
        self.report(Connection::Connecting { again: true }).await;
    }

    /// Logged in at least once in this life.
    pub(crate) fn was_connected(&self) -> bool {
        self.logins.load(Ordering::Acquire) > 0
    }

    /// Lets the next life ask WhatsApp for the current version.
    pub(crate) async fn forget_version(&self) {
        let persistence = self.client.persistence_manager();
        persistence
            .modify_device(|device| device.core.app_version_last_fetched_ms = 0)
            .await;
    }

    /// Marks the end; `true` for the one who may tell the last state.
    pub(crate) async fn finish(&self) -> bool {
        let mut standing = self.standing.lock().await;
        let first = *standing != Standing::Over;
        *standing = Standing::Over;
        self.up.store(false, Ordering::Release);
        self.over.store(true, Ordering::Release);
        self.set_code(None);
        self.passkey_done();
        self.acks.drop_all();
        first
    }

    /// Stores a state; a store that cannot write now is tried again for a while.
    pub(crate) async fn report(&self, state: Connection) {
        for wait in [50, 200, 1000, 3000] {
            match self
                .shared
                .inbox
                .connection(&self.scope, state.clone())
                .await
            {
                Ok(()) | Err(Error::NotFound(_)) => return,
                Err(error) => {
                    tracing::warn!(session = %self.scope.id, %error, "connection state not stored")
                }
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }

    /// Stores facts, trying again while the store cannot write; `false` when they are given up.
    pub(crate) async fn ingest(&self, facts: Vec<Inbound>) -> bool {
        if facts.is_empty() {
            return true;
        }
        let mut wait = Duration::from_millis(100);
        loop {
            let error = match self.shared.inbox.ingest(&self.scope, facts.clone()).await {
                Ok(()) => return true,
                Err(error) => error,
            };
            let again = matches!(error, Error::Unavailable(_) | Error::Timeout) && !self.over();
            tracing::warn!(session = %self.scope.id, %error, again, "facts not stored");
            if !again {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    fn keep(&self, task: JoinHandle<()>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// Closes the socket, lets the library store what it holds, and lets nobody write after that.
    pub(crate) async fn shut(&self) {
        let patience = self.shared.config.timings.patience;
        if tokio::time::timeout(patience, self.client.disconnect())
            .await
            .is_err()
        {
            tracing::warn!(session = %self.scope.id, "the socket did not close in time");
            self.client.signal_shutdown_sync();
        }
        let run = self
            .run
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut run) = run
            && tokio::time::timeout(patience, &mut run).await.is_err()
        {
            run.abort();
        }
        if let Err(error) = self.client.persistence_manager().flush().await {
            tracing::warn!(session = %self.scope.id, %error, "device state not stored at the end");
        }
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task.abort();
        }
        self.device.retire();
    }
}

impl Actor {
    /// Cuts the connection off at once: its socket closes, its tasks end, and nothing is written after that.
    pub(crate) fn cut(&self) {
        self.over.store(true, Ordering::Release);
        self.device.retire();
        self.client.signal_shutdown_sync();
        let run = self
            .run
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks.into_iter().chain(run) {
            task.abort();
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.cut();
    }
}
