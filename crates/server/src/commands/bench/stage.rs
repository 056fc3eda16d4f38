//! A gateway with sessions that nothing connects, whose log is written to as the domain writes to it: one event, one
//! transaction.

use crate::{
    commands::init,
    config::{Auth, Config, Outbound},
    data_dir::DataDir,
    gateway::Gateway,
    wiring,
};
use anyhow::Context;
use axum::Router;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};
use wharf_domain::{
    audit::By,
    ports::store::StoreExt,
    sessions::{SessionScope, SessionSettings},
    webhooks::{WebhookChange, WebhookScope},
};
use wharf_types::{EventId, OrgId, WebhookId};

/// What an incoming text message looks like in the log.
pub const PAYLOAD: &str = r#"{"id":"msg_4711","chatId":17,"chatJid":"4917100000017@s.whatsapp.net","waMessageId":"3EB0C431D5A0F2B6E7A9","fromMe":false,"sender":{"contactId":17,"lid":"1234567890@lid","phoneNumber":"4917100000017","name":"Bench"},"type":"text","body":"The words of a message, as long as most of them are.","status":"delivered","timestamp":1764123456789,"editedAt":null,"deletedAt":null,"quoted":null,"reactions":[],"media":null,"mentions":[]}"#;

/// A short event: of a log of millions the number of rows counts, not their length.
pub const SHORT: &str = r#"{"chatId":17,"chatJid":"4917100000017@s.whatsapp.net","waMessageId":"3EB0C431D5A0F2B6E7A9","status":"read","timestamp":1764123456789}"#;

pub struct Stage {
    pub gateway: Gateway,
    pub org: OrgId,
    /// A key that may do everything.
    pub key: String,
    pub sessions: Vec<SessionScope>,
    next: AtomicUsize,
    _dir: tempfile::TempDir,
}

impl Stage {
    /// With so many sessions, and receivers on this machine permitted.
    pub async fn set(sessions: usize) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let config = Config {
            data: dir.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            outbound: Outbound {
                allow_http: true,
                allow_subnets: vec!["127.0.0.0/8".to_owned()],
            },
            // Hashing a password leaves much memory behind, in which the next things find room without any being counted.
            auth: Auth {
                embedded: false,
                ..Auth::default()
            },
            ..Config::default()
        };
        let (org, key) = init::organization(&*wiring::domain(&config).await?, "Bench").await?;
        let gateway = Gateway::start(&config, DataDir::open(&config.data)?, Router::new()).await?;
        let mut stage = Self {
            gateway,
            org,
            key,
            sessions: Vec::with_capacity(sessions),
            next: AtomicUsize::new(0),
            _dir: dir,
        };
        for _ in 0..sessions {
            let domain = &stage.gateway.domain;
            let settings = SessionSettings::default();
            let made = domain
                .create_session(org, settings, false, &By::program())
                .await?;
            let scope = domain.session_scope(org, made.id).await?;
            stage.sessions.push(scope);
        }
        Ok(stage)
    }

    fn scope(&self) -> WebhookScope {
        WebhookScope {
            org: self.org,
            sessions: Vec::new(),
        }
    }

    /// A webhook for messages, of one session or of all.
    pub async fn webhook(
        &self,
        url: String,
        of: Option<&SessionScope>,
    ) -> anyhow::Result<WebhookId> {
        let change = WebhookChange {
            url: Some(url),
            events: Some(vec!["message".to_owned()]),
            session: of.map(|scope| scope.id.to_string()),
            ..WebhookChange::default()
        };
        let domain = &self.gateway.domain;
        let made = domain
            .create_webhook(&self.scope(), change, &By::program())
            .await?;
        Ok(made.webhook.id)
    }

    pub async fn remove(&self, webhook: WebhookId) -> anyhow::Result<()> {
        let domain = &self.gateway.domain;
        Ok(domain
            .delete_webhook(&self.scope(), webhook, &By::program())
            .await?)
    }

    /// The session whose turn it is.
    fn turn(&self) -> anyhow::Result<SessionScope> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.sessions.len().max(1);
        self.sessions.get(turn).copied().context("no session")
    }

    /// One event, of the session whose turn it is; its id, and when its commit was known.
    pub async fn append(&self) -> anyhow::Result<(EventId, Instant)> {
        let domain = &self.gateway.domain;
        let (scope, id) = (self.turn()?, EventId::new(domain.ids.ulid()));
        let now = domain.clock.now();
        domain
            .store
            .write(move |tx| tx.append_event(&scope, id, "message", now, PAYLOAD))
            .await?;
        Ok((id, Instant::now()))
    }

    /// Many events in one transaction, of the sessions in turn.
    pub async fn append_many(
        &self,
        count: u64,
        payload: &'static str,
    ) -> anyhow::Result<Vec<EventId>> {
        let domain = &self.gateway.domain;
        let now = domain.clock.now();
        let mut events = Vec::new();
        for _ in 0..count {
            events.push((self.turn()?, EventId::new(domain.ids.ulid())));
        }
        let ids = events.iter().map(|(_, id)| *id).collect();
        domain
            .store
            .write(move |tx| {
                for (scope, id) in events {
                    tx.append_event(&scope, id, "message", now, payload)?;
                }
                Ok(())
            })
            .await?;
        Ok(ids)
    }
}
