//! `GET /sessions/{session}/messages/{mid}`.

use super::about;
use crate::{
    error::ApiResult,
    extract::{InSession, Query, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::messages::{Author, Message, MessageAt};

/// One stored message. WhatsApp's ids are unique only within chat and sender: when several messages match and the
/// parameters do not decide, 400 names `chat` (or `sender`, where `chat` is given). Needs `read`.
#[utoipa::path(get, path = "/sessions/{session}/messages/{mid}", tag = "messages",
    params(("chat" = Option<String>, Query, description = "The chat's JID, or a person's number."),
        ("sender" = Option<String>, Query, description = "The author's JID or number.")),
    responses((status = 200, body = super::Message)))]
pub async fn get_message(
    State(state): State<ApiState>,
    here: InSession<Read>,
    mid: Segment,
    query: Query,
) -> ApiResult<Json<Message>> {
    let at = MessageAt {
        wa_id: about::id(mid.text())?,
        chat: query.address("chat")?,
        sender: query.address("sender")?.map_or(Author::Any, Author::By),
    };
    Ok(Json(state.domain().get_message(here.scope, at).await?))
}
