//! What callers see of webhooks and their deliveries.

use super::{RetryPolicy, WebhookRow};
use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    ports::{
        secrets::Secrets,
        store::{DeliveryRow, StoreExt},
    },
    webhooks::WebhookScope,
};
use serde::Serialize;
use std::collections::BTreeMap;
use wharf_types::{DeliveryId, EventId, Millis, OrgId, WebhookId};

/// The contract's `Webhook`: never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct WebhookView {
    pub active: bool,
    pub created_at: Millis,
    pub custom_headers: BTreeMap<String, String>,
    pub events: Vec<String>,
    pub id: WebhookId,
    pub ordered: bool,
    pub organization_id: OrgId,
    pub retry_policy: RetryPolicy,
    pub session_id: String,
    pub updated_at: Millis,
    pub url: String,
}

impl WebhookView {
    pub(super) fn new(row: WebhookRow, secrets: &dyn Secrets) -> Result<Self> {
        Ok(Self {
            active: row.active,
            created_at: row.created_at,
            custom_headers: row.open_headers(secrets)?,
            events: row.events,
            id: row.id,
            ordered: row.ordered,
            organization_id: row.org,
            retry_policy: row.policy,
            session_id: row.session.map(|id| id.to_string()).unwrap_or_default(),
            updated_at: row.updated_at,
            url: row.url,
        })
    }
}

/// One attempt at one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the document says what they are")]
pub struct DeliveryItem {
    pub answer: String,
    pub at: Millis,
    pub attempt: u32,
    pub error: String,
    pub event: String,
    pub event_id: EventId,
    pub http_status: Option<u16>,
    pub id: DeliveryId,
    pub latency_ms: u32,
    pub next_attempt_at: Option<Millis>,
    pub status: &'static str,
}

impl From<DeliveryRow> for DeliveryItem {
    fn from(row: DeliveryRow) -> Self {
        Self {
            answer: row.answer,
            at: row.at,
            attempt: row.attempt,
            error: row.error,
            event: row.kind,
            event_id: row.event,
            http_status: row.status,
            id: row.id,
            latency_ms: row.latency_ms,
            next_attempt_at: row.next_at,
            status: if row.delivered { "delivered" } else { "failed" },
        }
    }
}

impl Domain {
    /// One webhook that exists for the caller.
    pub(super) async fn webhook_row(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
    ) -> Result<WebhookRow> {
        let org = scope.org;
        self.store
            .read(move |view| view.webhook(&org, &id))
            .await?
            .filter(|row| scope.sees(row))
            .ok_or(Error::NotFound("webhook"))
    }

    /// One webhook.
    pub async fn get_webhook(&self, scope: &WebhookScope, id: WebhookId) -> Result<WebhookView> {
        WebhookView::new(self.webhook_row(scope, id).await?, &*self.secrets)
    }

    /// A page of them, in the order they were made.
    pub async fn list_webhooks(
        &self,
        scope: &WebhookScope,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<WebhookView>> {
        let org = scope.org;
        let sealer = self.sealer(Binding::new("webhooks", org));
        let place: Option<String> = sealer.place(cursor)?;
        let mut after: Option<WebhookId> = place.and_then(|id| id.parse().ok());
        let mut rows = Vec::new();
        loop {
            let page = self
                .store
                .read(move |view| view.webhooks(&org, after, limit + 1))
                .await?;
            let last = page.len() <= limit;
            after = page.last().map(|row| row.id);
            rows.extend(page.into_iter().filter(|row| scope.sees(row)));
            if last || rows.len() > limit {
                break;
            }
        }
        rows.truncate(limit + 1);
        let page = sealer.page(
            rows,
            limit,
            |row| row.id.to_string(),
            |row| WebhookView::new(row, &*self.secrets),
        )?;
        Ok(Page {
            data: page.data.into_iter().collect::<Result<_>>()?,
            next_cursor: page.next_cursor,
        })
    }

    /// A page of attempts, newest first.
    pub async fn list_deliveries(
        &self,
        scope: &WebhookScope,
        id: WebhookId,
        delivered: Option<bool>,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<DeliveryItem>> {
        self.webhook_row(scope, id).await?;
        let filter = delivered.map_or(String::new(), |is| is.to_string());
        let sealer = self.sealer(Binding::new("deliveries", id).with("status", filter));
        let place: Option<String> = sealer.place(cursor)?;
        let before: Option<DeliveryId> = place.and_then(|id| id.parse().ok());
        let rows = self
            .store
            .read(move |view| view.deliveries(&id, delivered, before, limit + 1))
            .await?;
        sealer.page(rows, limit, |row| row.id.to_string(), DeliveryItem::from)
    }
}
