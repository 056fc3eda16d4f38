//! `GET /sessions/{session}/chats/{cid}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Read, Segment},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::chats::Chat;

/// One chat; both ids of a person address theirs. Needs `read`; stored.
#[utoipa::path(get, path = "/sessions/{session}/chats/{cid}", tag = "chats",
    responses((status = 200, body = super::Chat)))]
pub async fn get_chat(
    State(state): State<ApiState>,
    here: InSession<Read>,
    segment: Segment,
) -> ApiResult<Json<Chat>> {
    let chat = segment.address()?;
    Ok(Json(state.domain().get_chat(here.scope, chat).await?))
}
