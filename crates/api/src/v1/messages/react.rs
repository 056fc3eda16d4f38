//! `POST /sessions/{session}/messages/{mid}/reaction`.

use super::about;
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, InSession, Query, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewAct, SendResult, Wanted};
use wharf_types::NoEmoji;

/// A reaction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactMessage {
    /// The chat's JID, or a person's number.
    chat: String,
    /// The message's author, needed only where several messages have this id.
    sender: Option<String>,
    /// Exactly one emoji.
    emoji: String,
}

/// Reacts to a message; replaces the account's former reaction. Not counted in the rates. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/messages/{mid}/reaction", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does.")),
    request_body = ReactMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn react_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    body: Body<ReactMessage>,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let Body(body) = body;
    let sender = body.sender.unwrap_or_default();
    let of = about::message(mid.text(), &body.chat, &sender)?;
    let emoji = body
        .emoji
        .parse()
        .map_err(|error: NoEmoji| ApiError::invalid("emoji", error.to_string()))?;
    let new = NewAct {
        of,
        act: Wanted::React(emoji),
        sync: !query.flag("async")?.unwrap_or(false),
    };
    about::done(state.domain().act_on_message(here.scope, new).await?)
}
