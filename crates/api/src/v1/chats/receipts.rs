//! `POST /sessions/{session}/chats/{cid}/receipts`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which messages were read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendReceipts {
    /// WhatsApp's ids of stored messages of this chat, 1 to 1,000.
    messages: Vec<String>,
}

/// Tells the authors that their messages were read, in a direct chat or group. The account's own messages among
/// them are passed over; the unread counter stays (`readChat` clears it). Whether the other side sees it is also a
/// matter of both sides' privacy settings. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/chats/{cid}/receipts", tag = "chats",
    request_body = SendReceipts,
    responses((status = 204, description = "Sent."),
        (status = 501, description = "`not_implemented`: the session is not connected")))]
pub async fn send_receipts(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    Body(body): Body<SendReceipts>,
) -> ApiResult<StatusCode> {
    let chat = segment.address()?;
    state
        .domain()
        .send_receipts(here.scope, chat, body.messages)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
