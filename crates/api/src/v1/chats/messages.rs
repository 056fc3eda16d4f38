//! `GET /sessions/{session}/chats/{cid}/messages`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::{cursor::Page, messages::Message};

/// Stored messages of a chat, newest first by time, then by arrival. 404 when the chat is not stored. Needs `read`.
#[utoipa::path(get, path = "/sessions/{session}/chats/{cid}/messages", tag = "chats", params(Paging),
    responses((status = 200, body = List<super::Message>)))]
pub async fn list_chat_messages(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
    paging: Paging,
) -> ApiResult<Json<Page<Message>>> {
    let chat = segment.address()?;
    let page = state
        .domain()
        .list_chat_messages(here.scope, chat, paging.limit, &paging.cursor)
        .await?;
    Ok(Json(page))
}
