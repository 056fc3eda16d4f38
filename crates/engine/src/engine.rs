//! The port: commands of the domain, one session at a time.

use crate::{
    actor::{Actor, Shared},
    config::EngineConfig,
    convert::{Converter, addons},
    slot::{Slot, begin, wipe},
};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use wacore::pair_code::PairCodeOptions;
use wharf_domain::{
    Error,
    chats::settings::Setting,
    inbound::{ChannelRole, InChannel, SealedVote, Seen},
    outbox::Outgoing,
    ports::{
        blobs::{NoBlobs, Scratch},
        clock::Clock,
        engine::{
            Addons, Connection, Engine, Handed, Inbox, LinkCode, MediaAsked, NumberCheck,
            PollSecret, ReadReceipt, Refusal, Typing,
        },
        passkey::{Assertion, Passkey, Passkeys},
        secrets::Secrets,
        store::Store,
    },
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{Address, ChannelJid, Millis, Phone};

/// A pairing code is good for this long (the library's `PAIR_CODE_VALIDITY`).
const CODE_LIFE_MS: i64 = 180_000;

/// The connections of this process to WhatsApp.
pub struct WhatsAppEngine {
    shared: Arc<Shared>,
    slots: Arc<Mutex<HashMap<SessionNo, Arc<Slot>>>>,
}

impl WhatsAppEngine {
    /// An engine on the given ports. Refuses settings of the simulated network in a build that was not made for it.
    pub fn new(
        config: EngineConfig,
        store: Arc<dyn Store>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        inbox: Arc<dyn Inbox>,
    ) -> Result<Self, Error> {
        if !cfg!(feature = "sandbox") && (config.url.is_some() || config.extra_ca.is_some()) {
            return Err(Error::invalid(
                "whatsapp_url",
                "only a build with the cargo feature `sandbox` can speak to a simulated network",
            ));
        }
        let readers =
            std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Ok(Self {
            shared: Arc::new(Shared {
                blobs: config.blobs.clone().unwrap_or_else(|| Arc::new(NoBlobs)),
                config,
                store,
                secrets,
                clock,
                inbox,
                readers: Arc::new(Semaphore::new(readers)),
                http: Mutex::default(),
            }),
            slots: Arc::default(),
        })
    }

    fn slot(&self, session: &SessionScope) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(session.no).or_default())
    }

    fn actor(&self, session: &SessionScope) -> Option<Arc<Actor>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(&session.no).and_then(|slot| slot.actor())
    }

    pub(crate) fn connected_actor(&self, session: &SessionScope) -> Result<Arc<Actor>, Error> {
        self.actor(session)
            .filter(|actor| actor.connected())
            .ok_or(Error::NotConnected)
    }

    /// Stops every session without a word to the domain: the program ends, and they shall start again with it.
    pub async fn shutdown(&self) {
        let slots: Vec<Arc<Slot>> = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.values().cloned().collect()
        };
        let stops = slots.into_iter().map(|slot| async move {
            let _turn = slot.turn.lock().await;
            if let Some(actor) = slot.put(None) {
                actor.finish().await;
                actor.shut().await;
            }
        });
        futures_util::future::join_all(stops).await;
    }
}

impl Drop for WhatsAppEngine {
    /// Without [`WhatsAppEngine::shutdown`] before it, this is like the end of the process.
    fn drop(&mut self) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in slots.values() {
            if let Some(actor) = slot.put(None) {
                actor.cut();
            }
        }
    }
}

impl Addons for WhatsAppEngine {
    fn message_secret(&self, session: &SessionScope, wa_id: &str, sealed: &str) -> Option<Vec<u8>> {
        let converter = Converter {
            scope: *session,
            secrets: Arc::clone(&self.shared.secrets),
            own: Seen::default(),
        };
        converter.message_secret(wa_id, sealed)
    }
    fn seal_vote(
        &self,
        poll: PollSecret<'_>,
        voter: &Seen,
        options: &[String],
    ) -> Option<SealedVote> {
        addons::seal_vote(poll, voter, options)
    }
    fn open_vote(
        &self,
        poll: PollSecret<'_>,
        voter: &Seen,
        vote: &SealedVote,
    ) -> Option<Vec<String>> {
        addons::open_vote(poll, voter, vote)
    }
}

