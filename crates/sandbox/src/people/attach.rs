//! A person's file: uploaded as the phone would, and the message that points at it.

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use buffa::MessageField;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use waproto::whatsapp::{self as wa, message as m};

use crate::media::{Media, MediaKind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// base64 or a `data:` URI.
    pub data: Option<String>,
    /// Instead of `data`: a file of so many bytes, always the same ones.
    pub size: Option<usize>,
    pub mimetype: Option<String>,
    pub caption: Option<String>,
    pub filename: Option<String>,
    pub seconds: Option<u32>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// base64 of a small JPEG.
    pub thumbnail: Option<String>,
    /// Of a sticker: it moves.
    pub animated: Option<bool>,
}

impl Attachment {
    /// The bytes, and the MIME type a `data:` URI names.
    pub fn bytes(&self) -> Result<(Vec<u8>, Option<&str>)> {
        let data = match (&self.data, self.size) {
            (Some(data), None) => data,
            (None, Some(size)) => return Ok((filler(size)?, None)),
            _ => bail!("one of media.data and media.size"),
        };
        let (head, data) = data
            .split_once(";base64,")
            .map_or((None, data.as_str()), |(h, d)| (h.strip_prefix("data:"), d));
        let bytes = B64.decode(data).context("media.data is not base64")?;
        Ok((bytes, head))
    }
}

/// The largest file made on demand.
const LARGEST: usize = 256 << 20;

fn filler(size: usize) -> Result<Vec<u8>> {
    ensure!((1..=LARGEST).contains(&size), "media.size: 1 to {LARGEST}");
    Ok((0u8..=250).cycle().take(size).collect())
}

/// How a file goes.
#[derive(Clone, Copy)]
pub struct How {
    /// A voice note.
    pub voice: bool,
    /// Not encrypted, as in channels.
    pub open: bool,
}

/// An upload, as a message names it.
struct Put {
    path: String,
    sha256: Vec<u8>,
    enc_sha256: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Put {
    fn sealed(kind: MediaKind, bytes: &[u8], media: &Media) -> Result<Self> {
        let (sealed, path) = media.upload(kind, bytes)?;
        Ok(Self {
            path,
            sha256: sealed.file_sha256.to_vec(),
            enc_sha256: Some(sealed.file_enc_sha256.to_vec()),
            key: Some(sealed.media_key.to_vec()),
        })
    }

    fn openly(kind: MediaKind, bytes: &[u8], media: &Media) -> Result<Self> {
        let kept = format!("newsletter-{}", kind.mms_type());
        Ok(Self {
            path: media.blobs().put(&kept, bytes)?,
            sha256: Sha256::digest(bytes).to_vec(),
            enc_sha256: None,
            key: None,
        })
    }
}

/// Uploads the bytes and points at them.
pub fn message(
    kind: MediaKind,
    a: Attachment,
    how: How,
    media: &Media,
    now: i64,
) -> Result<wa::Message> {
    let (bytes, head) = a.bytes()?;
    let head = head.map(str::to_owned);
    let put = if how.open {
        Put::openly(kind, &bytes, media)?
    } else {
        Put::sealed(kind, &bytes, media)?
    };
    let host = media.host().context("the media server is not up")?;
    let thumbnail = a.thumbnail.as_deref().map(|t| B64.decode(t));
    let jpeg_thumbnail = thumbnail
        .transpose()
        .context("media.thumbnail is not base64")?;
    let mimetype = Some(a.mimetype.or(head).unwrap_or_else(|| usual(kind).into()));
    let url = Some(format!("https://{host}{}", put.path));
    let (sha, enc, key) = (Some(put.sha256), put.enc_sha256, put.key);
    let key_timestamp = key.as_ref().map(|_| now);
    let (length, direct_path, text) = (Some(bytes.len() as u64), Some(put.path), a.caption);
    let (width, height, seconds) = (a.width, a.height, a.seconds);
    let mut msg = wa::Message::default();
    macro_rules! put {
        ($field:ident, $ty:ident { $($name:ident: $value:expr),* }) => {
            msg.$field = MessageField::some(m::$ty {
                url,
                mimetype,
                file_sha256: sha,
                file_enc_sha256: enc,
                media_key: key,
                media_key_timestamp: key_timestamp,
                file_length: length,
                direct_path,
                $($name: $value,)*
                ..Default::default()
            })
        };
    }
    match kind {
        MediaKind::Image => put!(
            image_message,
            ImageMessage {
                caption: text,
                width: width,
                height: height,
                jpeg_thumbnail: jpeg_thumbnail
            }
        ),
        MediaKind::Video => put!(
            video_message,
            VideoMessage {
                caption: text,
                width: width,
                height: height,
                seconds: seconds,
                jpeg_thumbnail: jpeg_thumbnail
            }
        ),
        MediaKind::Audio => put!(
            audio_message,
            AudioMessage {
                ptt: Some(how.voice),
                seconds: seconds,
                waveform: how.voice.then(|| vec![50; 64])
            }
        ),
        MediaKind::Sticker => put!(
            sticker_message,
            StickerMessage {
                width: width,
                height: height,
                is_animated: a.animated
            }
        ),
        _ => {
            let wrapped = text.is_some();
            put!(
                document_message,
                DocumentMessage {
                    caption: text,
                    file_name: a.filename,
                    jpeg_thumbnail: jpeg_thumbnail
                }
            );
            // A document with a caption comes in an envelope of its own.
            if wrapped {
                let inner = m::FutureProofMessage {
                    message: MessageField::some(msg),
                };
                msg = wa::Message {
                    document_with_caption_message: MessageField::some(inner),
                    ..Default::default()
                };
            }
        }
    }
    Ok(msg)
}

fn usual(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Video => "video/mp4",
        MediaKind::Audio => "audio/ogg; codecs=opus",
        MediaKind::Sticker => "image/webp",
        _ => "application/octet-stream",
    }
}
