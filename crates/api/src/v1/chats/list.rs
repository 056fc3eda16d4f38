//! `GET /sessions/{session}/chats`.

use crate::{
    error::ApiResult,
    extract::{InSession, Query, Read},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use utoipa::IntoParams;
use wharf_domain::{
    chats::{Chat, ChatParams, ChatQuery},
    cursor::Page,
};

/// Which chats. All optional, all combinable.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// `dm`, `group`, `channel` or `status`.
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// In the archive, or not.
    pub archived: Option<bool>,
    /// With unread messages, or without.
    pub unread: Option<bool>,
    /// Part of the name, or of the number of a direct chat.
    #[param(max_length = 100)]
    pub q: Option<String>,
}

/// Pinned first, then newest activity. A chat that moves to the top during a walk may be missed by it, and is
/// announced by the event `chat.updated`. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/chats", tag = "chats", params(Filters, Paging),
    responses((status = 200, body = List<super::Chat>)))]
pub async fn list_chats(
    State(state): State<ApiState>,
    here: InSession<Read>,
    query: Query,
) -> ApiResult<Json<Page<Chat>>> {
    let query = ChatQuery::parse(ChatParams {
        kind: query.raw("type")?,
        archived: query.raw("archived")?,
        unread: query.raw("unread")?,
        q: query.raw("q")?,
        limit: query.raw("limit")?,
        cursor: query.raw("cursor")?,
    })?;
    Ok(Json(state.domain().list_chats(here.scope, query).await?))
}
