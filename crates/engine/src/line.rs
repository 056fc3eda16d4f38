//! Which way a session's bytes go: through its own proxy, the installation's, or straight.
//!
//! Asked anew before each dial, so a changed setting takes effect with the next connection, for the socket and for
//! media alike. What cannot be read is an error and nothing is dialled: a session that has a proxy never shows its
//! host's own address.

use crate::{
    actor::Shared,
    http::{self, Http},
};
use anyhow::{Context, Result};
use std::sync::{Arc, PoisonError};
use wharf_domain::{ports::store::StoreExt, sessions::SessionScope};
use wharf_types::ProxyUrl;

/// HTTP clients kept: a proxy that is used no more must not be remembered for ever.
const MOST_CLIENTS: usize = 64;

/// One session's way out.
#[derive(Clone)]
pub(crate) struct Line {
    shared: Arc<Shared>,
    scope: SessionScope,
    pub http: Http,
}

impl Line {
    pub(crate) async fn new(shared: Arc<Shared>, scope: SessionScope) -> Result<Self> {
        let proxy = proxy(&shared, scope).await?;
        let http = Http::new(client(&shared, proxy.as_ref())?);
        Ok(Self {
            shared,
            scope,
            http,
        })
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
        Some(own) => Ok(Some(own.open(&*shared.secrets, scope.id)?)),
        None => Ok(shared.config.proxy.clone()),
    }
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
