//! `GET /realtime`.

use super::socket::{self, End, Reader};
use crate::{
    auth::Held,
    error::{ApiError, ApiResult},
    extract::Query,
    state::ApiState,
    tickets::Opens,
    v1::events,
};
use axum::{
    extract::{FromRequestParts, Request, State, ws::WebSocketUpgrade},
    http::request::Parts,
    response::Response,
};
use utoipa::IntoParams;
use wharf_domain::log::{Begin, Filter};
use wharf_types::{Capability, EventId, OrgId};

/// What a client may say: nothing we read, but pongs and a close.
const LONGEST: usize = 4 << 10;
/// The library's own default is 128 KiB a socket.
const READ_BUFFER: usize = 1 << 10;
/// Events that may wait for a live reader.
const BEHIND: usize = 4_096;

/// How to connect.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// From `POST /realtime/ticket`; without one the usual credential is needed, and everything it may see is told.
    pub ticket: Option<String>,
    /// The last event seen: everything after it is told first.
    pub since: Option<String>,
}

/// Upgrades to a WebSocket that tells events as they come: one event a text frame, the same envelope as everywhere. With
/// `since`, everything after that event comes first, then what is new, without a gap or a duplicate. `{"type":"ping"}`
/// every 25 s. Close codes: 4001 the ticket is not good, 4003 the credential was revoked, 4008 more than 4,096 events
/// behind (resume by `since`), 1012 the gateway restarts. Needs `read`, by ticket or by credential.
#[utoipa::path(get, path = "/realtime", tag = "events", params(Asked),
    responses(
        (status = 101, body = events::Event, description = "Events follow, one a text frame."),
        (status = 410, description = "`gone`: `since` is older than the log is kept; `details.oldest` is the oldest event there is"),
    ))]
pub async fn connect_realtime(
    State(state): State<ApiState>,
    request: Request,
) -> ApiResult<Response> {
    let (mut parts, _) = request.into_parts();
    let query = Query::from_request_parts(&mut parts, &state).await?;
    let since: Option<EventId> = query
        .text("since")?
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| ApiError::invalid("since", "is not the id of an event"))?;
    let opens = match query.text("ticket")? {
        None => Opens {
            held: Held::of(&parts.headers).ok_or_else(ApiError::unauthorized)?,
            sessions: Vec::new(),
            events: None,
        },
        Some(ticket) => {
            let socket = upgrade(&mut parts, &state).await?;
            let now = state.domain().clock.now();
            let Some(opens) = state.tickets().redeem(ticket, now) else {
                return Ok(socket.on_upgrade(|socket| socket::refuse(socket, End::BadTicket)));
            };
            let Ok(allowed) = judged(&state, &opens).await else {
                return Ok(socket.on_upgrade(|socket| socket::refuse(socket, End::BadTicket)));
            };
            return open(state, socket, opens, allowed, since).await;
        }
    };
    let allowed = judged(&state, &opens).await?;
    let socket = upgrade(&mut parts, &state).await?;
    open(state, socket, opens, allowed, since).await
}

async fn upgrade(parts: &mut Parts, state: &ApiState) -> ApiResult<WebSocketUpgrade> {
    WebSocketUpgrade::from_request_parts(parts, state)
        .await
        .map(|upgrade| {
            upgrade
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(0)
                .max_message_size(LONGEST)
                .max_frame_size(LONGEST)
        })
        .map_err(|_| ApiError::invalid("upgrade", "this path is a WebSocket: ask for the upgrade"))
}

/// Whose events, and which of them, by what the credential may do at this moment.
pub async fn judged(state: &ApiState, opens: &Opens) -> ApiResult<(OrgId, Filter)> {
    let principal = state.auth().again(&opens.held).await?;
    if !principal.capabilities.has(Capability::Read) {
        return Err(ApiError::forbidden("this needs the capability read"));
    }
    let org = principal
        .org
        .ok_or_else(|| ApiError::not_found("organization"))?;
    let filter = events::allowed(&principal).within(&opens.sessions);
    let filter = match &opens.events {
        Some(names) => filter.of_kinds(names.iter().map(String::as_str), "events")?,
        None => filter,
    };
    Ok((org, filter))
}

async fn open(
    state: ApiState,
    socket: WebSocketUpgrade,
    opens: Opens,
    (org, filter): (OrgId, Filter),
    since: Option<EventId>,
) -> ApiResult<Response> {
    let from = since.map_or(Begin::Now, Begin::After);
    let domain = state.domain();
    // Followed before the codes are read: one that changes meanwhile is told twice rather than not at all.
    let follower = domain.follow(org, filter.clone(), from, BEHIND).await?;
    let first = domain.codes_now(org, &filter).await?;
    let reader = Reader {
        state,
        org,
        opens,
        follower,
        first,
    };
    Ok(socket.on_upgrade(|socket| reader.run(socket)))
}
