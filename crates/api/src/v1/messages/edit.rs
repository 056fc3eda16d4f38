//! `PATCH /sessions/{session}/messages/{mid}`.

use super::{about, body::sound_text};
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Query, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewAct, SendResult, Wanted};

/// New words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditMessage {
    /// The chat's JID, or a person's number.
    chat: String,
    /// At most 65,536 bytes.
    text: String,
}

/// Gives an own text new words, for everyone in the chat. WhatsApp's apps take edits for about 15 minutes. Not counted
/// in the rates; sent like a message otherwise. 400 names `mid` when it is not an own text. Needs `send`.
#[utoipa::path(patch, path = "/sessions/{session}/messages/{mid}", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does.")),
    request_body = EditMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn edit_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    body: Body<EditMessage>,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let Body(body) = body;
    let of = about::message(mid.text(), &body.chat, "")?;
    sound_text(&body.text)?;
    let new = NewAct {
        of,
        act: Wanted::Edit(body.text),
        sync: !query.flag("async")?.unwrap_or(false),
    };
    about::done(state.domain().act_on_message(here.scope, new).await?)
}
