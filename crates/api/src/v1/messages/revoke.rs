//! `DELETE /sessions/{session}/messages/{mid}`.

use super::about;
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Query, Segment, Send},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::{
    messages::Author,
    outbox::{NewAct, SendResult, Wanted},
};

/// Which message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeMessage {
    /// The chat's JID, or a person's number.
    chat: String,
    /// Its author; absent or `""` = the account itself.
    sender: Option<String>,
}

/// Deletes a message for everyone in the chat: an own one, or in a group as its admin another's; 403 `not_group_admin`
/// otherwise. Not counted in the rates. Needs `send`.
#[utoipa::path(delete, path = "/sessions/{session}/messages/{mid}", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does.")),
    request_body = RevokeMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn revoke_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    body: Body<RevokeMessage>,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let Body(body) = body;
    let sender = body.sender.unwrap_or_default();
    let mut of = about::message(mid.text(), &body.chat, &sender)?;
    if of.sender == Author::Any {
        of.sender = Author::Own;
    }
    let new = NewAct {
        of,
        act: Wanted::Revoke,
        sync: !query.flag("async")?.unwrap_or(false),
    };
    about::done(state.domain().act_on_message(here.scope, new).await?)
}
