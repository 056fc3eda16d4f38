//! Which MIME type a file is sent under.
//!
//! What the bytes show is believed before what somebody says, except for documents, which may be anything. A file that
//! shows itself to be of another kind than it is sent as is refused: a phone would show nothing.

use crate::{Error, Result, outbox::MediaKind};

const UNKNOWN: &str = "application/octet-stream";
/// Holds sound or pictures or both: the bytes do not tell which.
const CONTAINERS: [&str; 6] = [
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/x-matroska",
    "audio/ogg",
    "video/ogg",
];

/// Opus in Ogg, as the studio names it.
const OPUS: &str = "audio/opus";
/// The same as WhatsApp names it: the type of a voice note.
pub(super) const VOICE: &str = "audio/ogg; codecs=opus";

/// Whether a sound can go as a voice note as it is.
pub(super) fn is_opus(sniffed: Option<&'static str>) -> bool {
    sniffed == Some(OPUS)
}

/// `image/jpeg; charset=x` without its parameters, in small letters.
pub(super) fn essence(mimetype: &str) -> String {
    let essence = mimetype.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// A MIME type a caller named, checked for its form (RFC 2045 §5.1, and no longer than anybody needs).
pub(super) fn named(mimetype: &str) -> Result<Option<String>> {
    let mimetype = mimetype.trim();
    if mimetype.is_empty() {
        return Ok(None);
    }
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let essence = essence(mimetype);
    let good = mimetype.len() <= 127
        && mimetype.bytes().all(|b| (0x20..0x7f).contains(&b))
        && essence
            .split_once('/')
            .is_some_and(|(kind, sub)| token(kind) && token(sub));
    if good {
        Ok(Some(mimetype.to_owned()))
    } else {
        Err(Error::invalid("media.mimetype", "is not a MIME type"))
    }
}

fn fits(kind: MediaKind, essence: &str) -> bool {
    match kind {
        MediaKind::Image | MediaKind::Sticker => essence.starts_with("image/"),
        MediaKind::Video => essence.starts_with("video/"),
        MediaKind::Audio => essence.starts_with("audio/") || essence == "application/ogg",
        MediaKind::Document => true,
    }
}

/// The type to send under. `said` was checked by [`named`]; `sniffed` is what the bytes show.
pub(super) fn settle(
    kind: MediaKind,
    said: Option<&str>,
    sniffed: Option<&'static str>,
) -> Result<String> {
    if kind == MediaKind::Document {
        return Ok(said.or(sniffed).unwrap_or(UNKNOWN).to_owned());
    }
    if let Some(said) = said
        && !fits(kind, &essence(said))
    {
        return Err(Error::invalid(
            "media.mimetype",
            format!("is not a type of {}", kind.as_str()),
        ));
    }
    let Some(shown) = sniffed.map(|shown| if shown == OPUS { "audio/ogg" } else { shown }) else {
        return said.map(str::to_owned).ok_or_else(|| {
            Error::invalid("media", format!("is no {} that is known", kind.as_str()))
        });
    };
    if CONTAINERS.contains(&shown) && matches!(kind, MediaKind::Audio | MediaKind::Video) {
        let family = if kind == MediaKind::Audio {
            "audio"
        } else {
            "video"
        };
        let subtype = shown.split('/').nth(1).unwrap_or_default();
        return Ok(said.map_or_else(|| format!("{family}/{subtype}"), str::to_owned));
    }
    if !fits(kind, shown) {
        return Err(Error::invalid(
            "media",
            format!("is {shown}, which is no {}", kind.as_str()),
        ));
    }
    // A said subtype that the bytes contradict would make phones fail; one that agrees may carry parameters.
    Ok(match said {
        Some(said) if essence(said) == shown => said.to_owned(),
        _ => shown.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_believed_and_a_lie_is_refused() {
        let settle = |kind, said: Option<&str>, shown| settle(kind, said, shown).ok();
        let text = |text: &str| Some(text.to_owned());
        use MediaKind::{Audio, Document, Image, Sticker, Video};
        assert_eq!(settle(Image, None, Some("image/jpeg")), text("image/jpeg"));
        assert_eq!(
            settle(Image, Some("image/png"), Some("image/jpeg")),
            text("image/jpeg")
        );
        assert_eq!(settle(Image, Some("image/x"), None), text("image/x"));
        assert_eq!(settle(Image, None, None), None);
        assert_eq!(settle(Image, None, Some("application/pdf")), None);
        assert_eq!(
            settle(Image, Some("application/pdf"), Some("image/jpeg")),
            None
        );
        assert_eq!(settle(Sticker, None, Some("video/mp4")), None);
        assert_eq!(
            settle(Audio, Some("audio/ogg; codecs=opus"), Some("audio/ogg")),
            text("audio/ogg; codecs=opus")
        );
        assert_eq!(settle(Audio, None, Some("video/mp4")), text("audio/mp4"));
        assert_eq!(settle(Video, None, Some("audio/ogg")), text("video/ogg"));
        assert_eq!(settle(Video, None, Some("video/mp4")), text("video/mp4"));
        assert_eq!(settle(Document, None, None), text(UNKNOWN));
        assert_eq!(
            settle(Document, Some("text/csv"), Some("application/pdf")),
            text("text/csv")
        );
    }

    #[test]
    fn what_a_mime_type_looks_like() {
        assert_eq!(named("").unwrap(), None);
        assert!(named("image/svg+xml").is_ok());
        assert!(named("audio/ogg; codecs=opus").is_ok());
        for bad in ["image", "/", "image/", "im age/x", "image/é", "a/b\r\nX: y"] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
