//! The event log.

use crate::{Result, sessions::SessionScope};
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
    fn event_place(&self, org: &OrgId, id: &EventId) -> Result<Option<i64>>;
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
}
