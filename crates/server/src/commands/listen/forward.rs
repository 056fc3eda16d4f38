//! Events as webhooks to a program on this machine: the same bytes, headers and signature that a gateway's webhook has, one
//! at a time, each until it is taken.

use super::{Failure, feed::Event, pause::Pause};
use crate::out;
use anyhow::anyhow;
use std::time::Duration;
use wharf_domain::{
    ports::clock::{Clock, SystemClock},
    webhooks::HookSecret,
};
use wharf_outbound::{
    Body, Error, Limits, Method, Outbound, Request,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};

/// The contract's time for an answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Where to.
pub struct Forward {
    client: Outbound,
    url: String,
    secret: HookSecret,
}

impl Forward {
    pub fn new(client: Outbound, url: String, secret: HookSecret) -> Self {
        Self {
            client,
            url,
            secret,
        }
    }

    /// Returns once the receiver has taken it.
    pub async fn carry(&self, event: &Event) -> Result<(), Failure> {
        let mut pause = Pause::new();
        loop {
            let why = match self.attempt(event).await {
                Ok(status) if (200..300).contains(&status) => {
                    if pause.was_long() {
                        out::complain("wharf: the receiver takes events again");
                    }
                    return Ok(());
                }
                Ok(status) => format!("answers {status}"),
                Err(Error::Refused(refused)) => {
                    return Err(Failure::Usage(anyhow!("--forward: {refused}")));
                }
                Err(error) => error.to_string(),
            };
            if pause.worth_a_word() {
                out::complain(format_args!(
                    "wharf: the receiver {why}; {} waits and is tried again",
                    event.id
                ));
            }
            pause.wait().await;
        }
    }

    async fn attempt(&self, event: &Event) -> Result<u16, Error> {
        let limits = Limits {
            first_byte: DEADLINE,
            whole: DEADLINE,
            ..Limits::default()
        };
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: self.headers(event),
            body: Some(Body::from(event.text.clone())),
        };
        // The status says all; what else the receiver has to say is not read.
        Ok(self.client.send(request, &limits).await?.status().as_u16())
    }

    fn headers(&self, event: &Event) -> HeaderMap {
        let seconds = SystemClock.now() / 1_000;
        let signature = self.secret.sign(&event.id, seconds, &event.text);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("wharf/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in [
            ("webhook-id", event.id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}
