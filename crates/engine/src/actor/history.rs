//! History sync: what the phone hands over after linking, in parts.
//!
//! The library confirms a part to the phone before it has fetched it, and forgets it when the fetch fails. So the
//! notification of each part is remembered durably first (the message that carried it is not confirmed before), and
//! forgotten only when every fact of the part is stored. What is still remembered when a session starts is fetched
//! again; what cannot be fetched is asked of the phone again.
//!
//! Whole is a history when a part said that it is the last (a recent or full part with progress 100), or none came
//! for a while, and no part is remembered any more.

use super::{Actor, Ears};
use crate::device_store::{DeviceStore, Space};
use buffa::Message as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, sync::mpsc, time::Instant};
use wacore::{messages::DetachedHistorySyncNotification, types::events::LazyHistorySync};
use waproto::whatsapp::message::{HistorySyncNotification, HistorySyncType};
use wharf_domain::{inbound::Inbound, ports::engine::Connection};
use whatsapp_rust::sync_task::MajorSyncTask;

/// A part inflates to this much at most.
const LARGEST: usize = 1 << 30;
/// Facts of a part under way between reading and storing.
const AHEAD: usize = 2;
/// After so many failed fetches the phone is asked for the part again.
const ASK_AGAIN: u32 = 2;

/// Which notifications are remembered.
pub(crate) struct Intake {
    device: Arc<DeviceStore>,
    saved: Mutex<HashSet<String>>,
    moved: Notify,
    /// A notification was confirmed without being remembered.
    gap: AtomicBool,
}

impl Intake {
    pub(crate) fn new(device: Arc<DeviceStore>) -> Self {
        Self {
            device,
            saved: Mutex::default(),
            moved: Notify::new(),
            gap: AtomicBool::new(false),
        }
    }

    /// Waits until the notification of this message is remembered. `false`: not now, let it come again.
    pub(crate) async fn remembered(&self, id: &str) -> bool {
        let wait = async {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self
                    .saved
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .contains(id)
                {
                    return;
                }
                moved.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .is_ok()
        {
            return true;
        }
        match self.device.get(Space::PendingHistory, id.as_bytes()).await {
            Ok(Some(_)) => true,
            // A message replayed after a crash carries no notification any more. Refusing it for ever would stop
            // the queue; the gap is told instead.
            Ok(None) => {
                self.gap.store(true, Ordering::Release);
                true
            }
            Err(_) => false,
        }
    }

    async fn remember(&self, id: &str, part: &DetachedHistorySyncNotification) {
        let mut notification = part.notification.clone();
        notification.initial_hist_bootstrap_inline_payload =
            part.inline_payload.as_ref().map(|bytes| bytes.to_vec());
        let bytes = notification.encode_to_vec();
        let mut wait = Duration::from_millis(100);
        while let Err(error) = self
            .device
            .put(Space::PendingHistory, id.into(), bytes.clone())
            .await
        {
            tracing::warn!(session = %self.device.scope.id, %error, "history notification not stored");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        self.saved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned());
        self.moved.notify_waiters();
    }
}

/// What is known of the whole, across restarts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// A part was stored.
    seen: bool,
    /// The last part was stored.
    end: bool,
    /// Told to be whole.
    complete: bool,
}

const PROGRESS: &[u8] = b"history";

/// A part to be read.
enum Part {
    /// As the library hands it over.
    Fresh(MajorSyncTask, String),
    /// As we remembered it.
    Remembered(String, u32),
}

/// Takes the library's tasks: remembers parts at once and queues them for [`read`].
pub(super) async fn intake(
    actor: Weak<Actor>,
    tasks: async_channel::Receiver<MajorSyncTask>,
    intake: Arc<Intake>,
    parts: mpsc::UnboundedSender<(MajorSyncTask, String)>,
) {
    while let Ok(task) = tasks.recv().await {
        let Some(actor) = actor.upgrade() else { return };
        match &task {
            MajorSyncTask::HistorySync {
                message_id,
                notification,
                ..
            } => {
                let id = message_id.clone();
                intake.remember(&id, notification).await;
                let _ = parts.send((task, id));
            }
            MajorSyncTask::AppStateSync { .. } => {
                let client = Arc::clone(&actor.client);
                actor.keep(tokio::spawn(
                    async move { client.process_sync_task(task).await },
                ));
            }
        }
    }
}

/// Reads parts one after another until the actor is gone.
pub(super) async fn read(
    actor: Weak<Actor>,
    ears: Arc<Ears>,
    intake: Arc<Intake>,
    mut fresh: mpsc::UnboundedReceiver<(MajorSyncTask, String)>,
) {
    let mut queue = VecDeque::new();
    let mut quiet_since = Instant::now();
    let mut rest = Duration::ZERO;
    {
        let Some(actor) = actor.upgrade() else { return };
        if let Ok(rows) = actor.device.scan(Space::PendingHistory, b"").await {
            queue.extend(
                rows.into_iter().map(|(key, _)| {
                    Part::Remembered(String::from_utf8_lossy(&key).into_owned(), 0)
                }),
            );
        }
    }
    loop {
        let Some(strong) = actor.upgrade() else {
            return;
        };
        if intake.gap.swap(false, Ordering::AcqRel) {
            strong.tell(Connection::History { complete: false }).await;
        }
        while let Ok((task, id)) = fresh.try_recv() {
            queue.push_back(Part::Fresh(task, id));
            rest = Duration::ZERO;
        }
        let online = strong.connected();
        // A fresh part may come inside its message and needs no connection; a remembered one may need a fetch.
        let ready = matches!(queue.front(), Some(Part::Fresh(..))) || (online && !queue.is_empty());
        if ready && rest.is_zero() {
            if let Some(part) = queue.pop_front() {
                if let Some(again) = strong.part(&ears, part).await {
                    // Known, and not to be had for now, though WhatsApp is there.
                    if strong.connected() && matches!(again, Part::Remembered(_, 2..)) {
                        strong.tell(Connection::History { complete: false }).await;
                    }
                    queue.push_back(again);
                    rest = Duration::from_secs(5);
                }
                strong
                    .conclude(queue.is_empty() && fresh.is_empty(), false)
                    .await;
            }
            quiet_since = Instant::now();
            continue;
        }
        let quiet = strong.shared.config.timings.history_quiet;
        if !online {
            quiet_since = Instant::now();
        } else if queue.is_empty() && quiet_since.elapsed() >= quiet {
            strong.conclude(true, true).await;
            quiet_since = Instant::now();
        }
        drop(strong);
        let nap = if rest.is_zero() {
            quiet.min(Duration::from_secs(10))
        } else {
            rest
        };
        rest = Duration::ZERO;
        match tokio::time::timeout(nap, fresh.recv()).await {
            Ok(Some((task, id))) => queue.push_back(Part::Fresh(task, id)),
            Ok(None) => return,
            Err(_) => {}
        }
    }
}

