//! The body of a send: what stands with every type, and a file for each type's own fields.
//!
//! The body is read in two halves, so that each half can refuse what is not its field: the fields that stand with
//! every type are taken out, and what is left must be the type's own.

mod contact;
mod location;
pub(crate) mod media;
mod poll;
mod text;

pub(super) use text::sound as sound_text;

use crate::{
    error::{ApiError, ApiResult},
    extract::LargeBody,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wharf_domain::{
    media::NewMedia,
    outbox::{NewSend, What},
};
use wharf_types::{Address, AddressError, ChatJid, Millis};

const LONGEST_REFERENCE: usize = 256;
const MOST_MENTIONS: usize = 1_024;
/// The end of the year 9999: later times are mistakes.
const LAST: Millis = 253_402_300_799_999;

/// What to send: the fields of its `type`, and those that stand with every type.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of the two halves together, for OpenAPI"
)]
pub struct SendMessage {
    #[serde(flatten)]
    every: SendCommon,
    #[serde(flatten)]
    kind: SendKind,
}

/// By `type`.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(dead_code, reason = "for OpenAPI")]
enum SendKind {
    Text(text::TextBody),
    Poll(poll::PollBody),
    Location(location::LocationBody),
    Contact(contact::ContactBody),
    Image(media::MediaBody),
    Video(media::MediaBody),
    Audio(media::MediaBody),
    Document(media::MediaBody),
    Sticker(media::MediaBody),
}

/// Stands with every type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SendCommon {
    /// A phone JID, LID JID, `digits`, `+digits`, or a group's or channel's JID.
    to: String,
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

/// The names of [`SendCommon`]'s fields.
const EVERY: [&str; 6] = [
    "to",
    "replyTo",
    "mentions",
    "reference",
    "sendAt",
    "expiresAt",
];

/// What a send names that has to be brought before it can be accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bring {
    Nothing,
    File(NewMedia),
    /// What the first link of its text leads to.
    Preview,
}

/// Reads a body as a send, and what is to be brought for it.
pub(super) fn read(body: LargeBody) -> ApiResult<(NewSend, Bring)> {
    let Value::Object(mut fields) = body.0 else {
        return Err(ApiError::invalid("body", "must be a JSON object"));
    };
    let kind = match fields.remove("type") {
        Some(Value::String(kind)) => kind,
        Some(_) => return Err(ApiError::invalid("type", "is not a type of message")),
        None => return Err(ApiError::invalid("type", "is required")),
    };
    let every: Map<String, Value> = EVERY
        .into_iter()
        .filter_map(|name| fields.remove_entry(name))
        .collect();
    let (what, bring) = match kind.as_str() {
        "image" | "video" | "audio" | "document" | "sticker" => {
            let file = media::read(&kind, typed(fields)?)?;
            (file.unprepared(), Bring::File(file))
        }
        "text" => match text::read(typed(fields)?)? {
            (what, true) => (what, Bring::Preview),
            (what, false) => (what, Bring::Nothing),
        },
        _ => (what(&kind, fields)?, Bring::Nothing),
    };
    let new = with(typed(every)?, what)?;
    if new.to == ChatJid::Status {
        return Err(ApiError::not_built("sending to the status feed"));
    }
    Ok((new, bring))
}

/// The type's own fields.
fn what(kind: &str, fields: Map<String, Value>) -> ApiResult<What> {
    match kind {
        "poll" => poll::read(typed(fields)?),
        "location" => location::read(typed(fields)?),
        "contact" => contact::read(typed(fields)?),
        _ => Err(ApiError::invalid("type", "is not a type of message")),
    }
}

fn typed<T: DeserializeOwned>(fields: Map<String, Value>) -> ApiResult<T> {
    LargeBody(Value::Object(fields)).typed()
}

fn with(every: SendCommon, what: What) -> ApiResult<NewSend> {
    let to: ChatJid = every
        .to
        .parse()
        .map_err(|error: AddressError| ApiError::invalid("to", error.to_string()))?;
    let reference = every.reference.unwrap_or_default();
    if reference.chars().count() > LONGEST_REFERENCE {
        return Err(ApiError::invalid(
            "reference",
            "must be at most 256 characters",
        ));
    }
    let reply_to = every.reply_to.filter(|id| !id.is_empty());
    if reply_to.as_ref().is_some_and(|id| id.len() > 255) {
        return Err(ApiError::invalid("replyTo", "is not a message id"));
    }
    let (send_at, expires_at) = times(every.send_at, every.expires_at)?;
    Ok(NewSend {
        to,
        what,
        mentions: mentions(&every.mentions.unwrap_or_default())?,
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

/// A text of so many characters at most, not blank.
fn words(field: &str, text: &str, most: usize) -> ApiResult<()> {
    if text.trim().is_empty() || text.chars().count() > most {
        return Err(ApiError::invalid(
            field,
            format!("must be 1 to {most} characters, not only white space"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
