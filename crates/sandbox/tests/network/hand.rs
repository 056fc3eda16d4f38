//! The control API as a test uses it.

use std::time::Duration;

use serde_json::{Value, json};
use wharf_sandbox::{Options, Sandbox};

use crate::wire::Server;

pub struct Net {
    pub sandbox: Sandbox,
    http: reqwest::Client,
}

impl Net {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }
    pub async fn with(o: Options) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            sandbox: Sandbox::start(o).await.unwrap(),
            http,
        }
    }

    pub fn server(&self) -> Server {
        Server {
            url: self.sandbox.chat_url(),
            root_hex: self.sandbox.noise_root_hex(),
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let r = self.http.get(self.url(path)).send().await.unwrap();
        assert!(r.status().is_success(), "GET {path}: {}", r.status());
        r.json().await.unwrap()
    }
    /// Status and body.
    pub async fn try_post(&self, path: &str, body: Value) -> (u16, Value) {
        let r = self
            .http
            .post(self.url(path))
            .json(&body)
            .send()
            .await
            .unwrap();
        (r.status().as_u16(), r.json().await.unwrap_or(Value::Null))
    }
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, out) = self.try_post(path, body).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {out}");
        out
    }
    pub async fn delete(&self, path: &str) -> u16 {
        self.http
            .delete(self.url(path))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }
    pub fn raw(&self) -> &reqwest::Client {
        &self.http
    }
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.sandbox_url())
    }

    pub async fn account(&self, phone: &str) {
        self.post(
            "/accounts",
            json!({"phone": phone, "name": format!("Name {phone}")}),
        )
        .await;
    }
    /// Lets a person write; the message id.
    pub async fn says(&self, from: &str, to: &str, text: &str) -> String {
        let out = self
            .post(
                &format!("/accounts/{from}/send"),
                json!({"to": to, "type": "text", "text": text}),
            )
            .await;
        out["waMessageId"].as_str().unwrap().to_owned()
    }
    pub async fn inbox(&self, phone: &str) -> Vec<Value> {
        self.get(&format!("/accounts/{phone}/inbox"))
            .await
            .as_array()
            .unwrap()
            .clone()
    }
    pub async fn ledger(&self) -> Value {
        self.get("/ledger").await
    }
    pub async fn errors(&self) -> Vec<String> {
        let t = self.get("/trace").await;
        t["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["text"].as_str().unwrap().to_owned())
            .collect()
    }
    /// Polls until `f` holds.
    pub async fn eventually<F: AsyncFn() -> bool>(&self, what: &str, f: F) {
        let end = tokio::time::Instant::now() + Duration::from_secs(10);
        while !f().await {
            assert!(tokio::time::Instant::now() < end, "never: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
