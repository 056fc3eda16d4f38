//! The event log.

use crate::{Result, log::Filter, sessions::SessionScope};
use wharf_types::{EventId, Millis, OrgId, SessionId};

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// Its place in the log's order.
    pub place: i64,
    /// Whose.
    pub org: OrgId,
    /// Of which session, if of one.
    pub session: Option<SessionId>,
    /// Gapless per session.
    pub seq: Option<i64>,
    /// The contract's type.
    pub kind: String,
    /// When.
    pub at: Millis,
    /// JSON.
    pub payload: String,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait EventsView {
    /// In the log's order, after a place.
    fn events(&self, org: &OrgId, after: i64, limit: usize) -> Result<Vec<EventRow>>;
    /// Those of places `after < place <= to` that pass the filter, in the log's order, at most `limit`.
    fn events_matching(
        &self,
        org: &OrgId,
        after: i64,
        to: i64,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<EventRow>>;
    /// Of every organization, in the log's order, after a place.
    fn events_everywhere(&self, after: i64, limit: usize) -> Result<Vec<EventRow>>;
    fn event_place(&self, org: &OrgId, id: &EventId) -> Result<Option<i64>>;
    /// Place of an organization's newest event, 0 when it has none.
    fn last_event(&self, org: &OrgId) -> Result<i64>;
    /// An organization's oldest event that is kept.
    fn oldest_event(&self, org: &OrgId) -> Result<Option<EventId>>;
    /// An organization's last event that was taken out of the log.
    fn last_trimmed(&self, org: &OrgId) -> Result<Option<EventId>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait EventsTx {
    /// Appends; the store gives place and, for a session, the next `seq`.
    fn append_event(
        &mut self,
        scope: &SessionScope,
        id: EventId,
        kind: &str,
        at: Millis,
        payload: &str,
    ) -> Result<i64>;
    /// Appends an event of no session.
    fn append_org_event(
        &mut self,
        org: &OrgId,
        id: EventId,
        kind: &str,
        at: Millis,
        payload: &str,
    ) -> Result<i64>;
    /// Takes events older than `before` out of the log, from its beginning, at most `limit`; how many. It stops at the
    /// first that is younger, so a log has no holes.
    fn trim_events(&mut self, before: Millis, limit: usize) -> Result<usize>;
}
