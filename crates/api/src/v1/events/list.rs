//! `GET /events`.

use super::{Raw, asked};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Caller, Query, Read},
    state::ApiState,
};
use axum::{extract::State, http::HeaderMap};
use std::time::Duration;
use utoipa::IntoParams;
use wharf_domain::{
    cursor::parse_limit,
    log::{EventPage, PullAsked},
};

/// In place of an id: from now on.
const LATEST: &str = "latest";

/// Which events, and how long to wait for one.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The id of the last event seen; absent = from the oldest that is kept; `latest` = answered at once, without events:
    /// `nextCursor` is the newest event there is, to go on from.
    pub after: Option<String>,
    /// Sessions by id, separated by commas; absent = all that the credential sees.
    pub sessions: Option<String>,
    /// Types, separated by commas; absent or `*` = all.
    pub events: Option<String>,
    /// Events a page: 0 or absent = 50, otherwise clamped into 1–200.
    pub limit: Option<i64>,
    /// Seconds to wait for the first event, 0–30; absent = 0.
    pub wait: Option<i64>,
}

/// Pulls the event log, oldest first: the same events that webhooks and the WebSocket tell, for callers without a public
/// address. Ask again with `after` = the last id seen; with `wait` the answer comes when there is something to tell. Needs
/// `read`; a key limited to sessions gets only theirs.
#[utoipa::path(get, path = "/events", tag = "events", params(Asked),
    responses(
        (status = 200, body = super::Events),
        (status = 410, description = "`gone`: `after` is older than the log is kept; `details.oldest` is the oldest event there is"),
    ))]
pub async fn list_events(
    State(state): State<ApiState>,
    headers: HeaderMap,
    caller: Caller<Read>,
    query: Query,
) -> ApiResult<Raw> {
    let after = match query.text("after")? {
        None | Some(LATEST) => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| ApiError::invalid("after", "is not the id of an event"))?,
        ),
    };
    let wait = match query.text("wait")? {
        None => 0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|wait| *wait <= 30)
            .ok_or_else(|| ApiError::invalid("wait", "must be a whole number from 0 to 30"))?,
    };
    let limit = parse_limit(query.raw("limit")?)?;
    let sessions: Vec<&str> = list(query.text("sessions")?).unwrap_or_default();
    let events = list(query.text("events")?);
    let (domain, principal) = (state.domain(), &caller.principal);
    let filter = asked(domain, caller.org, principal, &sessions, events).await?;
    if query.text("after")? == Some(LATEST) {
        return Ok(Raw(domain.end_of_log(caller.org).await?));
    }
    let wait = Duration::from_secs(wait);
    let pull = PullAsked {
        after,
        filter,
        limit,
        wait,
    };
    let page = tokio::select! {
        page = domain.pull_events(caller.org, pull) => page?,
        () = state.stopping() => EventPage::default(),
    };
    if !wait.is_zero() {
        // The credential may have been revoked meanwhile.
        state.auth().authenticate(&headers).await?;
    }
    Ok(Raw(page))
}

fn list(text: Option<&str>) -> Option<Vec<&str>> {
    text.map(|text| text.split(',').map(str::trim).collect())
}
