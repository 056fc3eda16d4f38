//! The message about an uploaded file.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use waproto::{
    buffa::MessageField,
    whatsapp::{
        self as wa,
        message::{AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage},
    },
};
use wharf_domain::outbox::{MediaContent, MediaKind};
use whatsapp_rust::upload::UploadResponse;

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The fields that say where a file is and how to read it, which all kinds have under the same names.
macro_rules! file {
    ($kind:ident, $up:expr, $media:expr, { $($field:ident: $value:expr),* $(,)? }) => {
        $kind {
            url: Some($up.url.clone()),
            direct_path: Some($up.direct_path.clone()),
            media_key: $up.seal.as_ref().map(|seal| seal.key.to_vec()),
            media_key_timestamp: $up.seal.as_ref().map(|seal| seal.made_at),
            file_sha256: Some($up.sha256.clone()),
            file_enc_sha256: $up.seal.as_ref().map(|seal| seal.sha256.to_vec()),
            file_length: Some($up.length),
            mimetype: Some($media.mimetype.clone()),
            $($field: $value,)*
            ..Default::default()
        }
    };
}

/// Where an uploaded file is.
pub(crate) struct Place {
    pub url: String,
    pub direct_path: String,
    /// Of the plain bytes.
    pub sha256: Vec<u8>,
    pub length: u64,
    /// `None`: it lies open, as files of channels do.
    pub seal: Option<Seal>,
}

/// How a file is encrypted.
pub(crate) struct Seal {
    key: [u8; 32],
    made_at: i64,
    sha256: [u8; 32],
    sidecar: Option<Vec<u8>>,
}

impl From<UploadResponse> for Place {
    fn from(up: UploadResponse) -> Self {
        Self {
            url: up.url,
            direct_path: up.direct_path,
            sha256: up.file_sha256.to_vec(),
            length: up.file_length,
            seal: Some(Seal {
                key: up.media_key,
                made_at: up.media_key_timestamp,
                sha256: up.file_enc_sha256,
                sidecar: up.streaming_sidecar,
            }),
        }
    }
}

/// The bare message; one that may be seen once still lacks its envelope ([`once`]).
pub(crate) fn message(media: &MediaContent, up: &Place) -> wa::Message {
    let sidecar = || up.seal.as_ref().and_then(|seal| seal.sidecar.clone());
    let thumbnail = STANDARD.decode(&media.thumbnail).unwrap_or_default();
    let thumbnail = Some(thumbnail).filter(|jpeg| !jpeg.is_empty());
    let view_once = media.view_once.then_some(true);
    let mut message = wa::Message::default();
    match media.kind {
        MediaKind::Image => {
            message.image_message = MessageField::some(file!(ImageMessage, up, media, {
                caption: said(&media.caption),
                width: media.width,
                height: media.height,
                jpeg_thumbnail: thumbnail,
                view_once: view_once,
            }));
        }
        MediaKind::Video => {
            message.video_message = MessageField::some(file!(VideoMessage, up, media, {
                caption: said(&media.caption),
                width: media.width,
                height: media.height,
                seconds: media.seconds,
                jpeg_thumbnail: thumbnail,
                streaming_sidecar: sidecar(),
                view_once: view_once,
            }));
        }
        MediaKind::Audio => {
            message.audio_message = MessageField::some(file!(AudioMessage, up, media, {
                seconds: media.seconds,
                ptt: media.voice.then_some(true),
                waveform: Some(media.waveform.clone()).filter(|bars| !bars.is_empty()),
                streaming_sidecar: sidecar(),
                view_once: view_once,
            }));
        }
        MediaKind::Document => {
            message.document_message = MessageField::some(file!(DocumentMessage, up, media, {
                caption: said(&media.caption),
                file_name: said(&media.filename),
                title: said(&media.filename),
                jpeg_thumbnail: thumbnail,
            }));
        }
        MediaKind::Sticker => {
            message.sticker_message = MessageField::some(file!(StickerMessage, up, media, {
                width: media.width,
                height: media.height,
                is_animated: media.animated.then_some(true),
            }));
        }
    }
    message
}

/// The envelope of what may be seen once: sounds have one of their own.
pub(crate) fn once(message: wa::Message) -> wa::Message {
    let sound = message.audio_message.is_set();
    let envelope = MessageField::some(wa::message::FutureProofMessage {
        message: MessageField::some(message),
    });
    if sound {
        wa::Message {
            view_once_message_v2_extension: envelope,
            ..Default::default()
        }
    } else {
        wa::Message {
            view_once_message_v2: envelope,
            ..Default::default()
        }
    }
}
