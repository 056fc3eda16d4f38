//! `POST /sessions/{session}/channels/{jid}:mute`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Origin, Segment, Send},
    state::ApiState,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use wharf_types::ChannelJid;

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
    origin: Origin,
    Body(body): Body<MuteChannel>,
) -> ApiResult<StatusCode> {
    let channel: ChannelJid = segment.address()?;
    let mute = body.mute.unwrap_or(true);
    let (domain, by) = (state.domain(), origin.by(&here.principal));
    domain
        .mute_channel(here.scope, channel.clone(), mute)
        .await?;
    let what = json!({"channel": channel, "mute": mute});
    domain
        .note_done(&by, here.scope, "channel.mute", what)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