async fn progress(device: &DeviceStore) -> Progress {
    match device.get(Space::Marks, PROGRESS).await {
        Ok(Some(bytes)) => serde_json::from_slice(&bytes).unwrap_or_default(),
        _ => Progress::default(),
    }
}

impl Actor {
    /// Reads one part; `Some` when it must be tried again.
    async fn part(&self, ears: &Ears, part: Part) -> Option<Part> {
        let permit = Arc::clone(&self.shared.readers)
            .acquire_owned()
            .await
            .ok()?;
        let (id, tries, chunk) = match part {
            Part::Fresh(task, id) => {
                self.client.process_sync_task(task).await;
                (id, 0, ears.take_chunk())
            }
            Part::Remembered(id, tries) => {
                let chunk = self.fetch(&id, tries).await;
                (id, tries, chunk)
            }
        };
        let stored = match chunk {
            Some(chunk) => self.store_chunk(chunk, &id).await,
            // Nothing is remembered under this id: it was read meanwhile.
            None => matches!(
                self.device.get(Space::PendingHistory, id.as_bytes()).await,
                Ok(None)
            ),
        };
        drop(permit);
        (!stored).then(|| Part::Remembered(id, tries + 1))
    }

    /// Fetches a remembered part.
    async fn fetch(&self, id: &str, tries: u32) -> Option<LazyHistorySync> {
        let bytes = self
            .device
            .get(Space::PendingHistory, id.as_bytes())
            .await
            .ok()??;
        let Ok(mut notification) = HistorySyncNotification::decode_from_slice(&bytes) else {
            tracing::error!(session = %self.scope.id, "remembered history notification is unreadable");
            let _ = self.device.delete(Space::PendingHistory, id.into()).await;
            return None;
        };
        let compressed = match notification.initial_hist_bootstrap_inline_payload.take() {
            Some(payload) => payload,
            None => match self.client.download(&notification).await {
                Ok(blob) => blob,
                Err(error) => {
                    tracing::warn!(session = %self.scope.id, %error, tries, "history part not fetched");
                    if tries == ASK_AGAIN
                        && let Some(key) = &notification.media_key
                        && let Err(error) = self
                            .client
                            .send_history_sync_server_error_receipt(id, key)
                            .await
                    {
                        tracing::warn!(session = %self.scope.id, %error, "history part not asked for again");
                    }
                    return None;
                }
            },
        };
        Some(LazyHistorySync::new(
            compressed.into(),
            LARGEST,
            notification.sync_type.map_or(0, |kind| kind as i32),
            notification.chunk_order,
            notification.progress,
        ))
    }

    /// Stores a part's facts and forgets its notification; `false` when something was not stored.
    async fn store_chunk(&self, chunk: LazyHistorySync, id: &str) -> bool {
        let last = chunk.progress() == Some(100)
            && [HistorySyncType::RECENT as i32, HistorySyncType::FULL as i32]
                .contains(&chunk.sync_type());
        let converter = self.converter();
        let (give, mut take) = mpsc::channel::<Vec<Inbound>>(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            converter.history(&chunk, |facts| give.blocking_send(facts).is_ok())
        });
        while let Some(facts) = take.recv().await {
            if !self.ingest(facts).await {
                return false;
            }
        }
        match reading.await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) | Err(_) => return false,
            // It will not read better another time.
            Ok(Err(error)) => {
                tracing::error!(session = %self.scope.id, error, "history part is unreadable")
            }
        }
        let before = progress(&self.device).await;
        let after = Progress {
            seen: true,
            end: before.end || last,
            complete: before.complete && !last,
        };
        self.note(after).await
            && self
                .device
                .delete(Space::PendingHistory, id.into())
                .await
                .is_ok()
    }

    async fn note(&self, progress: Progress) -> bool {
        let Ok(bytes) = serde_json::to_vec(&progress) else {
            return false;
        };
        self.device
            .put(Space::Marks, PROGRESS.to_vec(), bytes)
            .await
            .is_ok()
    }

    /// Tells that the history is whole, if it is.
    async fn conclude(&self, idle: bool, quiet: bool) {
        let now = progress(&self.device).await;
        if !idle || now.complete || !(now.end || quiet) {
            return;
        }
        match self.device.scan(Space::PendingHistory, b"").await {
            Ok(rows) if rows.is_empty() => {}
            _ => return,
        }
        if self
            .ingest(vec![Inbound::Synced { source: "history" }])
            .await
            && self
                .note(Progress {
                    complete: true,
                    ..now
                })
                .await
        {
            self.tell(Connection::History { complete: true }).await;
        }
    }
}