#[async_trait]
impl Passkeys for WhatsAppEngine {
    fn passkey(&self, session: &SessionScope) -> Option<Passkey> {
        self.actor(session)?.passkey_now()
    }

    async fn assert_passkey(
        &self,
        session: &SessionScope,
        request: &str,
        assertion: Assertion,
    ) -> Result<(), Error> {
        let actor = self.actor(session).ok_or(Error::NotConnected)?;
        actor.assert_passkey(request, assertion).await
    }

    async fn confirm_passkey(&self, session: &SessionScope) -> Result<(), Error> {
        let actor = self.actor(session).ok_or(Error::NotConnected)?;
        actor.confirm_passkey().await
    }
}

#[async_trait]
impl Engine for WhatsAppEngine {
    async fn start(&self, session: &SessionScope) -> Result<(), Error> {
        let slot = self.slot(session);
        let _turn = slot.turn.lock().await;
        begin(&self.shared, &slot, *session).await.map(drop)
    }

    async fn stop(&self, session: &SessionScope) -> Result<(), Error> {
        let slot = self.slot(session);
        let _turn = slot.turn.lock().await;
        if let Some(actor) = slot.put(None)
            && actor.finish().await
        {
            actor.shut().await;
            actor.report(Connection::Stopped).await;
        }
        Ok(())
    }

    async fn logout(&self, session: &SessionScope) -> Result<(), Error> {
        let slot = self.slot(session);
        let _turn = slot.turn.lock().await;
        let actor = begin(&self.shared, &slot, *session).await?;
        let patience = self.shared.config.timings.patience;
        if actor.paired() {
            let online = async {
                while !actor.connected() && !actor.over() {
                    let woken = actor.online.notified();
                    let _ = tokio::time::timeout(Duration::from_millis(200), woken).await;
                }
            };
            if tokio::time::timeout(patience, online).await.is_err() {
                tracing::warn!(session = %session.id, "unlinking without WhatsApp: no connection");
            }
        }
        let first = actor.finish().await;
        if tokio::time::timeout(patience, actor.client.logout())
            .await
            .is_err()
        {
            tracing::warn!(session = %session.id, "WhatsApp did not confirm the unlinking");
        }
        actor.shut().await;
        wipe(&actor).await;
        slot.put(None);
        if first {
            actor.report(Connection::LoggedOut).await;
        }
        Ok(())
    }

