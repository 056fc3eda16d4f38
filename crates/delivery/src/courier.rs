//! One attempt through the guarded client.

use async_trait::async_trait;
use std::time::{Duration, Instant};
use wharf_domain::ports::courier::{Courier, Post, Told};
use wharf_outbound::{
    Answer, Body, Error, Limits, Method, Outbound, Request,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use wharf_types::Millis;

/// The contract's time for an answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Of an answer that is kept.
const KEPT: usize = 4 << 10;
/// Once the status is known, its body is only for people to read.
const READING: Duration = Duration::from_secs(1);

/// Carries by the guarded client.
pub struct GuardedCourier(pub Outbound);

#[async_trait]
impl Courier for GuardedCourier {
    async fn check(&self, url: &str) -> Result<(), String> {
        self.0
            .check(url)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    async fn carry(&self, post: Post) -> Told {
        let began = Instant::now();
        let mut told = Told {
            status: None,
            took: Duration::ZERO,
            answer: String::new(),
            error: String::new(),
            retry_after: None,
        };
        let limits = Limits {
            first_byte: DEADLINE,
            whole: DEADLINE,
            largest: u64::MAX,
            window: DEADLINE,
            least: 1,
        };
        let request = Request {
            method: Method::POST,
            url: post.url,
            headers: headers(post.headers),
            body: Some(Body::from(post.body)),
        };
        match self.0.send(request, &limits).await {
            Ok(answer) => {
                told.took = began.elapsed();
                told.status = Some(answer.status().as_u16());
                told.retry_after = retry_after(answer.headers());
                told.answer = first_of(answer).await;
            }
            Err(error) => {
                told.took = began.elapsed();
                told.error = format!("the URL {}", words(&error));
            }
        }
        told
    }
}

/// Without the library's own words: they may hold the receiver's address.
fn words(error: &Error) -> String {
    error.to_string()
}

fn headers(list: Vec<(String, String)>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(list.len());
    for (name, value) in list {
        // Both were held to the rules when they were set.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Seconds; a date is for browsers.
fn retry_after(headers: &HeaderMap) -> Option<Millis> {
    let value = headers.get("retry-after")?.to_str().ok()?;
    let seconds: i64 = value.trim().parse().ok()?;
    (seconds >= 0).then(|| seconds.saturating_mul(1_000))
}

/// The first 4 kB of an answer, as far as they come soon; the rest is not read.
async fn first_of(mut answer: Answer) -> String {
    let mut bytes: Vec<u8> = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            let room = KEPT - bytes.len();
            bytes.extend(chunk.iter().take(room));
            if bytes.len() == KEPT {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(READING, reading).await;
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}
