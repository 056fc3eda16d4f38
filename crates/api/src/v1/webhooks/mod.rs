//! Webhooks: the event log, pushed.

pub mod create;
pub mod delete;
pub mod deliveries;
pub mod get;
pub mod list;
pub mod replay;
pub mod retry;
pub mod rotate;
pub mod test;
pub mod update;

use crate::{auth::Principal, error::ApiResult, extract::Caller};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wharf_domain::webhooks::{
    DeliveryItem, MadeWebhook, RetryPolicy, WebhookChange, WebhookScope, WebhookView,
};
use wharf_types::Millis;

/// When a failed attempt is made again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts in all, 1–30.
    attempts: u32,
    /// Seconds to wait; of no meaning for `schedule`.
    delay_seconds: u32,
    /// `schedule` (5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h, 24 h, 24 h), `exponential` or `constant`; ±20 %.
    #[schema(value_type = String)]
    policy: wharf_domain::webhooks::policy::Shape,
}

/// Where events are pushed to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Told at all.
    active: bool,
    /// When it was made.
    created_at: Millis,
    /// Sent with every delivery.
    custom_headers: BTreeMap<String, String>,
    /// Types it is told; `["*"]` = all, none = none.
    events: Vec<String>,
    /// `wh_…`.
    id: String,
    /// What fails holds up what follows it in its session.
    ordered: bool,
    /// `org_…`.
    organization_id: String,
    /// When a failed attempt is made again.
    retry_policy: Retry,
    /// Of this session alone; `""` = of all.
    session_id: String,
    /// When it was last changed.
    updated_at: Millis,
    /// Where.
    url: String,
}

impl From<WebhookView> for Webhook {
    fn from(view: WebhookView) -> Self {
        Self {
            active: view.active,
            created_at: view.created_at,
            custom_headers: view.custom_headers,
            events: view.events,
            id: view.id.to_string(),
            ordered: view.ordered,
            organization_id: view.organization_id.to_string(),
            retry_policy: Retry {
                attempts: view.retry_policy.attempts,
                delay_seconds: view.retry_policy.delay_seconds,
                policy: view.retry_policy.policy,
            },
            session_id: view.session_id,
            updated_at: view.updated_at,
            url: view.url,
        }
    }
}

/// A webhook with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookWithSecret {
    /// Told at all.
    active: bool,
    /// When it was made.
    created_at: Millis,
    /// Sent with every delivery.
    custom_headers: BTreeMap<String, String>,
    /// Types it is told.
    events: Vec<String>,
    /// `wh_…`.
    id: String,
    /// What fails holds up what follows it in its session.
    ordered: bool,
    /// `org_…`.
    organization_id: String,
    /// When a failed attempt is made again.
    retry_policy: Retry,
    /// `whsec_…`: what deliveries are signed with. Shown this once.
    secret: String,
    /// Of this session alone; `""` = of all.
    session_id: String,
    /// When it was last changed.
    updated_at: Millis,
    /// Where.
    url: String,
}

impl From<MadeWebhook> for WebhookWithSecret {
    fn from(made: MadeWebhook) -> Self {
        let webhook = Webhook::from(made.webhook);
        Self {
            active: webhook.active,
            created_at: webhook.created_at,
            custom_headers: webhook.custom_headers,
            events: webhook.events,
            id: webhook.id,
            ordered: webhook.ordered,
            organization_id: webhook.organization_id,
            retry_policy: webhook.retry_policy,
            secret: made.secret,
            session_id: webhook.session_id,
            updated_at: webhook.updated_at,
            url: webhook.url,
        }
    }
}

/// One attempt at one event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The first 4 kB of the receiver's answer.
    answer: String,
    /// When.
    at: Millis,
    /// Which attempt at this event, from 1.
    attempt: u32,
    /// Why there was no answer, `""` otherwise.
    error: String,
    /// The event's type.
    event: String,
    /// The event; the receiver saw it as `webhook-id`.
    event_id: String,
    /// The receiver's status, if it answered.
    #[schema(required)]
    http_status: Option<u16>,
    /// `dlv_…`.
    id: String,
    /// How long the answer took.
    latency_ms: u32,
    /// When it is tried again; `null` = it is not.
    #[schema(required)]
    next_attempt_at: Option<Millis>,
    /// `delivered` or `failed`.
    status: String,
}

impl From<DeliveryItem> for Delivery {
    fn from(item: DeliveryItem) -> Self {
        Self {
            answer: item.answer,
            at: item.at,
            attempt: item.attempt,
            error: item.error,
            event: item.event,
            event_id: item.event_id.to_string(),
            http_status: item.http_status,
            id: item.id.to_string(),
            latency_ms: item.latency_ms,
            next_attempt_at: item.next_attempt_at,
            status: item.status.to_owned(),
        }
    }
}

/// When a failed attempt is to be made again; what is absent takes its default.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRetry {
    /// Attempts in all, 1–30; default 11.
    attempts: Option<i64>,
    /// Seconds to wait, 1–86,400; default 5. Of no meaning for `schedule`.
    delay_seconds: Option<i64>,
    /// `schedule` (the default), `exponential` (doubled each time) or `constant`.
    policy: Option<String>,
}

/// What can be set; an absent field stays as it is, or takes its default.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetWebhook {
    /// https, and on the public internet unless `outbound.allow_http` and `outbound.allow_subnets` of the configuration
    /// permit more. Judged now and again on the address of each delivery.
    url: Option<String>,
    /// Types, or `["*"]` (the default); an empty list = none.
    events: Option<Vec<String>>,
    /// Only of this session; `""` (the default) = of all.
    session_id: Option<String>,
    /// Default true. One that becomes active again is told what comes from then on.
    active: Option<bool>,
    /// Default false: what fails is tried again later, and what follows goes on. True: it waits.
    ordered: Option<bool>,
    /// At most 20, 8 kB in all, kept encrypted. They may replace `User-Agent`, but not `webhook-*`, `Host`, `Proxy-*` and
    /// what carries the message.
    custom_headers: Option<BTreeMap<String, String>>,
    /// When a failed attempt is to be made again.
    retry_policy: Option<SetRetry>,
    /// One of the caller's: `whsec_` and 24–64 bytes in base64. A former one signs too for 24 h.
    secret: Option<String>,
}

impl SetWebhook {
    fn read(self) -> ApiResult<WebhookChange> {
        let policy = self
            .retry_policy
            .map(|set| RetryPolicy::of(set.attempts, set.delay_seconds, set.policy.as_deref()));
        Ok(WebhookChange {
            url: self.url,
            events: self.events,
            session: self.session_id,
            active: self.active,
            ordered: self.ordered,
            headers: self.custom_headers,
            policy: policy.transpose()?,
            secret: self.secret,
        })
    }
}

/// Which webhooks exist for a caller.
fn scope<C>(caller: &Caller<C>) -> WebhookScope {
    let principal: &Principal = &caller.principal;
    WebhookScope {
        org: caller.org,
        sessions: principal.sessions.clone(),
    }
}
