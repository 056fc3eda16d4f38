//! An HTTP API as the demo calls it: JSON in and out, errors in words.

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode, header::AUTHORIZATION};
use serde_json::Value;
use std::time::Duration;

/// A populated crowd of hundreds of thousands takes its time.
const DEADLINE: Duration = Duration::from_secs(900);

pub struct Door {
    client: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

impl Door {
    pub fn new(base: String, bearer: Option<&str>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(DEADLINE)
            .build()?;
        Ok(Self {
            client,
            base,
            bearer: bearer.map(|key| format!("Bearer {key}")),
        })
    }

    /// Status and body, whatever the status.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base));
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path}"))?;
        let status = response.status();
        let bytes = response.bytes().await?;
        let value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).with_context(|| format!("{method} {path}: not JSON"))?
        };
        Ok((status, value))
    }

    /// The body of a success.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.well(Method::GET, path, None).await
    }

    /// The body of a success.
    pub async fn post(&self, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.well(Method::POST, path, body).await
    }

    async fn well(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, value) = self.ask(method.clone(), path, body).await?;
        if !status.is_success() {
            bail!("{method} {path} answered {status}: {value}");
        }
        Ok(value)
    }
}
