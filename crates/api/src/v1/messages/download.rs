//! `GET /sessions/{session}/messages/{mid}/media`.

use crate::{
    error::{ApiError, ApiResult},
    extract::{AnswersAnything, InSession, Query, Read, Segment},
    ranges::{self, Wanted},
    state::ApiState,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wharf_domain::{
    Error,
    media::{MediaFile, Part},
    messages::{Author, MessageAt},
    ports::blobs::Chunks,
};

/// What RFC 8187 lets stand as it is.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// The decrypted file of a stored message, with its MIME type; `Range` and `If-None-Match` work. What is kept here is read
/// here, also while disconnected; anything else is fetched from WhatsApp, checked and kept, and when WhatsApp has dropped it
/// the phone is asked to upload it again. 404 when the message has no file, 501 when it is not kept and the session is not
/// connected. `chat` and `sender` as for getMessage. Needs `read`.
#[utoipa::path(get, path = "/sessions/{session}/messages/{mid}/media", tag = "messages",
    params(("chat" = Option<String>, Query, description = "The chat's JID, or a person's number."),
        ("sender" = Option<String>, Query, description = "The author's JID or number."),
        ("Range" = Option<String>, Header, description = "One range of bytes.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part asked for"),
        (status = 304, description = "The caller has it"),
        (status = 416, description = "`validation_error`: no such part"),
        (status = 502, description = "`upstream_error`: `details.reason` is `media_expired`, or `rejected` when the bytes are not those the message names")))]
pub async fn download_media(
    State(state): State<ApiState>,
    here: InSession<Read, AnswersAnything>,
    mid: Segment,
    query: Query,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let wa_id = mid.text().to_owned();
    if wa_id.len() > 255 {
        return Err(ApiError::invalid("mid", "is not a message id"));
    }
    let at = MessageAt {
        wa_id,
        chat: query.address("chat")?,
        sender: query.address("sender")?.map_or(Author::Any, Author::By),
    };
    let domain = state.domain();
    let file = domain.message_media(here.scope, at).await?;
    let tag = format!("\"{}\"", file.sha256);
    let same = |name| {
        let value = headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok());
        value.map(|tags| tags == "*" || tags.split(',').any(|one| one.trim() == tag))
    };
    let mut answer = HeaderMap::new();
    answer.insert(header::ETAG, value(&tag)?);
    if same(header::IF_NONE_MATCH) == Some(true) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    // A file of strangers, shown by nobody as a page of this address.
    answer.insert(header::CONTENT_TYPE, mimetype(&file));
    answer.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer.insert(header::CONTENT_DISPOSITION, value(&disposition(&file))?);
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let range = headers
        .get(header::RANGE)
        .filter(|_| same(header::IF_RANGE) != Some(false));
    let (status, part) = match ranges::wanted(range, file.size) {
        Wanted::All => (
            StatusCode::OK,
            Part {
                from: 0,
                length: file.size,
            },
        ),
        Wanted::Some { from, length } => {
            let says = format!("bytes {from}-{}/{}", from + length - 1, file.size);
            answer.insert(header::CONTENT_RANGE, value(&says)?);
            (StatusCode::PARTIAL_CONTENT, Part { from, length })
        }
        Wanted::Impossible => {
            let says = format!("bytes */{}", file.size);
            return Err(ApiError::range(value(&says)?));
        }
    };
    answer.insert(header::CONTENT_LENGTH, part.length.into());
    let bytes = domain.media_bytes(&file, part).await?;
    Ok((status, answer, Body::from_stream(stream(bytes))).into_response())
}

/// A body that fails is cut off, and the length announced tells the caller so.
fn stream(bytes: Box<dyn Chunks>) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    futures_util::stream::try_unfold(bytes, |mut bytes| async move {
        Ok(bytes.chunk().await?.map(|chunk| (chunk, bytes)))
    })
}

fn value(text: &str) -> ApiResult<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| ApiError::internal("a header that cannot be"))
}

/// The type was written by a stranger.
fn mimetype(file: &MediaFile) -> HeaderValue {
    let unknown = HeaderValue::from_static("application/octet-stream");
    let good = file.mimetype.contains('/') && file.mimetype.len() < 128;
    let value = HeaderValue::from_str(&file.mimetype).ok();
    value.filter(|_| good).unwrap_or(unknown)
}

/// Always to be saved, never to be opened in the place of a page.
fn disposition(file: &MediaFile) -> String {
    if file.filename.is_empty() {
        return "attachment".to_owned();
    }
    let name = utf8_percent_encode(&file.filename, NAME);
    format!("attachment; filename*=UTF-8''{name}")
}
