//! What every handler shares.

use crate::{
    auth::{Authenticator, FetchJwks, IssuerConfig},
    readiness::Readiness,
    scopes::Scopes,
};
use ipnet::IpNet;
use std::{fmt, sync::Arc};
use wharf_domain::Domain;

/// Renders the process's metrics in Prometheus' text form.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the API is built from.
pub struct ApiConfig {
    /// The operations.
    pub domain: Arc<Domain>,
    /// Whose login tokens are believed.
    pub issuers: Vec<IssuerConfig>,
    /// How their keys are fetched.
    pub fetch_jwks: Arc<dyn FetchJwks>,
    /// `None`: `/metrics` is not on this listener.
    pub metrics: Option<RenderMetrics>,
    /// The token `/metrics` wants; `None`: any credential with `manage`.
    pub metrics_token: Option<String>,
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
                config.fetch_jwks,
            ),
            domain: config.domain,
            scopes: Scopes::default(),
            readiness: Readiness::default(),
            metrics: config.metrics,
            metrics_token: config.metrics_token,
            trusted_proxies: config.trusted_proxies,
        }))
    }

    /// The operations.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.0.domain
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
