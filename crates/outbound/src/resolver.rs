//! Names into addresses, and only those the policy permits.

use crate::{
    error::{NoName, Refused},
    policy::Policy,
};
use async_trait::async_trait;
use hickory_resolver::{Resolver, TokioResolver};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// One question to one server; two servers are asked at most twice.
const QUESTION: Duration = Duration::from_secs(2);

/// Asks for the addresses of a name. Tests bring their own.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All of them; none when the name does not exist or nobody answers.
    async fn lookup(&self, name: &str) -> Vec<IpAddr>;
}

/// The DNS as this machine is set up for it: its servers, search list and hosts file.
pub(crate) struct Dns(TokioResolver);

impl Dns {
    pub(crate) fn new() -> Option<Self> {
        let mut builder = Resolver::builder_tokio().ok()?;
        let options = builder.options_mut();
        options.timeout = QUESTION;
        options.attempts = 2;
        builder.build().ok().map(Self)
    }
}

#[async_trait]
impl Lookup for Dns {
    async fn lookup(&self, name: &str) -> Vec<IpAddr> {
        match self.0.lookup_ip(name).await {
            Ok(found) => found.iter().collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// What the HTTP client asks: it never sees an address that is not permitted.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) policy: Arc<Policy>,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl Guard {
    /// The permitted addresses of a name; an error when there is none.
    pub(crate) async fn permitted(
        &self,
        name: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.lookup.lookup(name).await;
        let first = *found.first().ok_or(NoName)?;
        let permitted: Vec<IpAddr> = found
            .into_iter()
            .filter(|address| self.policy.permits(*address))
            .collect();
        if permitted.is_empty() {
            return Err(Refused::Address(first).into());
        }
        Ok(permitted)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.permitted(name.as_str()).await?;
            // Port 0: the URL's port is filled in.
            let sockets = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}
