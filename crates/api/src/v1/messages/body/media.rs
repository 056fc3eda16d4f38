//! `type: image`, `video`, `audio`, `document`, `sticker`.

use crate::error::{ApiError, ApiResult};
use serde::Deserialize;
use utoipa::ToSchema;
use wharf_domain::{
    media::{MediaSource, NewMedia},
    outbox::MediaKind,
};

const LONGEST_CAPTION: usize = 65_536;
const LONGEST_NAME: usize = 255;
const LONGEST_URL: usize = 8_192;

/// A file to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MediaBody {
    media: MediaFile,
    /// Audio only: a voice note. Converted to Opus where ffmpeg is installed, else sent as it is.
    voice: Option<bool>,
    /// Image, video and audio only: shown once.
    view_once: Option<bool>,
}

/// Exactly one of `data`, `url` and `mediaId`, and what is said of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MediaFile {
    /// Base64 or a base64 `data:` URI; at most 16 MiB decoded.
    data: Option<String>,
    /// Fetched when the send is accepted: https, a public address, no redirects (the settings `outbound`).
    url: Option<String>,
    /// From `POST …/media` of the same session.
    media_id: Option<String>,
    /// Else from the `data:` URI, else what the bytes show. A type that the bytes contradict is corrected within its kind
    /// and refused otherwise; a document may say anything.
    mimetype: Option<String>,
    /// At most 65,536 bytes; image, video and document.
    caption: Option<String>,
    /// At most 255 characters.
    filename: Option<String>,
}

fn kind(name: &str) -> ApiResult<MediaKind> {
    match name {
        "image" => Ok(MediaKind::Image),
        "video" => Ok(MediaKind::Video),
        "audio" => Ok(MediaKind::Audio),
        "document" => Ok(MediaKind::Document),
        "sticker" => Ok(MediaKind::Sticker),
        _ => Err(ApiError::invalid("type", "is not a type of message")),
    }
}

/// Where a file's bytes are: exactly one of the three.
pub(crate) fn source(
    data: Option<String>,
    url: Option<String>,
    media_id: Option<String>,
) -> ApiResult<MediaSource> {
    match (data, url, media_id) {
        (Some(data), None, None) => Ok(MediaSource::Data(data)),
        (None, Some(url), None) if url.len() <= LONGEST_URL => Ok(MediaSource::Url(url)),
        (None, Some(_), None) => Err(ApiError::invalid("media.url", "is too long")),
        (None, None, Some(id)) => Ok(MediaSource::Id(id)),
        _ => Err(ApiError::invalid(
            "media",
            "must have one of data, url and mediaId",
        )),
    }
}

pub(super) fn read(name: &str, body: MediaBody) -> ApiResult<NewMedia> {
    use MediaKind::{Audio, Document, Image, Video};
    let kind = kind(name)?;
    let voice = body.voice.unwrap_or(false);
    if voice && kind != Audio {
        return Err(ApiError::invalid("voice", "is for audio"));
    }
    let view_once = body.view_once.unwrap_or(false);
    if view_once && !matches!(kind, Image | Video | Audio) {
        return Err(ApiError::invalid(
            "viewOnce",
            "is for image, video and audio",
        ));
    }
    let file = body.media;
    let source = source(file.data, file.url, file.media_id)?;
    let caption = file.caption.unwrap_or_default();
    if caption.len() > LONGEST_CAPTION {
        return Err(ApiError::invalid(
            "media.caption",
            "must be at most 65536 bytes",
        ));
    }
    if !caption.is_empty() && !matches!(kind, Image | Video | Document) {
        return Err(ApiError::invalid(
            "media.caption",
            "is for image, video and document",
        ));
    }
    let filename = file.filename.unwrap_or_default();
    if filename.chars().count() > LONGEST_NAME || filename.contains(['/', '\\', '\0']) {
        return Err(ApiError::invalid(
            "media.filename",
            "must be at most 255 characters, without a path",
        ));
    }
    Ok(NewMedia {
        kind,
        source,
        mimetype: file.mimetype.unwrap_or_default(),
        caption,
        filename,
        voice,
        view_once,
    })
}
