//! Which way a session's bytes go: through its own proxy, the installation's, or straight.
//!
//! Asked anew before each dial, so a changed setting takes effect with the next connection, for the socket and for
//! media alike. What cannot be read is an error and nothing is dialled: a session that has a proxy never shows its
//! host's own address. A session's own proxy is an address that somebody gave: it is dialled only where `[outbound]` of
//! the configuration permits.

use crate::{
    actor::Shared,
    http::{self, Http},
};
use anyhow::{Context, Result};
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::net::lookup_host;
use wharf_domain::{ports::store::StoreExt, sessions::SessionScope};
use wharf_outbound::Policy;
use wharf_types::ProxyUrl;

/// HTTP clients kept: a proxy that is used no more must not be remembered for ever.
const MOST_CLIENTS: usize = 64;
/// How long a proxy's name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(10);

/// One session's way out.
#[derive(Clone)]
pub(crate) struct Line {
    shared: Arc<Shared>,
    scope: SessionScope,
    pub http: Http,
}

impl Line {
    /// What stands in the way now is no reason not to begin: each dial asks again.
    pub(crate) async fn new(shared: Arc<Shared>, scope: SessionScope) -> Self {
        let line = Self {
            shared,
            scope,
            http: Http::new(None),
        };
        if let Err(error) = line.choose().await {
            tracing::warn!(session = %scope.id, error = format!("{error:#}"), "no way out yet");
        }
        line
    }

    /// The proxy as it is set now; the session's HTTP goes through it from now on.
    pub(crate) async fn choose(&self) -> Result<Option<ProxyUrl>> {
        let proxy = proxy(&self.shared, self.scope).await?;
        self.http.switch(client(&self.shared, proxy.as_ref())?);
        Ok(proxy)
    }
}

async fn proxy(shared: &Shared, scope: SessionScope) -> Result<Option<ProxyUrl>> {
    let row = shared
        .store
        .read(move |view| view.session(&scope.org, &scope.id))
        .await?
        .context("the session is gone")?;
    match row.proxy {
        Some(own) => {
            let own = own.open(&*shared.secrets, scope.id)?;
            permitted(&shared.config.proxies, own).await.map(Some)
        }
        None => Ok(shared.config.proxy.clone()),
    }
}

/// The proxy at an address that may be dialled: the one that was judged is then the one that is dialled, by socket and
/// HTTP alike.
async fn permitted(policy: &Policy, proxy: ProxyUrl) -> Result<ProxyUrl> {
    let found = tokio::time::timeout(RESOLVE, lookup_host((proxy.host(), proxy.port())))
        .await
        .context("the proxy's name was not resolved in time")?
        .context("the proxy's name is not resolved")?;
    let mut addresses = found.map(|found| found.ip());
    let address = addresses.find(|address| policy.permits(*address));
    let address = address.context("the proxy is not where outbound.allow_subnets permits one")?;
    Ok(proxy.at(address))
}

fn client(shared: &Shared, proxy: Option<&ProxyUrl>) -> Result<wharf_outbound::Outbound> {
    let mut clients = shared.http.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = clients.get(&proxy.cloned()) {
        return Ok(client.clone());
    }
    let client = http::client(
        proxy,
        shared.config.extra_ca.as_deref(),
        shared.config.url.is_some(),
    )?;
    if clients.len() >= MOST_CLIENTS {
        clients.clear();
    }
    clients.insert(proxy.cloned(), client.clone());
    Ok(client)
}
