//! `DELETE /sessions/{session}/chats/{cid}`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Forgets the chat and its messages here. The phone keeps them; new activity brings the chat back, empty. Needs
/// `send`.
#[utoipa::path(delete, path = "/sessions/{session}/chats/{cid}", tag = "chats",
    responses((status = 204, description = "Deleted.")))]
pub async fn delete_chat(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let chat = segment.address()?;
    state.domain().delete_chat(here.scope, chat).await?;
    Ok(StatusCode::NO_CONTENT)
}
