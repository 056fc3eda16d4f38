//! Webhooks, where they stand in the log, and what became of their deliveries.

use crate::{Result, webhooks::WebhookRow};
use wharf_types::{DeliveryId, EventId, Millis, OrgId, SessionId, WebhookId};

/// An event that a webhook has not delivered although it has passed it in the log: it failed, or waits for one that did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedRow {
    /// The event's place.
    pub place: i64,
    /// Its session, if it has one: within it order is kept.
    pub session: Option<SessionId>,
    /// Attempts made.
    pub attempts: u32,
    /// When to try again.
    pub due: Millis,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// The event's place.
    pub place: i64,
    /// The event.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// Which attempt at this event, from 1.
    pub attempt: u32,
    /// When it was made.
    pub at: Millis,
    /// The receiver took it.
    pub delivered: bool,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub latency_ms: u32,
    /// The first 4 kB of the answer.
    pub answer: String,
    /// Why there was no answer, "" otherwise.
    pub error: String,
    /// When the next attempt is due, if there will be one.
    pub next_at: Option<Millis>,
}

/// What a webhook's loop writes down at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to here that is not owed was delivered.
    pub place: i64,
    /// Attempts made.
    pub made: Vec<DeliveryRow>,
    /// Owed from now on, or owed still and tried again.
    pub owed: Vec<OwedRow>,
    /// Owed no longer, delivered or given up: place and due time. One that is due at another time by now was asked for
    /// anew, and stays.
    pub settled: Vec<(i64, Millis)>,
    /// The first failure after the last success.
    pub failing_since: Option<Millis>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait WebhooksView {
    fn webhook(&self, org: &OrgId, id: &WebhookId) -> Result<Option<WebhookRow>>;
    /// The same of whatever organization: for who delivers.
    fn webhook_anywhere(&self, id: &WebhookId) -> Result<Option<WebhookRow>>;
    /// In the order they were made, after one.
    fn webhooks(
        &self,
        org: &OrgId,
        after: Option<WebhookId>,
        limit: usize,
    ) -> Result<Vec<WebhookRow>>;
    fn count_webhooks(&self, org: &OrgId) -> Result<usize>;
    /// Active ones of every organization.
    fn webhooks_active(&self) -> Result<Vec<WebhookRow>>;
    /// Owed ones by due time, then place, at most `limit`.
    fn owed(&self, id: &WebhookId, limit: usize) -> Result<Vec<OwedRow>>;
    /// The first owed of each session, by place.
    fn owed_heads(&self, id: &WebhookId) -> Result<Vec<OwedRow>>;
    /// The first owed of one session, by place.
    fn owed_head(&self, id: &WebhookId, session: Option<&SessionId>) -> Result<Option<OwedRow>>;
    /// The event at a place.
    fn event_at(&self, org: &OrgId, place: i64) -> Result<Option<super::EventRow>>;
    /// The place of the first event made at a time or later; the highest there is when there is none.
    fn place_at(&self, at: Millis) -> Result<i64>;
    /// Newest first, of one outcome or of both, before one.
    fn deliveries(
        &self,
        id: &WebhookId,
        delivered: Option<bool>,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>>;
    fn delivery(&self, webhook: &WebhookId, id: &DeliveryId) -> Result<Option<DeliveryRow>>;
    /// The event of this place was taken by the receiver, as far as the log of attempts reaches.
    fn was_delivered(&self, webhook: &WebhookId, place: i64) -> Result<bool>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait WebhooksTx {
    /// Inserts or replaces by id; where it stands in the log is set at the insert alone.
    fn put_webhook(&mut self, row: &WebhookRow) -> Result<()>;
    /// With everything owed and its deliveries.
    fn delete_webhook(&mut self, org: &OrgId, id: &WebhookId) -> Result<bool>;
    /// From now on it begins here, with nothing owed.
    fn place_webhook(&mut self, id: &WebhookId, place: i64) -> Result<()>;
    /// Owes these, once more where it did before; nothing when there is no such webhook.
    fn owe(&mut self, id: &WebhookId, owed: &[OwedRow]) -> Result<()>;
    /// What is owed with one due time is due at another.
    fn release_owed(&mut self, id: &WebhookId, was: Millis, due: Millis) -> Result<()>;
    /// Writes down what its loop did; `false` when there is no such webhook any more.
    fn progress_webhook(&mut self, id: &WebhookId, progress: &Progress) -> Result<bool>;
    /// Takes attempts before `before` out, at most `limit`; how many.
    fn trim_deliveries(&mut self, before: Millis, limit: usize) -> Result<usize>;
}
