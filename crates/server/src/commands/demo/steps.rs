//! What a person with a phone would do, through the two APIs. Each step is safe to repeat: a run that was killed
//! goes on where it was.

use super::{
    door::Door,
    record::{PHONE, Record, Size},
    screen::Progress,
};
use crate::gateway::Gateway;
use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use wharf_domain::{Domain, ports::store::StoreExt};
use wharf_types::SessionId;

const POLL: Duration = Duration::from_millis(100);
const PAIRED_WITHIN: Duration = Duration::from_secs(120);
/// History of a large crowd takes minutes; what matters is that it goes on.
const STILL_FOR: Duration = Duration::from_secs(120);

pub struct Steps {
    api: Door,
    hand: Door,
    domain: Arc<Domain>,
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

impl Steps {
    pub fn new(gateway: &Gateway, hand: String, record: &Record) -> anyhow::Result<Self> {
        Ok(Self {
            api: Door::new(format!("{}/api/v1", gateway.url()), Some(&record.api_key))?,
            hand: Door::new(hand, None)?,
            domain: Arc::clone(&gateway.domain),
        })
    }

    /// The account and the people around it.
    pub async fn crowd(&self, size: &Size, progress: &Progress) -> anyhow::Result<()> {
        let (status, _) = self
            .hand
            .ask(Method::GET, &format!("/accounts/{PHONE}"), None)
            .await?;
        if status == StatusCode::NOT_FOUND {
            self.hand
                .post(
                    "/accounts",
                    Some(&json!({ "phone": PHONE, "name": "Demo" })),
                )
                .await?;
        }
        // One transaction of the world's: a conflict says that an earlier run came this far.
        progress.step(&format!(
            "populating the network: {} people, {} groups",
            size.people, size.groups
        ));
        let crowd = json!({
            "for": PHONE, "people": size.people, "groups": size.groups, "messages": size.messages, "seed": size.seed,
        });
        let (status, answer) = self
            .hand
            .ask(Method::POST, "/populate", Some(&crowd))
            .await?;
        if !status.is_success() && status != StatusCode::CONFLICT {
            bail!("POST /populate answered {status}: {answer}");
        }
        Ok(())
    }

    /// The demo's session: the stored one, one a killed run made, or a new one.
    pub async fn session(
        &self,
        stored: Option<SessionId>,
        progress: &Progress,
    ) -> anyhow::Result<SessionId> {
        if let Some(id) = stored {
            return Ok(id);
        }
        progress.step("creating a session");
        let sessions = self.api.get("/sessions").await?;
        let found = sessions
            .pointer("/data/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let id = match found {
            Some(id) => id,
            None => text(
                &self
                    .api
                    .post(
                        "/sessions",
                        Some(&json!({ "label": "Demo", "start": true })),
                    )
                    .await?,
                "id",
            )
            .to_owned(),
        };
        id.parse().context("session id")
    }

    /// Scans the QR where needed and waits until all has arrived.
    pub async fn pair(&self, record: &Record, progress: &Progress) -> anyhow::Result<()> {
        let session = format!("/sessions/{}", record.session_id.context("no session")?);
        let deadline = Instant::now() + PAIRED_WITHIN;
        let mut scanned = String::new();
        progress.step("pairing");
        loop {
            let now = self.api.get(&session).await?;
            match text(&now, "status") {
                "working" => break,
                status @ ("failed" | "logged_out") => {
                    bail!("the session is {status} ({})", text(&now, "statusReason"))
                }
                _ => {}
            }
            if text(&now, "phoneNumber").is_empty() {
                let (status, qr) = self
                    .api
                    .ask(Method::GET, &format!("{session}/qr"), None)
                    .await?;
                let code = text(&qr, "code");
                if status.is_success() && code != scanned {
                    code.clone_into(&mut scanned);
                    // A code may run out between the two calls; the next one is scanned then.
                    let _ = self
                        .hand
                        .ask(
                            Method::POST,
                            &format!("/accounts/{PHONE}/scan"),
                            Some(&json!({ "qr": code })),
                        )
                        .await?;
                }
            }
            if Instant::now() > deadline {
                bail!(
                    "the session did not connect within {} s: {now}",
                    PAIRED_WITHIN.as_secs()
                );
            }
            sleep(POLL).await;
        }
        self.synced(&session, record, progress).await
    }

    /// First sync stored: everybody the crowd has is listed, and history says it is complete.
    async fn synced(
        &self,
        session: &str,
        record: &Record,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let (mut listed, mut since) = (0, Instant::now());
        loop {
            let complete = self.history_complete(record).await?;
            let count = self.listed(session).await?;
            if count != listed {
                (listed, since) = (count, Instant::now());
                progress.count(
                    "receiving people",
                    u64::from(listed),
                    u64::from(record.size.people),
                );
            }
            if complete && listed >= record.size.people {
                return Ok(());
            }
            if since.elapsed() > STILL_FOR {
                bail!("only {listed} of {} people arrived", record.size.people);
            }
            sleep(POLL).await;
        }
    }

    /// The one thing the API does not tell: whether a part of the history is still to come.
    async fn history_complete(&self, record: &Record) -> anyhow::Result<bool> {
        let (org, id) = (
            record.organization_id,
            record.session_id.context("no session")?,
        );
        let row = self
            .domain
            .store
            .read(move |view| view.session(&org, &id))
            .await?;
        Ok(row.is_some_and(|row| row.history_complete))
    }

    /// How many people are listed: walked, since a count is nothing the contract has.
    async fn listed(&self, session: &str) -> anyhow::Result<u32> {
        let (mut count, mut cursor) = (0u32, String::new());
        loop {
            let page = self
                .api
                .get(&format!("{session}/contacts?limit=200&cursor={cursor}"))
                .await?;
            let rows = page
                .get("data")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            count += u32::try_from(rows)?;
            text(&page, "nextCursor").clone_into(&mut cursor);
            if cursor.is_empty() {
                return Ok(count);
            }
        }
    }
}
