//! Where the library's events come in. Its dispatch calls us synchronously, so nothing here waits: an event is
//! counted, queued, or handed to the one who waits for it.

use crate::{
    acks::Acks,
    channels,
    convert::{
        app_state::{is_mutation, is_snapshot},
        receipt,
    },
    device_store::flow::Flow,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use wacore::types::events::{Event, EventHandler, EventInterest, EventKind, LazyHistorySync};

/// The session's ears.
pub(crate) struct Ears {
    queue: mpsc::UnboundedSender<Arc<Event>>,
    acks: Arc<Acks>,
    flow: Arc<Flow>,
    /// The chunk the library has just unpacked; the history task takes it.
    chunk: Mutex<Option<LazyHistorySync>>,
}

impl Ears {
    pub(crate) fn new(
        acks: Arc<Acks>,
        flow: Arc<Flow>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Arc<Event>>) {
        let (queue, events) = mpsc::unbounded_channel();
        let ears = Self {
            queue,
            acks,
            flow,
            chunk: Mutex::default(),
        };
        (Arc::new(ears), events)
    }

    pub(crate) fn take_chunk(&self) -> Option<LazyHistorySync> {
        self.chunk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl EventHandler for Ears {
    fn handle_event(&self, event: Arc<Event>) {
        match &*event {
            Event::ServerAck(ack) => return self.acks.heard(ack),
            Event::HistorySync(chunk) => {
                *self.chunk.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((**chunk).clone());
                return;
            }
            // Everything on the wire; what is wanted of it is what the library leaves out of its own event.
            Event::RawNode(node) if channels::is_ack(node) => return self.acks.heard_of_post(node),
            Event::RawNode(node)
                if !receipt::may_be_own(node) && !channels::is_taken_back(node) =>
            {
                return;
            }
            // Stored by the durability hook already.
            Event::Messages(batch) if batch.hook_committed => return,
            _ => {}
        }
        let counted = is_mutation(&event);
        if counted {
            self.flow.dispatched();
            if is_snapshot(&event) {
                self.flow.snapshot();
            }
        }
        if self.queue.send(event).is_err() && counted {
            self.flow.lost(1);
        }
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::Connected,
            EventKind::Disconnected,
            EventKind::PairSuccess,
            EventKind::PairError,
            EventKind::SelfPushNameUpdated,
            EventKind::AppStateSyncFailed,
            EventKind::LoggedOut,
            EventKind::PairingQrCode,
            EventKind::PairingCode,
            EventKind::PairPasskeyRequest,
            EventKind::PairPasskeyConfirmation,
            EventKind::PairPasskeyError,
            EventKind::PairingQrCodesExhausted,
            EventKind::ClientOutdated,
            EventKind::Messages,
            EventKind::UndecryptableMessage,
            EventKind::Receipt,
            EventKind::RawNode,
            EventKind::ServerAck,
            EventKind::NewsletterLiveUpdate,
            EventKind::ContactNumberChanged,
            EventKind::PictureUpdate,
            EventKind::BusinessStatusUpdate,
            EventKind::GroupUpdate,
            EventKind::ContactUpdate,
            EventKind::PinUpdate,
            EventKind::MuteUpdate,
            EventKind::ArchiveUpdate,
            EventKind::MarkChatAsReadUpdate,
            EventKind::DeleteChatUpdate,
            EventKind::HistorySync,
            EventKind::Presence,
            EventKind::ChatPresence,
            EventKind::IncomingCall,
            EventKind::MissedCall,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ConnectFailure,
        ])
    }
}
