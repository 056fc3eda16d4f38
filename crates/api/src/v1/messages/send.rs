//! `POST /sessions/{session}/messages`.

use super::{
    about::answered,
    body::{self, Bring, SendMessage},
    idempotency,
};
use crate::{
    error::ApiResult,
    extract::{InSession, LargeBody, Query, Send},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use wharf_domain::outbox::{NewSend, SendResult, What};

/// Sends a message. `async=false` (default) waits for WhatsApp's server: 200 once it has acknowledged without error,
/// 202 after 30 s without an answer; 501 while not connected, 429 over the session's rate. `async=true` is durable
/// in the outbox and answers 202 at once, also while disconnected; the outcome is the event `message.status`.
/// With `Idempotency-Key` a repeat sends nothing and answers as the first did, with `replayed: true` and the
/// current status. Needs `send`.
#[utoipa::path(post, path = "/sessions/{session}/messages", tag = "messages",
    params(("async" = Option<bool>, Query, description = "Answer before WhatsApp does."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1–255 printable ASCII characters; remembered for 24 hours or longer.")),
    request_body = SendMessage,
    responses((status = 200, body = super::SendResult), (status = 202, body = super::SendResult),
        (status = 409, description = "`conflict`: the first request with this key is still being answered"),
        (status = 422, description = "`idempotency_key_reused`: the key was seen with another request"),
        (status = 429, description = "`rate_limited`: see `Retry-After`"),
        (status = 501, description = "`not_implemented`: `details.reason` is `session_not_connected`, `not_paired` or `not_built`"),
        (status = 502, description = "`upstream_error`: `details.reason` says why WhatsApp refused")))]
pub async fn send_message(
    State(state): State<ApiState>,
    here: InSession<Send>,
    query: Query,
    headers: HeaderMap,
    body: LargeBody,
) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let sync = !query.flag("async")?.unwrap_or(false);
    let idempotency = idempotency::of(&headers, here.scope.id, "sendMessage", &body.0)?;
    let (new, bring) = body::read(body)?;
    let mut new = NewSend {
        sync,
        idempotency,
        ..new
    };
    let (domain, key) = (state.domain(), new.idempotency.as_ref());
    match (bring, &mut new.what) {
        (Bring::File(file), what) => {
            // `None`: a replay, which sends nothing.
            if let Some(ready) = domain.prepare_media(here.scope, file, sync, key).await? {
                *what = ready;
            }
        }
        (Bring::Preview, What::Text { text, preview }) => {
            *preview = domain.preview(here.scope, text, sync, key).await;
        }
        (Bring::Nothing | Bring::Preview, _) => {}
    }
    answered(state.domain().send_message(here.scope, new).await?)
}
