//! What the operations on a stored message share: which message, and how what became of it is answered.

use crate::error::{ApiError, ApiResult};
use axum::{Json, http::StatusCode};
use wharf_domain::{
    messages::{Author, MessageAt},
    outbox::{Answer, SendResult},
};
use wharf_types::{AddressError, ChatJid};

/// A message by the path's id and the body's chat and author. `""` says nothing of the author.
pub fn message(mid: &str, chat: &str, sender: &str) -> ApiResult<MessageAt> {
    let chat = address(chat, "chat")?;
    if chat == ChatJid::Status {
        return Err(ApiError::not_built("changing messages of the status feed"));
    }
    Ok(MessageAt {
        wa_id: id(mid)?,
        chat: Some(chat),
        sender: author(sender)?,
    })
}

/// WhatsApp's id of a message.
pub fn id(mid: &str) -> ApiResult<String> {
    if mid.len() > 255 {
        return Err(ApiError::invalid("mid", "is not a message id"));
    }
    Ok(mid.to_owned())
}

/// A chat's address.
pub fn address(text: &str, field: &str) -> ApiResult<ChatJid> {
    text.parse()
        .map_err(|error: AddressError| ApiError::invalid(field, error.to_string()))
}

fn author(text: &str) -> ApiResult<Author> {
    if text.is_empty() {
        return Ok(Author::Any);
    }
    text.parse()
        .map(Author::By)
        .map_err(|error: AddressError| ApiError::invalid("sender", error.to_string()))
}

/// 200 or 202 with the SendResult.
pub fn answered(answer: Answer) -> ApiResult<(StatusCode, Json<SendResult>)> {
    let status = StatusCode::from_u16(answer.http_status)
        .map_err(|_| ApiError::internal("a remembered status is none"))?;
    Ok((status, Json(answer.result)))
}

/// The same, of what always has something to do.
pub fn done(answer: Option<Answer>) -> ApiResult<(StatusCode, Json<SendResult>)> {
    answered(answer.ok_or_else(|| ApiError::internal("a deed that is none"))?)
}
