//! The outbox and remembered answers.

use crate::{
    Result,
    outbox::OutboxRow,
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{Millis, OrgId, OutboxId, SendStatus, SessionId};

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// SHA-256 over session, route and canonical body.
    pub fingerprint: [u8; 32],
    /// Its session.
    pub session: SessionId,
    /// The send it led to.
    pub outbox: OutboxId,
    /// The answer itself, of what is no send; "" otherwise.
    pub answer: String,
    /// The status answered first (200, 202); a replay repeats it.
    pub http_status: u16,
    /// When accepted.
    pub at: Millis,
}

/// A queued send as the worker weighs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRow {
    /// Its place in the order of acceptance.
    pub place: i64,
    /// Its id.
    pub id: OutboxId,
    /// Its chat.
    pub chat_id: i64,
    /// The session's rates count it.
    pub counted: bool,
    /// Its caller waits.
    pub sync: bool,
    /// How often it was handed over.
    pub attempts: u32,
    /// When its place in the rate was taken.
    pub handed_at: Option<Millis>,
    /// Not after.
    pub expires_at: Option<Millis>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OutboxView {
    fn outbox(&self, s: SessionNo, id: &OutboxId) -> Result<Option<OutboxRow>>;
    fn outbox_by_message(&self, s: SessionNo, message_id: i64) -> Result<Option<OutboxRow>>;
    /// The newest queued reaction to a message.
    fn outbox_reaction(&self, s: SessionNo, message_id: i64) -> Result<Option<OutboxRow>>;
    /// Queued sends that are due, in order of acceptance, after a place, at most `limit`: none scheduled for later
    /// holds up another.
    fn outbox_queued(
        &self,
        s: SessionNo,
        now: Millis,
        after: i64,
        limit: usize,
    ) -> Result<Vec<QueuedRow>>;
    /// When the next queued send that is not due yet will be.
    fn outbox_next_due(&self, s: SessionNo, now: Millis) -> Result<Option<Millis>>;
    /// Queued sends of all sessions that were never handed over and whose time has run out.
    fn outbox_expired(&self, now: Millis, limit: usize) -> Result<Vec<(SessionScope, OutboxId)>>;
    /// How many are queued in all sessions.
    fn outbox_depth(&self) -> Result<u64>;
    /// SHA-256 (hex) of every file a queued send names, of all sessions.
    fn outbox_files(&self) -> Result<Vec<String>>;
    /// Newest accepted first, of one status or of all; after `before`.
    fn outbox_list(
        &self,
        s: SessionNo,
        status: Option<SendStatus>,
        before: Option<(Millis, OutboxId)>,
        limit: usize,
    ) -> Result<Vec<OutboxRow>>;
    /// Times of sends that count for the rate, since `since`, oldest first: handed over, or synchronous and accepted.
    fn outbox_times(&self, s: SessionNo, since: Millis) -> Result<Vec<Millis>>;
    fn idempotency(&self, org: &OrgId, key: &str) -> Result<Option<IdempotencyRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OutboxTx {
    /// Inserts or replaces by id.
    fn put_outbox(&mut self, s: SessionNo, row: &OutboxRow) -> Result<()>;
    fn put_idempotency(&mut self, org: &OrgId, key: &str, row: &IdempotencyRow) -> Result<()>;
    /// The key is unused again.
    fn drop_idempotency(&mut self, org: &OrgId, key: &str) -> Result<()>;
    /// Forgets answers accepted before `before`.
    fn trim_idempotency(&mut self, before: Millis) -> Result<()>;
}
