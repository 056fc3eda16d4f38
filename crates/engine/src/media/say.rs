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
            media_key: Some($up.media_key.to_vec()),
            media_key_timestamp: Some($up.media_key_timestamp),
            file_sha256: Some($up.file_sha256.to_vec()),
            file_enc_sha256: Some($up.file_enc_sha256.to_vec()),
            file_length: Some($up.file_length),
            mimetype: Some($media.mimetype.clone()),
            $($field: $value,)*
            ..Default::default()
        }
    };
}

/// The bare message; one that may be seen once still lacks its envelope ([`once`]).
pub(crate) fn message(media: &MediaContent, up: &UploadResponse) -> wa::Message {
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
                streaming_sidecar: up.streaming_sidecar.clone(),
                view_once: view_once,
            }));
        }
        MediaKind::Audio => {
            message.audio_message = MessageField::some(file!(AudioMessage, up, media, {
                seconds: media.seconds,
                ptt: media.voice.then_some(true),
                waveform: Some(media.waveform.clone()).filter(|bars| !bars.is_empty()),
                streaming_sidecar: up.streaming_sidecar.clone(),
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
