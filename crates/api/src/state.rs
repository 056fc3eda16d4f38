//! What every handler shares.

use crate::{
    auth::{Authenticator, Embedded, FetchJwks, IssuerConfig},
    readiness::Readiness,
    scopes::Scopes,
    tickets::Tickets,
};
use ipnet::IpNet;
use std::{fmt, sync::Arc};
use tokio::sync::watch;
use wharf_domain::Domain;

/// Renders the process's metrics in Prometheus' text form.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the API is built from.
pub struct ApiConfig {
    /// The operations.
    pub domain: Arc<Domain>,
    /// Whose login tokens are believed.
    pub issuers: Vec<IssuerConfig>,
    /// Our own issuer, where people log in here.
    pub embedded: Option<Embedded>,
    /// How their keys are fetched.
    pub fetch_jwks: Arc<dyn FetchJwks>,
    /// `None`: `/metrics` is not on this listener.
    pub metrics: Option<RenderMetrics>,
    /// The token `/metrics` wants; `None`: any credential with `manage`.
    pub metrics_token: Option<String>,
    /// The address callers see, "" = as they call us.
    pub public_url: String,
    /// Proxies before the API whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

struct Shared {
    domain: Arc<Domain>,
    auth: Authenticator,
    scopes: Scopes,
    readiness: Readiness,
    metrics: Option<RenderMetrics>,
    metrics_token: Option<String>,
    trusted_proxies: Vec<IpNet>,
    public_url: String,
    tickets: Tickets,
    /// Set once, when the gateway stops.
    stopping: watch::Sender<bool>,
    sockets: watch::Sender<usize>,
}

/// Counts an open WebSocket for as long as it lives.
pub(crate) struct OpenSocket(ApiState);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.0.sockets.send_modify(|open| *open -= 1);
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiState")
    }
}

impl ApiState {
    /// Ready to serve.
    pub fn new(config: ApiConfig) -> Self {
        Self(Arc::new(Shared {
            auth: Authenticator::new(
                Arc::clone(&config.domain),
                config.issuers,
                config.embedded,
                config.fetch_jwks,
            ),
            domain: config.domain,
            scopes: Scopes::default(),
            readiness: Readiness::default(),
            metrics: config.metrics,
            metrics_token: config.metrics_token,
            trusted_proxies: config.trusted_proxies,
            public_url: config.public_url,
            tickets: Tickets::default(),
            stopping: watch::Sender::new(false),
            sockets: watch::Sender::new(0),
        }))
    }

    /// The operations.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.0.domain
    }

    /// Ends what would not end by itself: waiting pulls are answered, WebSockets closed. Returns once they are.
    pub async fn stop(&self) {
        self.0.stopping.send_replace(true);
        let _ = self.0.sockets.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Returns when the gateway stops.
    pub(crate) async fn stopping(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives in this very value: it cannot go first.
        let _ = stopping.wait_for(|stop| *stop).await;
    }

    /// A WebSocket is open from now on.
    pub(crate) fn socket_opened(&self) -> OpenSocket {
        self.0.sockets.send_modify(|open| *open += 1);
        OpenSocket(self.clone())
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    pub(crate) fn auth(&self) -> &Authenticator {
        &self.0.auth
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(crate) fn metrics(&self) -> Option<&RenderMetrics> {
        self.0.metrics.as_ref()
    }

    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        &self.0.trusted_proxies
    }

    pub(crate) fn metrics_token(&self) -> Option<&str> {
        self.0.metrics_token.as_deref()
    }
}
