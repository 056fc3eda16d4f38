//! `POST /sessions/{session}/chats/{cid}/read`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State};
use wharf_domain::chats::Chat;

/// Clears the gateway's unread counter and sends no read receipts. Idempotent. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/chats/{cid}/read", tag = "chats",
    responses((status = 200, body = super::Chat)))]
pub async fn read_chat(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<Json<Chat>> {
    let chat = segment.address()?;
    Ok(Json(state.domain().read_chat(here.scope, chat).await?))
}
