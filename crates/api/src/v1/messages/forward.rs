//! `POST /sessions/{session}/messages/{mid}/forward`.

use super::{about, idempotency};
use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, LargeBody, Query, Segment, Send},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewForward, SendResult};
use wharf_types::ChatJid;

/// Which message, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardMessage {
    /// The chat's JID, or a person's number.
    chat: String,
    /// The message's author, needed only where several messages have this id.
    sender: Option<String>,
    /// A phone JID, LID JID, `digits`, `+digits`, or a group's or channel's JID.
    to: String,
}

/// Passes a stored message on: a faithful copy, marked as forwarded; media go without a new upload, except between a
/// channel and other chats, whose files are of different kinds. Counted in the rates. 400 names `mid` for what was deleted or is to be seen once only. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/messages/{mid}/forward", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1–255 printable ASCII characters; remembered for 24 hours or longer.")),
    request_body = ForwardMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 409, description = "`conflict`: the first request with this key is still being answered"),
        (status = 422, description = "`idempotency_key_reused`: the key was seen with another request"),
        (status = 429, description = "`rate_limited`: see `Retry-After`"),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn forward_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    mid: Segment,
    query: Query,
    headers: HeaderMap,
    body: LargeBody,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    // The route names the message: the same body about another one is another request.
    let route = format!("forwardMessage/{}", mid.text());
    let idempotency = idempotency::of(&headers, here.scope.id, &route, &body.0)?;
    let body: ForwardMessage = body.typed()?;
    let sender = body.sender.unwrap_or_default();
    let to = about::address(&body.to, "to")?;
    let of = about::message(mid.text(), &body.chat, &sender)?;
    if to == ChatJid::Status {
        return Err(ApiError::not_built("sending to the status feed"));
    }
    let new = NewForward {
        of,
        to,
        file: None,
        sync: !query.flag("async")?.unwrap_or(false),
        idempotency,
    };
    about::answered(state.domain().forward_message(here.scope, new).await?)
}
