//! The client.

use crate::{
    answer::Answer,
    error::{Error, Refused},
    limits::Limits,
    policy::Policy,
    resolver::{Dns, Guard, Lookup},
};
use reqwest::{Body, Method, Url, header::HeaderMap, redirect};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

const CONNECT: Duration = Duration::from_secs(10);
/// Longer than all questions a name may take.
const RESOLVE: Duration = Duration::from_secs(9);
/// As many as a webhook has under way: a connection that is closed because others are idle is dialled again at once.
const IDLE_PER_HOST: usize = 32;
const IDLE: Duration = Duration::from_secs(30);

/// A request, ready to be judged.
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<Body>,
}

impl Request {
    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: HeaderMap::new(),
            body: None,
        }
    }
}

/// How the client is made.
#[derive(Default)]
pub struct Builder {
    policy: Policy,
    lookup: Option<Arc<dyn Lookup>>,
    proxy: Option<String>,
    only_roots: Option<Vec<u8>>,
    redirects: usize,
}

impl Builder {
    /// Where requests may go. Without it: to the public internet by https.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Another source of addresses than the DNS.
    pub fn lookup(mut self, lookup: Arc<dyn Lookup>) -> Self {
        self.lookup = Some(lookup);
        self
    }

    /// All requests go through this proxy (`socks5h://…`, `http://…`), which resolves the names. The proxy is the
    /// operator's choice: its own address is not judged.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Trusts these roots (PEM) and no others: for a simulated network.
    pub fn only_roots(mut self, pem: &[u8]) -> Self {
        self.only_roots = Some(pem.to_vec());
        self
    }

    /// Follows up to so many redirects, each judged like the first URL. For hosts that nobody outside can name.
    pub fn redirects(mut self, most: usize) -> Self {
        self.redirects = most;
        self
    }

    /// The client.
    pub fn build(self) -> Result<Outbound, Error> {
        let policy = Arc::new(self.policy);
        let lookup = self
            .lookup
            .or_else(|| Dns::new().map(|dns| Arc::new(dns) as Arc<dyn Lookup>))
            .unwrap_or_else(|| Arc::new(Nobody));
        let guard = Guard {
            policy: Arc::clone(&policy),
            lookup,
        };
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_idle_timeout(IDLE)
            .redirect(steps(&policy, self.redirects))
            .no_proxy();
        builder = match &self.proxy {
            None => builder.dns_resolver(guard.clone()),
            Some(url) => builder.proxy(reqwest::Proxy::all(url).map_err(Error::Setup)?),
        };
        if let Some(pem) = &self.only_roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(Error::Setup)?;
            builder = builder.tls_certs_only(roots);
        }
        Ok(Outbound {
            client: builder.build().map_err(Error::Setup)?,
            guard,
            proxied: self.proxy.is_some(),
        })
    }
}

fn steps(policy: &Arc<Policy>, most: usize) -> redirect::Policy {
    if most == 0 {
        return redirect::Policy::none();
    }
    let policy = Arc::clone(policy);
    redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > most {
            return attempt.error(Refused::Redirect);
        }
        match policy.check_url(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    })
}

/// Makes requests. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    guard: Guard,
    proxied: bool,
}

impl Outbound {
    /// Settings first.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Judges a URL now, with the addresses its name has now: for a setting that is saved and used later. Each use is
    /// judged again.
    pub async fn check(&self, url: &str) -> Result<Url, Error> {
        let url = self.guard.policy.check(url)?;
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        if !literal && !self.proxied {
            match timeout(RESOLVE, self.guard.permitted(host)).await {
                Ok(Ok(_)) => {}
                Ok(Err(cause)) => {
                    return Err(match cause.downcast::<Refused>() {
                        Ok(refused) => Error::Refused(*refused),
                        Err(_) => Error::Unresolved,
                    });
                }
                Err(_) => return Err(Error::Unresolved),
            }
        }
        Ok(url)
    }

    /// One exchange up to the head of the answer. Every status is an answer; a redirect too.
    pub async fn send(&self, request: Request, limits: &Limits) -> Result<Answer, Error> {
        let url = self.guard.policy.check(&request.url)?;
        let began = Instant::now();
        let mut builder = self
            .client
            .request(request.method, url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let head = timeout(limits.first_byte.min(limits.whole), builder.send());
        let response = head.await.map_err(|_| Error::TooSlow)?.map_err(Error::of)?;
        Ok(Answer::new(response, *limits, began + limits.whole))
    }

    /// GET.
    pub async fn get(&self, url: &str, limits: &Limits) -> Result<Answer, Error> {
        self.send(Request::get(url), limits).await
    }
}

/// A machine whose DNS settings cannot be read resolves nothing.
struct Nobody;

#[async_trait::async_trait]
impl Lookup for Nobody {
    async fn lookup(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
