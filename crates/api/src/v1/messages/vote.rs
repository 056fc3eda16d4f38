//! `POST /sessions/{session}/messages/{mid}/vote`.

use super::about;
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Query, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewAct, SendResult, Wanted};

/// A choice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteMessage {
    /// The chat's JID, or a person's number.
    chat: String,
    /// The poll's author; absent or `""` where only one message has this id.
    sender: Option<String>,
    /// Texts of options.
    options: Vec<String>,
}

/// Votes in a poll: the whole choice, which replaces the account's former one; `[]` clears it. 400 when it is not a
/// poll, an option is unknown, or there are more than the poll allows. Not counted in the rates. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/messages/{mid}/vote", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does.")),
    request_body = VoteMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn vote_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    body: Body<VoteMessage>,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let Body(body) = body;
    let sender = body.sender.unwrap_or_default();
    let of = about::message(mid.text(), &body.chat, &sender)?;
    let new = NewAct {
        of,
        act: Wanted::Vote(body.options),
        sync: !query.flag("async")?.unwrap_or(false),
    };
    about::done(state.domain().act_on_message(here.scope, new).await?)
}
