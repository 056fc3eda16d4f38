//! What others are shown at once: typing, read receipts, being there, a call rejected. Stanzas without an answer: that the socket
//! took them is all there is to know.

use crate::{actor::Actor, live::jid};
use std::{future::Future, sync::PoisonError};
use wacore_binary::Jid;
use wharf_domain::{
    Error,
    calls::CallState,
    inbound::Inbound,
    ports::engine::{ReadReceipt, Refusal, Typing},
};
use wharf_types::Address;
use whatsapp_rust::{ChatStateType, PresenceError};

fn parse(text: &str) -> Result<Jid, Error> {
    text.parse()
        .map_err(|_| Error::Internal("an address that is none of WhatsApp's".into()))
}

impl Actor {
    /// Writes a stanza within the deadline of a live call.
    async fn tell_now<E: std::fmt::Display>(
        &self,
        writing: impl Future<Output = Result<(), E>>,
    ) -> Result<(), Error> {
        if !self.connected() {
            return Err(Error::NotConnected);
        }
        match tokio::time::timeout(self.shared.config.timings.live, writing).await {
            Ok(Ok(())) => Ok(()),
            Err(_) => Err(Error::Timeout),
            Ok(Err(_)) if !self.connected() => Err(Error::NotConnected),
            Ok(Err(error)) => Err(Error::Unavailable(format!("stanza not written: {error}"))),
        }
    }

    pub(crate) async fn typing(&self, chat: &str, state: Typing) -> Result<(), Error> {
        let chat = parse(chat)?;
        let state = match state {
            Typing::Composing => ChatStateType::Composing,
            Typing::Recording => ChatStateType::Recording,
            Typing::Paused => ChatStateType::Paused,
        };
        self.tell_now(self.client.chatstate().send(&chat, state))
            .await
    }

    pub(crate) async fn read(&self, receipt: &ReadReceipt) -> Result<(), Error> {
        let chat = parse(&receipt.chat)?;
        let author = receipt.author.as_deref().map(parse).transpose()?;
        let ids: Vec<&str> = receipt.wa_ids.iter().map(String::as_str).collect();
        self.tell_now(self.client.mark_as_read(&chat, author.as_ref(), &ids))
            .await
    }

    /// Shows the account as there or not, and keeps to it until the actor ends: see `actor::presence`.
    pub(crate) async fn set_presence(&self, available: bool) -> Result<(), Error> {
        let presence = self.client.presence();
        let set = async {
            if available {
                presence.set_available().await
            } else {
                presence.set_unavailable().await
            }
        };
        if self.client.push_name().is_empty() {
            return Err(Error::Upstream(Refusal {
                reason: "rejected",
                message: PresenceError::PushNameEmpty.to_string(),
                until: None,
            }));
        }
        *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = Some(available);
        self.tell_now(set).await
    }

    pub(crate) async fn subscribe_presence(&self, of: &Address) -> Result<(), Error> {
        let presence = self.client.presence();
        self.tell_now(presence.subscribe(jid(of))).await
    }

    /// Rejects a call that rings, for all of the account's devices.
    pub(crate) async fn reject_call(&self, id: &str) -> Result<(), Error> {
        let lock = || self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let ringing = lock().find(id).ok_or(Error::NotFound("call"))?;
        let voip = self.client.voip();
        self.tell_now(voip.reject_call(&ringing.id, &ringing.peer, &ringing.creator))
            .await?;
        // The caller's own end of it may have come meanwhile, and is told then.
        let ended = lock().take(id);
        if let Some(ringing) = ended {
            let now = self.shared.clock.now();
            let over = ringing.now(CallState::Ended, "rejected", now);
            self.ingest(vec![Inbound::Call(Box::new(over))]).await;
        }
        Ok(())
    }
}
