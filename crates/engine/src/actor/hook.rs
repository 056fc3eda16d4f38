//! Messages are stored before WhatsApp is told that we have them.
//!
//! The library calls this with each decrypted message (in batches while it drains the offline queue) and confirms
//! them to the server only when it returns well. An error leaves them unconfirmed: they come again on the next
//! connection, from the library's durable copy. Storing is idempotent by chat, sender and id.

use super::{habits, history::Intake};
use crate::convert::{Converter, batches};
use anyhow::{Result, bail};
use async_trait::async_trait;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use wacore::types::events::InboundMessage;
use waproto::whatsapp::message::protocol_message::Type as ProtocolType;
use wharf_domain::{
    Error,
    inbound::Seen,
    ports::{engine::Inbox, secrets::Secrets, store::Store},
    sessions::SessionScope,
};
use whatsapp_rust::{Client, InboundDurabilityHook};

/// What the hook stores with. It never asks the client anything: that could deadlock on the sender's session lock.
pub(crate) struct Hook {
    pub scope: SessionScope,
    pub secrets: Arc<dyn Secrets>,
    pub inbox: Arc<dyn Inbox>,
    pub store: Arc<dyn Store>,
    pub own: Arc<Mutex<Seen>>,
    pub intake: Arc<Intake>,
    /// Something was left unconfirmed: only a new connection brings it again.
    pub owed: Arc<AtomicBool>,
}

/// A live message waits this long for a store that cannot write just now.
const PAUSES: [u64; 3] = [100, 400, 1500];

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> Result<()> {
        let stored = self.store(batch).await;
        if let Err(error) = &stored {
            tracing::warn!(session = %self.scope.id, %error, count = batch.len(), "messages not stored");
            self.owed.store(true, Ordering::Release);
        } else {
            let store = Arc::clone(&self.store);
            // In a task of its own: here nobody may ask the client for anything.
            tokio::spawn(habits::read(client, store, self.scope, batch.to_vec()));
        }
        stored
    }
}

impl Hook {
    async fn store(&self, batch: &[InboundMessage]) -> Result<()> {
        let converter = Converter {
            scope: self.scope,
            secrets: Arc::clone(&self.secrets),
            own: self
                .own
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        };
        let mut facts = Vec::with_capacity(batch.len());
        for message in batch {
            if announces_history(message) && !self.intake.remembered(&message.info.id).await {
                bail!("a history notification is not stored yet");
            }
            converter.live(message, &mut facts);
        }
        for facts in batches(facts) {
            self.ingest(facts).await?;
        }
        Ok(())
    }

    async fn ingest(&self, facts: Vec<wharf_domain::inbound::Inbound>) -> Result<(), Error> {
        let mut pauses = PAUSES.iter();
        loop {
            match self.inbox.ingest(&self.scope, facts.clone()).await {
                Err(Error::Unavailable(why)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
                    None => return Err(Error::Unavailable(why)),
                },
                other => return other,
            }
        }
    }
}

/// The library has taken the notification itself out of the message and queued it; its type remains.
fn announces_history(message: &InboundMessage) -> bool {
    message.info.source.is_from_me
        && message
            .message
            .protocol_message
            .as_option()
            .is_some_and(|p| p.r#type == Some(ProtocolType::HISTORY_SYNC_NOTIFICATION))
}
