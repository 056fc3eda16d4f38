//! The log, page by page, over the API.
//!
//! Pull with long poll loses nothing and needs no ticket; what is told live only (`auth.*`, `presence`) does not come by it,
//! as it does not come by webhook.

use super::{Failure, pause::Pause};
use crate::{cli, out};
use anyhow::anyhow;
use serde::Deserialize;
use std::time::Duration;
use wharf_outbound::{
    Error, Limits, Outbound, Request, StatusCode,
    header::{AUTHORIZATION, HeaderValue},
};

/// How long the gateway may wait for the next event.
const WAIT: Duration = Duration::from_secs(25);
const LATEST: &str = "latest";
/// Events of a page: 100 long messages, each told with its chat, are a few megabytes.
const PAGE: &str = "100";
const LARGEST: u64 = 64 << 20;

/// Some of the log: each event as the gateway wrote it.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    pub events: Vec<Event>,
    /// Where to go on; "" = after the last event.
    pub next: String,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub session: String,
    pub seq: Option<i64>,
    pub timestamp: i64,
    /// The envelope, byte for byte.
    pub text: String,
}

/// Asks one gateway.
pub struct Feed {
    client: Outbound,
    base: String,
    key: HeaderValue,
    /// `&sessions=…&events=…`
    filter: String,
    /// It has answered well: what it refuses afterwards is not the user's mistake.
    trusted: bool,
}

fn usage(text: String) -> Failure {
    Failure::Usage(anyhow!(text))
}

impl Feed {
    pub fn new(args: &cli::Listen, client: Outbound) -> Result<Self, Failure> {
        let key = HeaderValue::try_from(format!("Bearer {}", args.key.trim()));
        let mut key = key.map_err(|_| usage("--key (WHARF_API_KEY): is no API key".to_owned()))?;
        key.set_sensitive(true);
        let mut filter = String::new();
        for (name, these) in [("sessions", &args.session), ("events", &args.event)] {
            let plain = |text: &String| {
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._*".contains(c))
            };
            if !these.iter().all(plain) {
                return Err(usage(format!(
                    "--{}: there is none of that name",
                    name.trim_end_matches('s')
                )));
            }
            if !these.is_empty() {
                filter.push_str(&format!("&{name}={}", these.join(",")));
            }
        }
        Ok(Self {
            client,
            base: args.api_url.trim_end_matches('/').to_owned(),
            key,
            filter,
            trusted: false,
        })
    }

    /// The id of the newest event; "" while there is none.
    pub async fn newest(&mut self) -> Result<String, Failure> {
        Ok(self.page(LATEST).await?.next)
    }

    /// What comes after an event; waits for it. Tries again for as long as it takes.
    pub async fn page(&mut self, after: &str) -> Result<Page, Failure> {
        let mut pause = Pause::new();
        loop {
            let why = match self.ask(after).await {
                Ok((StatusCode::OK, body)) => {
                    if pause.was_long() {
                        out::complain("wharf: the gateway answers again");
                    }
                    self.trusted = true;
                    return page(&body).ok_or_else(|| {
                        usage("--api-url: what answers there is no Wharf".to_owned())
                    });
                }
                Ok((status, body)) => match self.refused(after, status, &body) {
                    Some(failure) => return Err(failure),
                    None => format!("answers {}", status.as_u16()),
                },
                Err(Error::Refused(refused)) => return Err(usage(format!("--api-url: {refused}"))),
                Err(error) => error.to_string(),
            };
            if pause.worth_a_word() {
                out::complain(format_args!("wharf: the gateway {why}; trying again"));
            }
            pause.wait().await;
        }
    }

    async fn ask(&self, after: &str) -> Result<(StatusCode, Vec<u8>), Error> {
        let url = format!(
            "{}/api/v1/events?limit={PAGE}&wait={}&after={after}{}",
            self.base,
            WAIT.as_secs(),
            self.filter
        );
        let mut request = Request::get(url);
        request.headers.insert(AUTHORIZATION, self.key.clone());
        let limits = Limits {
            first_byte: WAIT + Duration::from_secs(15),
            whole: WAIT + Duration::from_secs(60),
            largest: LARGEST,
            ..Limits::default()
        };
        let answer = self.client.send(request, &limits).await?;
        Ok((answer.status(), answer.whole().await?))
    }

