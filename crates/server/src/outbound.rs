//! The guarded client behind the ports that ask the web.

use crate::config;
use async_trait::async_trait;
use bytes::Bytes;
use wharf_api::auth::FetchJwks;
use wharf_domain::ports::web::{Web, WebAnswer, WebBody, WebError};
use wharf_outbound::{Answer, Error, Limits, Outbound, Policy, Request, header};

/// A JWKS is a few kilobytes.
const LARGEST_JWKS: u64 = 256 << 10;

/// Some servers answer nobody who does not say who they are.
const AGENT: header::HeaderValue =
    header::HeaderValue::from_static(concat!("wharf/", env!("CARGO_PKG_VERSION")));

/// The client of everything but the sessions themselves.
#[derive(Clone)]
pub struct Guarded(pub Outbound);

impl Guarded {
    pub fn new(settings: &config::Outbound) -> anyhow::Result<Self> {
        Ok(Self(
            Outbound::builder().policy(settings.policy()?).build()?,
        ))
    }
}

impl config::Outbound {
    /// The settings as rules; the error names the setting.
    pub fn policy(&self) -> anyhow::Result<Policy> {
        let subnet = |text: &String| {
            text.parse()
                .map_err(|why| anyhow::anyhow!("outbound.allow_subnets: {text} {why}"))
        };
        Ok(Policy {
            allow_http: self.allow_http,
            allow_subnets: self
                .allow_subnets
                .iter()
                .map(subnet)
                .collect::<anyhow::Result<_>>()?,
        })
    }
}

#[async_trait]
impl FetchJwks for Guarded {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let limits = Limits {
            largest: LARGEST_JWKS,
            ..Limits::default()
        };
        let fetched = async {
            let answer = self.0.get(url, &limits).await?;
            let status = answer.status();
            Ok::<_, Error>((status, answer.whole().await?))
        };
        match fetched.await {
            Ok((status, body)) if status.is_success() => Ok(body),
            Ok((status, _)) => Err(format!("answered {status}")),
            Err(error) => Err(format!("the URL {error}")),
        }
    }
}

#[async_trait]
impl Web for Guarded {
    async fn get(&self, url: &str, most: u64) -> Result<WebAnswer, WebError> {
        let mut request = Request::get(url);
        request.headers.insert(header::USER_AGENT, AGENT);
        let answer = self.0.send(request, &Limits::for_bodies(most)).await;
        let answer = answer.map_err(told)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(told(wharf_outbound::Refused::Redirect.into()));
        }
        if !status.is_success() {
            return Err(WebError::Failed(format!("answers {}", status.as_u16())));
        }
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
        let mimetype = kind.split(';').next().unwrap_or("").trim();
        Ok(WebAnswer {
            status: status.as_u16(),
            mimetype: mimetype.to_ascii_lowercase(),
            body: Box::new(Body(answer)),
        })
    }
}

struct Body(Answer);

#[async_trait]
impl WebBody for Body {
    async fn chunk(&mut self) -> Result<Option<Bytes>, WebError> {
        self.0.chunk().await.map_err(told)
    }
}

fn told(error: Error) -> WebError {
    match error {
        Error::TooLarge(most) => WebError::TooLarge(most),
        other => WebError::Failed(other.to_string()),
    }
}
