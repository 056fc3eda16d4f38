//! `PUT /sessions/{session}/chats/{cid}/presence`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::ports::engine::Typing;

/// What the others see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetChatPresence {
    /// `composing`, `recording` or `paused`.
    state: String,
}

/// Shows the account as typing or recording in a direct chat or group, or not any more. WhatsApp forgets it after
/// some seconds, and with the next message. Needs `send` and a connected session.
#[utoipa::path(put, path = "/sessions/{session}/chats/{cid}/presence", tag = "chats",
    request_body = SetChatPresence,
    responses((status = 204, description = "Told."),
        (status = 501, description = "`not_implemented`: the session is not connected")))]
pub async fn set_chat_presence(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    Body(body): Body<SetChatPresence>,
) -> ApiResult<StatusCode> {
    let chat = segment.address()?;
    let typing = Typing::parse(&body.state)
        .ok_or_else(|| ApiError::invalid("state", "must be composing, recording or paused"))?;
    state
        .domain()
        .set_chat_presence(here.scope, chat, typing)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
