//! The event log, pulled.

pub mod list;
pub mod payloads;
pub mod schemas;

use crate::{
    auth::Principal,
    error::{ApiError, ApiResult},
};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_domain::{
    Domain,
    log::{EventPage, Filter},
};
use wharf_types::{Capability, OrgId, SessionId};

/// An envelope: what every event has. [`schemas`] makes one of each type of it.
#[derive(Serialize, ToSchema)]
pub struct Event {
    /// `v1`.
    pub schema: String,
    /// `evt_…`: for deduplication; `""` for what is told live only. `after` and `since` take it.
    pub id: String,
    /// Its type, such as `message`.
    pub event: String,
    /// `org_…`.
    pub organization: String,
    /// `sess_…`; `""` for an event of no session.
    pub session: String,
    /// Counts a session's events without a gap, from 1; `null` for an event of no session and for what is told live only.
    #[schema(required)]
    pub seq: Option<i64>,
    /// When.
    pub timestamp: i64,
    /// What the type says; `{"erased": true}` once the session is deleted or the person erased.
    #[schema(value_type = Object)]
    pub payload: Value,
}

/// Some of the log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Oldest first.
    pub data: Vec<Event>,
    /// The id of the last event, for `after`; `""` = caught up: resume by the last id seen.
    pub next_cursor: String,
}

/// Events as they were rendered: the bytes that every reader gets.
pub struct Raw(pub EventPage);

impl IntoResponse for Raw {
    fn into_response(self) -> Response {
        let next = self.0.next_cursor();
        let size: usize = self.0.events.iter().map(|e| e.envelope.len() + 1).sum();
        let mut body = String::with_capacity(size + 64);
        body.push_str(r#"{"data":["#);
        for (n, event) in self.0.events.iter().enumerate() {
            if n > 0 {
                body.push(',');
            }
            body.push_str(&event.envelope);
        }
        body.push_str(r#"],"nextCursor":""#);
        body.push_str(&next);
        body.push_str(r#""}"#);
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], body).into_response()
    }
}

/// All that a caller may be told of.
pub fn allowed(principal: &Principal) -> Filter {
    Filter::all(principal.capabilities.has(Capability::Manage)).within(&principal.sessions)
}

/// Of these, what the caller asks for: sessions that exist for it, types that there are. Nothing named = all.
pub async fn asked(
    domain: &Domain,
    org: OrgId,
    principal: &Principal,
    sessions: &[&str],
    events: Option<Vec<&str>>,
) -> ApiResult<Filter> {
    let mut ids = Vec::with_capacity(sessions.len());
    for text in sessions {
        let unknown = || ApiError::invalid("sessions", "names a session that is not there");
        let id: SessionId = text.parse().map_err(|_| unknown())?;
        if !principal.sees(&id) || domain.session_scope(org, id).await.is_err() {
            return Err(unknown());
        }
        ids.push(id);
    }
    let filter = allowed(principal).within(&ids);
    match events {
        Some(names) => Ok(filter.of_kinds(names, "events")?),
        None => Ok(filter),
    }
}
