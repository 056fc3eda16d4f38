//! `PATCH /sessions/{session}/chats/{cid}`.

use crate::{
    error::ApiResult,
    extract::{Body, InSession, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::chats::{Chat, change::ChatPatch};
use wharf_types::Millis;

/// What to change; an absent field stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateChat {
    /// In the archive, or not.
    archived: Option<bool>,
    /// Muted until then; must be to come.
    muted_until: Option<Millis>,
    /// Pinned to the top, or not.
    pinned: Option<bool>,
    /// `true` ends a mute, and wins over `mutedUntil`.
    unmute: Option<bool>,
}

/// Archives, pins and mutes. Stored at once; the phone and the account's other devices follow as soon as there is
/// a connection, in the order of time: what the phone itself changes later counts. A channel's settings are kept
/// here only. A body that names nothing changes nothing. Needs `send`.
#[utoipa::path(patch, path = "/sessions/{session}/chats/{cid}", tag = "chats", request_body = UpdateChat,
    responses((status = 200, body = super::Chat)))]
pub async fn update_chat(
    State(state): State<ApiState>,
    here: InSession<Send>,
    segment: Segment,
    Body(body): Body<UpdateChat>,
) -> ApiResult<Json<Chat>> {
    let chat = segment.address()?;
    let patch = ChatPatch {
        archived: body.archived,
        muted_until: body.muted_until,
        pinned: body.pinned,
        unmute: body.unmute.unwrap_or(false),
    };
    let chat = state.domain().update_chat(here.scope, chat, patch).await?;
    Ok(Json(chat))
}
