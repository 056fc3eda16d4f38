//! Carrying one event to one receiver. What may be reached, and how long it may take, is the business of the guarded
//! client behind this port.

use async_trait::async_trait;
use std::time::Duration;
use wharf_types::Millis;

/// What is to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// In order; a later one replaces an earlier one of the same name.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: String,
}

/// What the receiver said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// HTTP status, if there was an answer in time.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// The first 4 kB of the answer.
    pub answer: String,
    /// Why there was no answer, "" otherwise.
    pub error: String,
    /// How long it asks to be left alone.
    pub retry_after: Option<Millis>,
}

impl Told {
    /// The receiver took it.
    pub fn taken(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

/// The guarded way to receivers.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Whether a URL may be used, judged now; in words when not. They complete "the URL …".
    async fn check(&self, url: &str) -> Result<(), String>;
    /// One attempt; it ends within its deadline.
    async fn carry(&self, post: Post) -> Told;
}

/// For processes that deliver nothing.
pub struct NoCourier;

#[async_trait]
impl Courier for NoCourier {
    async fn check(&self, _: &str) -> Result<(), String> {
        Err("cannot be reached by this process".into())
    }
    async fn carry(&self, _: Post) -> Told {
        Told {
            status: None,
            took: Duration::ZERO,
            answer: String::new(),
            error: "this process delivers nothing".into(),
            retry_after: None,
        }
    }
}
