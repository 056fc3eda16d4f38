//! `GET /sessions/{session}/messages`.

use crate::{
    error::ApiResult,
    extract::{InSession, Query, Read},
    page::{List, Paging},
    state::ApiState,
};
use axum::{Json, extract::State};
use utoipa::IntoParams;
use wharf_domain::{
    cursor::Page,
    messages::Message,
    search::{MessageParams, MessageQuery},
};

/// Which messages. All optional, all combinable.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// Words, each of which must occur in the text, caption, poll question, place or contact name, or file name: as
    /// a word or a part of one, in any order. Case and the way accents are composed do not matter; any script, from
    /// one character on. Blank = no filter.
    #[param(max_length = 100)]
    pub q: Option<String>,
    /// Only of this chat, by its JID; a chat that is not stored has none.
    pub chat: Option<String>,
    /// Not older than this time, in Unix milliseconds.
    pub from: Option<i64>,
    /// Not newer than this time, in Unix milliseconds.
    pub to: Option<i64>,
}

/// Full-text search over stored messages, newest first by time, then by arrival. A walk over the pages is exact: each
/// message that matches throughout comes once, whatever arrives meanwhile. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/messages", tag = "messages", params(Filters, Paging),
    responses((status = 200, body = List<super::Message>)))]
pub async fn search_messages(
    State(state): State<ApiState>,
    here: InSession<Read>,
    query: Query,
) -> ApiResult<Json<Page<Message>>> {
    let params = MessageParams {
        q: query.raw("q")?,
        from: query.raw("from")?,
        to: query.raw("to")?,
        limit: query.raw("limit")?,
        cursor: query.raw("cursor")?,
    };
    let query = MessageQuery::parse(query.address("chat")?, params)?;
    let page = state.domain().search_messages(here.scope, query).await?;
    Ok(Json(page))
}
