//! `GET /sessions/{session}/channels/{jid}/messages`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    page::{List, Paging},
    state::ApiState,
    v1::messages,
};
use axum::{Json, extract::State};
use wharf_domain::{cursor::Page, messages::Message};

/// Stored posts of a channel, newest first by time, then by arrival. Posts that were missed are fetched at each login; of a
/// channel that is new, the newest 50. WhatsApp tells nobody who reacted: each emoji of others has a `count`. 404 when the
/// channel is not stored. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/channels/{jid}/messages", tag = "channels", params(Paging),
    responses((status = 200, body = List<messages::Message>)))]
pub async fn list_channel_messages(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
    paging: Paging,
) -> ApiResult<Json<Page<Message>>> {
    let channel = segment.address()?;
    let page = state
        .domain()
        .list_channel_messages(here.scope, channel, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
