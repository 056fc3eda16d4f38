//! `POST /sessions/{session}/channels/{jid}:mute`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Muted or not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteChannel {
    /// `true` when absent.
    mute: Option<bool>,
}

/// Sets whether a channel's posts notify the account's phone. Repeating is a no-op. 403 with `details.reason` =
/// `not_following` for who does not follow it. Needs `send` and a connected session.
#[utoipa::path(post, path = "/sessions/{session}/channels/{jid}/~mute", tag = "channels",
    request_body = MuteChannel,
    responses((status = 204, description = "Set."),
        (status = 501, description = "`not_implemented`: the session is not connected"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused"),
        (status = 504, description = "`timeout`: WhatsApp did not answer in time")))]
pub async fn mute_channel(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    Body(body): Body<MuteChannel>,
) -> ApiResult<StatusCode> {
    let channel = segment.address()?;
    let mute = body.mute.unwrap_or(true);
    state
        .domain()
        .mute_channel(here.scope, channel, mute)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