    async fn forget(&self, session: &SessionScope) -> Result<(), Error> {
        let slot = self.slot(session);
        let _turn = slot.turn.lock().await;
        if let Some(actor) = slot.put(None) {
            actor.finish().await;
            actor.shut().await;
        }
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&session.no);
        Ok(())
    }

    fn qr(&self, session: &SessionScope) -> Option<LinkCode> {
        self.actor(session)?.code()
    }

    async fn pairing_code(&self, session: &SessionScope, phone: &Phone) -> Result<LinkCode, Error> {
        let actor = {
            let slot = self.slot(session);
            let _turn = slot.turn.lock().await;
            begin(&self.shared, &slot, *session).await?
        };
        if actor.paired() {
            return Err(Error::Conflict("the session is paired already".into()));
        }
        let timings = self.shared.config.timings;
        actor
            .client
            .wait_for_socket(timings.patience)
            .await
            .map_err(|_| Error::Timeout)?;
        let options = PairCodeOptions {
            phone_number: phone.as_str().to_owned(),
            ..PairCodeOptions::default()
        };
        let code = tokio::time::timeout(timings.live, actor.client.pair_with_code(options))
            .await
            .map_err(|_| Error::Timeout)?
            .map_err(|error| {
                Error::Upstream(Refusal {
                    reason: "rejected",
                    message: error.to_string(),
                    until: None,
                })
            })?;
        let (left, right) = code.split_at_checked(4).unwrap_or((&code, ""));
        Ok(LinkCode {
            code: format!("{left}-{right}"),
            expires_at: self.shared.clock.now() + CODE_LIFE_MS,
        })
    }

    fn connected(&self, session: &SessionScope) -> bool {
        self.actor(session).is_some_and(|actor| actor.connected())
    }

    async fn send(&self, session: &SessionScope, outgoing: &Outgoing) -> Handed {
        match self.actor(session) {
            Some(actor) => actor.send(outgoing).await,
            None => Handed::Unknown,
        }
    }

    async fn catch_up(&self, session: &SessionScope) -> Result<(), Error> {
        self.connected_actor(session)?.catch_up().await
    }

    async fn pull_contacts(&self, session: &SessionScope) -> Result<(), Error> {
        self.connected_actor(session)?.pull_contacts().await
    }

    async fn pull_groups(&self, session: &SessionScope) -> Result<(), Error> {
        self.connected_actor(session)?.pull_groups().await
    }

    async fn set_chat(
        &self,
        session: &SessionScope,
        chat: &str,
        setting: Setting,
        at: Millis,
    ) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        actor.set_chat(chat, setting, at).await
    }

    async fn typing(&self, session: &SessionScope, chat: &str, state: Typing) -> Result<(), Error> {
        self.connected_actor(session)?.typing(chat, state).await
    }

    async fn read(&self, session: &SessionScope, receipt: &ReadReceipt) -> Result<(), Error> {
        self.connected_actor(session)?.read(receipt).await
    }

    async fn presence(&self, session: &SessionScope, available: bool) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        actor.set_presence(available).await
    }

    async fn subscribe_presence(&self, session: &SessionScope, of: &Address) -> Result<(), Error> {
        self.connected_actor(session)?.subscribe_presence(of).await
    }

    async fn reject_call(&self, session: &SessionScope, id: &str) -> Result<(), Error> {
        self.connected_actor(session)?.reject_call(id).await
    }

    async fn check_numbers(
        &self,
        session: &SessionScope,
        phones: &[Phone],
    ) -> Result<Vec<NumberCheck>, Error> {
        self.connected_actor(session)?.check_numbers(phones).await
    }

    async fn picture(
        &self,
        session: &SessionScope,
        of: &Address,
    ) -> Result<Option<(String, String)>, Error> {
        self.connected_actor(session)?.picture(of).await
    }

    async fn fetch_media(
        &self,
        session: &SessionScope,
        asked: &MediaAsked,
    ) -> Result<Scratch, Error> {
        self.connected_actor(session)?.fetch_media(asked).await
    }

    async fn create_channel(
        &self,
        session: &SessionScope,
        name: &str,
        description: &str,
    ) -> Result<InChannel, Error> {
        let actor = self.connected_actor(session)?;
        let made = actor.create_channel(name, description).await?;
        actor.watch_channel(&made.jid).await;
        Ok(made)
    }

    async fn follow_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
    ) -> Result<InChannel, Error> {
        let actor = self.connected_actor(session)?;
        actor.follow_channel(channel).await
    }

    async fn unfollow_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
    ) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        actor.unfollow_channel(channel).await
    }

    async fn mute_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
        role: ChannelRole,
        muted: bool,
    ) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        actor.mute_channel(channel, role, muted).await
    }

    async fn fetch_posts(&self, session: &SessionScope, channel: &ChannelJid) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        let fetched = actor.fetch_posts(channel).await;
        fetched.map_err(|why| crate::live::upstream("rejected", why))
    }

    async fn block(&self, session: &SessionScope, who: &Seen, blocked: bool) -> Result<(), Error> {
        self.connected_actor(session)?.block(who, blocked).await
    }

    async fn blocked(&self, session: &SessionScope) -> Result<Vec<Seen>, Error> {
        self.connected_actor(session)?.blocked().await
    }

    async fn about(&self, session: &SessionScope, of: &Address) -> Result<Option<String>, Error> {
        self.connected_actor(session)?.about(of).await
    }
}
