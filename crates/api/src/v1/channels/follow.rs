//! `POST /sessions/{session}/channels/{jid}:follow`.

use crate::{
    error::ApiResult,
    extract::{InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};

/// Follows a channel; its newest posts are stored then. Repeating is a no-op. WhatsApp mutes a channel that is new. Needs
/// `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/channels/{jid}/~follow", tag = "channels",
    responses((status = 204, description = "Followed."),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn follow_channel(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let channel = segment.address()?;
    state.domain().follow_channel(here.scope, channel).await?;
    Ok(StatusCode::NO_CONTENT)
}
