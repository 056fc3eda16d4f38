//! The domain as one value: the ports it was given. Operations are `impl Domain` blocks in the nouns' files.

use crate::{
    Error, Result,
    ports::{
        backups::{Backups, NoBackups},
        clock::Clock,
        engine::Engine,
        ids::Ids,
        secrets::Secrets,
        store::Store,
        web::{NoWeb, Web},
    },
};
use std::sync::{Arc, OnceLock};

/// The application. Cheap to share behind an `Arc`.
pub struct Domain {
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// Encryption with the master key.
    pub secrets: Arc<dyn Secrets>,
    /// Files.
    pub media: crate::media::Media,
    /// Servers that callers name.
    pub web: Arc<dyn Web>,
    /// How long the event log is kept.
    pub retention: crate::log::Retention,
    /// How people are known.
    pub identity: crate::identity::Identity,
    /// Backups while they are imported.
    pub backups: Arc<dyn Backups>,
    /// Who carries events to webhooks.
    pub hands: crate::webhooks::Hands,
    /// Which process this is: `gatewayId` of the sessions it holds.
    pub node_id: String,
    /// When it was made.
    pub(crate) started_at: wharf_types::Millis,
    pub(crate) gateway: crate::gateways::Own,
    /// Seals cursors.
    pub(crate) cursor_key: [u8; 32],
    pub(crate) outbox: crate::outbox::Workers,
    pub(crate) keepers: crate::chats::settings::Keepers,
    pub(crate) hub: crate::log::Hub,
    pub(crate) imports: crate::imports::Imports,
    pub(crate) tenders: crate::search::keep::Tenders,
    engine: OnceLock<Arc<dyn Engine>>,
}

impl Domain {
    /// Over the given ports; the engine is attached once it exists, since it reports back to the domain.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self {
            store,
            started_at: clock.now(),
            gateway: crate::gateways::Own::default(),
            clock,
            ids,
            cursor_key: secrets.derive("cursor"),
            secrets,
            media: crate::media::Media::default(),
            web: Arc::new(NoWeb),
            retention: crate::log::Retention::default(),
            identity: crate::identity::Identity::default(),
            backups: Arc::new(NoBackups),
            hands: crate::webhooks::Hands::default(),
            node_id: String::new(),
            outbox: crate::outbox::Workers::default(),
            keepers: crate::chats::settings::Keepers::default(),
            hub: crate::log::Hub::default(),
            imports: crate::imports::Imports::default(),
            tenders: crate::search::keep::Tenders::default(),
            engine: OnceLock::new(),
        }
    }

    /// Names the process in `gatewayId`.
    #[must_use]
    pub fn named(mut self, node_id: impl Into<String>) -> Self {
        self.node_id = node_id.into();
        self
    }

    /// Gives it a place for files.
    #[must_use]
    pub fn with_media(mut self, media: crate::media::Media) -> Self {
        self.media = media;
        self
    }

    /// Says how people are known.
    #[must_use]
    pub fn with_identity(mut self, identity: crate::identity::Identity) -> Self {
        self.identity = identity;
        self
    }

    /// Gives it a way to the web.
    #[must_use]
    pub fn with_web(mut self, web: Arc<dyn Web>) -> Self {
        self.web = web;
        self
    }

    /// Says how long the event log is kept.
    #[must_use]
    pub fn keeping(mut self, retention: crate::log::Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Gives it a place for backups.
    #[must_use]
    pub fn with_backups(mut self, backups: Arc<dyn Backups>) -> Self {
        self.backups = backups;
        self
    }

    /// Gives it somebody who carries events to webhooks.
    #[must_use]
    pub fn with_courier(mut self, courier: Arc<dyn crate::ports::courier::Courier>) -> Self {
        self.hands = crate::webhooks::Hands::new(courier);
        self
    }

    /// Attaches the engine; a second call is ignored.
    pub fn attach(&self, engine: Arc<dyn Engine>) {
        let _ = self.engine.set(engine);
    }

    /// The engine, or `unavailable` in a process that holds no sessions.
    pub fn engine(&self) -> Result<&Arc<dyn Engine>> {
        self.engine
            .get()
            .ok_or_else(|| Error::Unavailable("this process holds no sessions".into()))
    }
}