    /// What no later try would change; whose mistake it is depends on whether it was ever otherwise.
    fn refused(&self, after: &str, status: StatusCode, body: &[u8]) -> Option<Failure> {
        let told: Told = serde_json::from_slice(body).unwrap_or_default();
        let named = |field: &str| told.error.details.get(field).and_then(|why| why.as_str());
        let text = match status.as_u16() {
            401 => "--key (WHARF_API_KEY): the gateway does not know this key".to_owned(),
            403 => "--key (WHARF_API_KEY): this key has no permission `read`".to_owned(),
            400 if named("after").is_some() => format!(
                "--after, --state: {after} is no event of this organization's log; remove the state file to begin with what \
                 comes from now on"
            ),
            400 => match ["sessions", "events"]
                .into_iter()
                .find_map(|field| Some((field, named(field)?)))
            {
                Some((field, why)) => format!("--{}: {why}", field.trim_end_matches('s')),
                None => format!(
                    "--api-url: the gateway refuses the request: {}",
                    told.error.message
                ),
            },
            410 => format!(
                "--after, --state: what came after {after} is older than the log is kept, so events are lost to this reader; \
                 the oldest there is: {}",
                named("oldest").unwrap_or("none")
            ),
            404 | 405 => "--api-url: what answers there is no Wharf".to_owned(),
            300..400 => {
                "--api-url: is answered by a redirect; give the address it leads to".to_owned()
            }
            _ => return None,
        };
        Some(match self.trusted {
            true => Failure::Run(anyhow!(text)),
            false => usage(text),
        })
    }
}

/// An error of the API.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    error: Wrong,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wrong {
    message: String,
    details: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    event: String,
    session: String,
    seq: Option<i64>,
    timestamp: i64,
}

#[derive(Deserialize)]
struct Tail {
    #[serde(rename = "nextCursor")]
    next: String,
}

/// Takes a page apart without writing its events anew: what is forwarded are the log's own bytes.
fn page(body: &[u8]) -> Option<Page> {
    let body = std::str::from_utf8(body).ok()?;
    let mut rest = body.strip_prefix(r#"{"data":["#)?;
    let mut events = Vec::new();
    while !rest.starts_with(']') {
        rest = rest.strip_prefix(',').unwrap_or(rest);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Head>();
        let head = values.next()?.ok()?;
        let (text, after) = rest.split_at_checked(values.byte_offset())?;
        events.push(Event {
            id: head.id,
            kind: head.event,
            session: head.session,
            seq: head.seq,
            timestamp: head.timestamp,
            text: text.to_owned(),
        });
        rest = after;
    }
    let tail = format!("{{{}", rest.strip_prefix("],")?);
    let tail: Tail = serde_json::from_str(&tail).ok()?;
    Some(Page {
        events,
        next: tail.next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart_byte_for_byte() {
        let event = |n: i64| {
            format!(
                r#"{{"schema":"v1","id":"evt_{n}","event":"message","organization":"org_1","session":"","seq":null,"timestamp":{n},"payload":{{"z":"]}},{{\"ü","a": [1, 2]}}}}"#
            )
        };
        let body = format!(
            r#"{{"data":[{},{}],"nextCursor":"evt_2"}}"#,
            event(1),
            event(2)
        );
        let page = page(body.as_bytes()).unwrap();
        assert_eq!(page.next, "evt_2");
        let texts: Vec<&str> = page
            .events
            .iter()
            .map(|event| event.text.as_str())
            .collect();
        assert_eq!(texts, [event(1), event(2)]);
        assert_eq!(
            (page.events[1].id.as_str(), page.events[1].timestamp),
            ("evt_2", 2)
        );
        let empty = super::page(br#"{"data":[],"nextCursor":""}"#).unwrap();
        assert_eq!(
            empty,
            Page {
                events: Vec::new(),
                next: String::new()
            }
        );
        for wrong in [
            "",
            "<html>",
            r#"{"data":[{}],"nextCursor":""}"#,
            r#"{"data":["#,
            r#"{"data":[]}"#,
        ] {
            assert_eq!(super::page(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
