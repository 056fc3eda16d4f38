//! `POST /sessions/{session}/messages`.

use super::idempotency;
use crate::{
    error::{ApiError, ApiResult},
    extract::{InSession, LargeBody, Query, Send},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_domain::outbox::{NewSend, SendResult};
use wharf_types::{Address, ChatJid, Millis};

const LONGEST_TEXT: usize = 65_536;
const LONGEST_REFERENCE: usize = 256;
const MOST_MENTIONS: usize = 1_024;
/// The end of the year 9999: later times are mistakes.
const LAST: Millis = 253_402_300_799_999;
/// Of the contract, not of this version.
const NOT_BUILT: [&str; 8] = [
    "poll", "location", "contact", "image", "video", "audio", "document", "sticker",
];

/// A text to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SendMessage {
    /// `text`. Other kinds are answered 501 until they are built.
    #[serde(rename = "type")]
    #[expect(dead_code, reason = "read before the rest")]
    kind: String,
    /// A phone JID, LID JID, `digits`, `+digits`, or a group's JID.
    to: String,
    /// At most 65,536 bytes.
    text: String,
    /// Not built yet: `true` is answered 501.
    link_preview: Option<bool>,
    /// WhatsApp's id of the message replied to.
    reply_to: Option<String>,
    /// JIDs of the people mentioned.
    mentions: Option<Vec<String>>,
    /// Opaque, at most 256 characters; in every event of this message.
    reference: Option<String>,
    /// Queued until then.
    send_at: Option<Millis>,
    /// Not sent after then.
    expires_at: Option<Millis>,
}

/// Sends a text. `async=false` (default) waits for WhatsApp's server: 200 once it has acknowledged without error,
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
    let new = NewSend {
        sync,
        idempotency,
        ..read(body)?
    };
    let answer = state.domain().send_message(here.scope, new).await?;
    let status = StatusCode::from_u16(answer.http_status)
        .map_err(|_| ApiError::internal("a remembered status is none"))?;
    Ok((status, Json(answer.result)))
}

fn read(body: LargeBody) -> ApiResult<NewSend> {
    match body.0.get("type") {
        Some(Value::String(kind)) if kind == "text" => {}
        Some(Value::String(kind)) if NOT_BUILT.contains(&kind.as_str()) => {
            return Err(ApiError::not_built(&format!("sending type {kind}")));
        }
        Some(_) => return Err(ApiError::invalid("type", "is not a type of message")),
        None if body.0.is_object() => return Err(ApiError::invalid("type", "is required")),
        None => {}
    }
    let body: SendMessage = body.typed()?;
    let to: ChatJid = body
        .to
        .parse()
        .map_err(|error: wharf_types::AddressError| ApiError::invalid("to", error.to_string()))?;
    if !(1..=LONGEST_TEXT).contains(&body.text.len()) {
        return Err(ApiError::invalid("text", "must be 1 to 65536 bytes"));
    }
    let reference = body.reference.unwrap_or_default();
    if reference.chars().count() > LONGEST_REFERENCE {
        return Err(ApiError::invalid(
            "reference",
            "must be at most 256 characters",
        ));
    }
    let reply_to = body.reply_to.filter(|id| !id.is_empty());
    if reply_to.as_ref().is_some_and(|id| id.len() > 255) {
        return Err(ApiError::invalid("replyTo", "is not a message id"));
    }
    let (send_at, expires_at) = times(body.send_at, body.expires_at)?;
    let mentions = mentions(&body.mentions.unwrap_or_default())?;
    if matches!(to, ChatJid::Channel(_) | ChatJid::Status) {
        return Err(ApiError::not_built(
            "sending to a channel or the status feed",
        ));
    }
    if body.link_preview == Some(true) {
        return Err(ApiError::not_built("linkPreview"));
    }
    Ok(NewSend {
        to,
        text: body.text,
        mentions,
        reply_to,
        reference,
        send_at,
        expires_at,
        sync: true,
        idempotency: None,
    })
}

fn times(
    send_at: Option<Millis>,
    expires_at: Option<Millis>,
) -> ApiResult<(Option<Millis>, Option<Millis>)> {
    for (field, time) in [("sendAt", send_at), ("expiresAt", expires_at)] {
        if time.is_some_and(|time| !(0..=LAST).contains(&time)) {
            return Err(ApiError::invalid(field, "must be a time in milliseconds"));
        }
    }
    // Whether it is past already is not asked here: a replay after that time is still a replay.
    if expires_at.is_some_and(|end| send_at.is_some_and(|start| end <= start)) {
        return Err(ApiError::invalid("expiresAt", "must be later than sendAt"));
    }
    Ok((send_at, expires_at))
}

fn mentions(texts: &[String]) -> ApiResult<Vec<String>> {
    if texts.len() > MOST_MENTIONS {
        return Err(ApiError::invalid("mentions", "must be at most 1024"));
    }
    texts
        .iter()
        .enumerate()
        .map(|(place, text)| match text.parse::<Address>() {
            Ok(address) => Ok(address.jid()),
            Err(error) => Err(ApiError::invalid(
                &format!("mentions[{place}]"),
                error.to_string(),
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(field: &str, value: Value) -> Result<NewSend, u16> {
        let mut body = json!({"type": "text", "to": "+15551230001", "text": "hi"});
        body[field] = value;
        read(LargeBody(body)).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn what_a_send_must_be() {
        let sound = with("mentions", json!(["15551230002@c.us", "1@lid"])).unwrap();
        assert_eq!(sound.mentions, ["15551230002@s.whatsapp.net", "1@lid"]);
        assert_eq!(sound.to.jid(), "15551230001@s.whatsapp.net");
        for (field, value) in [
            ("to", json!("abc")),
            ("to", json!(5)),
            ("text", json!("")),
            ("text", json!("x".repeat(65_537))),
            ("reference", json!("é".repeat(257))),
            ("mentions", json!(["x"])),
            ("sendAt", json!(-1)),
            ("expiresAt", json!(i64::MAX)),
            ("sendAt", json!("soon")),
            ("type", json!("tex")),
            ("type", Value::Null),
            ("caption", json!("x")),
        ] {
            assert_eq!(
                with(field, value.clone()).unwrap_err(),
                400,
                "{field} {value}"
            );
        }
        for (field, value) in [
            ("type", json!("image")),
            ("linkPreview", json!(true)),
            ("to", json!("120363000000000000@newsletter")),
        ] {
            assert_eq!(
                with(field, value.clone()).unwrap_err(),
                501,
                "{field} {value}"
            );
        }
        assert!(with("text", json!("x".repeat(65_536))).is_ok());
        assert!(with("linkPreview", json!(false)).is_ok());
    }
}
