//! An engine the test plays: it does what it is told and says what it was told to say.

use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use wharf_domain::{
    Error,
    inbound::{SealedVote, Seen},
    outbox::Outgoing,
    ports::engine::{Addons, Engine, Handed, LinkCode, NumberCheck, PollSecret},
    sessions::SessionScope,
};
use wharf_types::{Address, Phone};

#[derive(Default)]
pub struct PlayedEngine {
    /// Whether sessions are connected.
    pub connected: AtomicBool,
    /// The code shown.
    pub code: Mutex<Option<LinkCode>>,
    /// What was handed over.
    pub sent: Mutex<Vec<Outgoing>>,
    /// What the server will say, one word a send; acknowledged when there is none left.
    pub words: Mutex<VecDeque<Handed>>,
    /// While held, the server says nothing.
    pub silence: tokio::sync::RwLock<()>,
}

/// Votes in the open: the voter's number and the texts, where WhatsApp has ciphertext and hashes.
impl Addons for PlayedEngine {
    fn message_secret(&self, _: &SessionScope, _: &str, sealed: &str) -> Option<Vec<u8>> {
        (sealed == "with a secret").then(|| vec![1; 32])
    }
    fn seal_vote(&self, _: PollSecret<'_>, voter: &Seen, options: &[String]) -> Option<SealedVote> {
        Some(SealedVote {
            payload: options.join("\n"),
            iv: voter.phone.as_ref()?.as_str().to_owned(),
        })
    }
    fn open_vote(&self, _: PollSecret<'_>, voter: &Seen, vote: &SealedVote) -> Option<Vec<String>> {
        let own = voter.phone.as_ref().is_some_and(|p| p.as_str() == vote.iv);
        let hash = |text: &str| {
            let bytes = <sha2::Sha256 as sha2::Digest>::digest(text);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        own.then(|| vote.payload.lines().map(hash).collect())
    }
}

#[async_trait]
impl Engine for PlayedEngine {
    async fn start(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    async fn stop(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    async fn logout(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    async fn forget(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    fn qr(&self, _: &SessionScope) -> Option<LinkCode> {
        self.code.lock().unwrap().clone()
    }
    async fn pairing_code(&self, _: &SessionScope, _: &Phone) -> Result<LinkCode, Error> {
        Ok(LinkCode {
            code: "ABCD-1234".to_owned(),
            expires_at: 1,
        })
    }
    fn connected(&self, _: &SessionScope) -> bool {
        self.connected.load(Ordering::SeqCst)
    }
    async fn send(&self, _: &SessionScope, outgoing: &Outgoing) -> Handed {
        self.sent.lock().unwrap().push(outgoing.clone());
        let _heard = self.silence.read().await;
        let word = self.words.lock().unwrap().pop_front();
        word.unwrap_or(Handed::Acknowledged(1_800_000_000_000))
    }
    async fn check_numbers(
        &self,
        session: &SessionScope,
        phones: &[Phone],
    ) -> Result<Vec<NumberCheck>, Error> {
        if !self.connected(session) {
            return Err(Error::NotConnected);
        }
        let check = |phone: &Phone| NumberCheck {
            phone: phone.clone(),
            on_whatsapp: !phone.as_str().ends_with('9'),
            lid: None,
        };
        Ok(phones.iter().map(check).collect())
    }
    async fn picture(
        &self,
        _: &SessionScope,
        _: &Address,
    ) -> Result<Option<(String, String)>, Error> {
        Ok(None)
    }
    async fn about(&self, _: &SessionScope, _: &Address) -> Result<Option<String>, Error> {
        Ok(None)
    }
}
