//! `POST /sessions/{session}/channels/{jid}:unfollow`.

use crate::{
    error::ApiResult,
    extract::{InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde_json::json;
use wharf_types::ChannelJid;

/// Follows a channel no more; stored posts stay. Repeating is a no-op. 403 with `details.reason` = `channel_owner` for the
/// channel's owner. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/channels/{jid}/~unfollow", tag = "channels",
    responses((status = 204, description = "Not followed."),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn unfollow_channel(
    State(state): State<ApiState>,
    here: InSession<Send>,
    origin: Origin,
    segment: Segment,
) -> ApiResult<StatusCode> {
    let channel: ChannelJid = segment.address()?;
    let (domain, by) = (state.domain(), origin.by(&here.principal));
    domain.unfollow_channel(here.scope, channel.clone()).await?;
    let what = json!({"channel": channel});
    domain
        .note_done(&by, here.scope, "channel.unfollow", what)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
