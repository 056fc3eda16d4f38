//! `POST /realtime/ticket`.

use crate::{
    auth::Held,
    error::{ApiError, ApiResult},
    extract::{Body, Caller, Read},
    state::ApiState,
    tickets::Opens,
    v1::events,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wharf_types::Millis;

/// What the socket is to tell.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskTicket {
    /// Sessions by id; absent or empty = all that the credential sees.
    sessions: Option<Vec<String>>,
    /// Types; absent or `["*"]` = all, an empty list = none.
    events: Option<Vec<String>>,
}

/// A ticket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Good once.
    ticket: String,
    /// After this it is nothing: 60 s.
    expires_at: Millis,
    /// Where to connect, the ticket included. `&since=<event id>` resumes after an event.
    url: String,
}

/// Makes a ticket for one WebSocket connection: good once, within 60 s. Types that need `manage` (`auth.*`,
/// `webhook.disabled`) come only to who has it. Needs `read`; a key limited to sessions hears only those.
#[utoipa::path(post, path = "/realtime/ticket", tag = "events", request_body = AskTicket,
    responses((status = 200, body = Ticket)))]
pub async fn create_realtime_ticket(
    State(state): State<ApiState>,
    headers: HeaderMap,
    caller: Caller<Read>,
    Body(body): Body<AskTicket>,
) -> ApiResult<Json<Ticket>> {
    let sessions = body.sessions.unwrap_or_default();
    let named: Vec<&str> = sessions.iter().map(String::as_str).collect();
    let kinds = body
        .events
        .as_ref()
        .map(|events| events.iter().map(String::as_str).collect());
    let domain = state.domain();
    events::asked(domain, caller.org, &caller.principal, &named, kinds).await?;
    let opens = Opens {
        held: Held::of(&headers).ok_or_else(ApiError::unauthorized)?,
        sessions: named.iter().filter_map(|id| id.parse().ok()).collect(),
        events: body.events,
    };
    let now = domain.clock.now();
    let (ticket, expires_at) = state.tickets().make(&*domain.ids, caller.org, opens, now);
    let url = format!("{}/api/v1/realtime?ticket={ticket}", base(&state, &headers));
    Ok(Json(Ticket {
        ticket,
        expires_at,
        url,
    }))
}

/// The address callers see, as a WebSocket's: as configured, else as this caller called us.
fn base(state: &ApiState, headers: &HeaderMap) -> String {
    let configured = state.public_url().trim_end_matches('/');
    if let Some(rest) = configured.strip_prefix("https://") {
        return format!("wss://{rest}");
    }
    if let Some(rest) = configured.strip_prefix("http://") {
        return format!("ws://{rest}");
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.map(|host| format!("ws://{host}")).unwrap_or_default()
}
