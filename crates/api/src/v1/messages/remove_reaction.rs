//! `DELETE /sessions/{session}/messages/{mid}/reaction`.

use super::about;
use crate::{
    error::ApiResult,
    extract::{Body, InSession, Query, Segment, Send},
    state::ApiState,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewAct, Wanted};

/// Which message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveReaction {
    /// The chat's JID, or a person's number.
    chat: String,
    /// The message's author, needed only where several messages have this id.
    sender: Option<String>,
}

/// Takes the account's reaction back. 204 when there is none: nothing is sent. Not counted in the rates. Needs `send`.
#[utoipa::path(delete, path = "/sessions/{session}/messages/{mid}/reaction", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does.")),
    request_body = RemoveReaction,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 204, description = "there was none"),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn remove_reaction(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    body: Body<RemoveReaction>,
) -> ApiResult<Response> {
    let Body(body) = body;
    let sender = body.sender.unwrap_or_default();
    let new = NewAct {
        of: about::message(mid.text(), &body.chat, &sender)?,
        act: Wanted::Unreact,
        sync: !query.flag("async")?.unwrap_or(false),
    };
    Ok(
        match state.domain().act_on_message(here.scope, new).await? {
            Some(answer) => about::answered(answer)?.into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
    )
}
