//! Reading the event log: one log, several ways to read it, and all of them here.
//!
//! A reader's place is a row's place in the order of commits: no place is ever shown while an earlier one could still
//! commit. Whoever waits for more is woken by the store after the commit ([`crate::ports::store::Store::appended`]).
//! Every reader gets the same bytes of an event: [`envelope`] is the only place that writes them.

pub mod filter;
pub mod follow;
mod hub;
pub mod kinds;
mod page;
mod retention;

pub use filter::Filter;
pub use follow::{Begin, Follower, Handle, Next};
pub use hub::Told;
pub(crate) use hub::{Hub, live_envelope};
pub(crate) use page::Found;
pub use page::{EventPage, PullAsked};
pub use retention::Retention;

use crate::ports::store::EventRow;
use std::{collections::HashSet, fmt::Write as _};
use wharf_types::{EventId, Millis, OrgId, SessionId};

/// One event, as every reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place in the order of commits.
    pub place: i64,
    /// Its id.
    pub id: EventId,
    /// Whose.
    pub org: OrgId,
    /// Of which session, if of one.
    pub session: Option<SessionId>,
    /// The contract's type.
    pub kind: String,
    /// The envelope, JSON.
    pub envelope: String,
}

impl From<EventRow> for Logged {
    fn from(row: EventRow) -> Self {
        let envelope = envelope(&Head {
            id: &row.id.to_string(),
            kind: &row.kind,
            org: row.org,
            session: row.session,
            seq: row.seq,
            at: row.at,
            payload: &row.payload,
        });
        Self {
            place: row.place,
            id: row.id,
            org: row.org,
            session: row.session,
            kind: row.kind,
            envelope,
        }
    }
}

/// What an envelope is written from.
pub(crate) struct Head<'a> {
    /// `evt_…`; "" for what is told live only.
    pub id: &'a str,
    pub kind: &'a str,
    pub org: OrgId,
    pub session: Option<SessionId>,
    pub seq: Option<i64>,
    pub at: Millis,
    /// JSON.
    pub payload: &'a str,
}

/// The contract's envelope around a payload that is JSON already. Ids and types need no escaping.
pub(crate) fn envelope(head: &Head<'_>) -> String {
    let mut text = String::with_capacity(head.payload.len() + 224);
    let _ = write!(
        text,
        r#"{{"schema":"v1","id":"{}","event":"{}","organization":"{}","session":""#,
        head.id, head.kind, head.org
    );
    if let Some(session) = head.session {
        let _ = write!(text, "{session}");
    }
    text.push_str(r#"","seq":"#);
    match head.seq {
        Some(seq) => {
            let _ = write!(text, "{seq}");
        }
        None => text.push_str("null"),
    }
    let _ = write!(
        text,
        r#","timestamp":{},"payload":{}}}"#,
        head.at, head.payload
    );
    text
}

/// Which sessions a reader may see at all, or asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sessions {
    /// Every one, and what belongs to none.
    #[default]
    All,
    /// These alone.
    Only(HashSet<SessionId>),
}

impl Sessions {
    /// Whether an event of this session is among them.
    pub fn hold(&self, session: Option<&SessionId>) -> bool {
        match self {
            Self::All => true,
            Self::Only(these) => session.is_some_and(|session| these.contains(session)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use ulid::Ulid;

    #[test]
    fn an_envelope_is_the_contracts() {
        let org = OrgId::new(Ulid::from_parts(1, 2));
        let session = SessionId::new(Ulid::from_parts(3, 4));
        let mut head = Head {
            id: "evt_1",
            kind: "message",
            org,
            session: Some(session),
            seq: Some(7),
            at: 9,
            payload: r#"{"body":"a \"b\""}"#,
        };
        let read: Value = serde_json::from_str(&envelope(&head)).unwrap();
        assert_eq!(
            read,
            json!({"schema": "v1", "id": "evt_1", "event": "message", "organization": org,
                "session": session, "seq": 7, "timestamp": 9, "payload": {"body": "a \"b\""}})
        );
        (head.session, head.seq) = (None, None);
        let read: Value = serde_json::from_str(&envelope(&head)).unwrap();
        assert_eq!((&read["session"], &read["seq"]), (&json!(""), &Value::Null));
    }
}
