//! From what a person says to the message that says it, in the terms of the gateway's send body.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use buffa::MessageField;
use serde::Deserialize;
use waproto::whatsapp::{self as wa, message as m};

use crate::media::{Media, crypto::MediaKind};

/// A message by its `type`.
#[derive(Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Say {
    Text {
        text: String,
        reply_to: Option<String>,
        #[serde(default)]
        mentions: Vec<String>,
    },
    Poll {
        name: String,
        options: Vec<String>,
        #[serde(default)]
        selectable_count: u32,
    },
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default)]
        name: String,
        #[serde(default)]
        address: String,
    },
    Contact {
        contact: Card,
    },
    Image {
        media: Attachment,
    },
    Video {
        media: Attachment,
    },
    Audio {
        media: Attachment,
        #[serde(default)]
        voice: bool,
    },
    Document {
        media: Attachment,
    },
    Sticker {
        media: Attachment,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub vcard: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// base64 or a `data:` URI.
    pub data: String,
    pub mimetype: Option<String>,
    pub caption: Option<String>,
    pub filename: Option<String>,
}

/// What `replyTo` points at.
pub struct Quoted {
    pub id: String,
    /// The author's JID.
    pub by: String,
    pub body: String,
}

/// The message and the `type` of its stanza.
pub fn message(
    say: Say,
    quoted: Option<Quoted>,
    media: &Media,
) -> Result<(wa::Message, &'static str)> {
    let kind = match &say {
        Say::Text { .. } => "text",
        Say::Poll { .. } => "poll",
        _ => "media",
    };
    let mut msg = match say {
        Say::Text { text, mentions, .. } if quoted.is_none() && mentions.is_empty() => {
            wa::Message {
                conversation: Some(text),
                ..Default::default()
            }
        }
        Say::Text { text, mentions, .. } => {
            let extended = m::ExtendedTextMessage {
                text: Some(text),
                context_info: MessageField::some(context(quoted, mentions)),
                ..Default::default()
            };
            wa::Message {
                extended_text_message: MessageField::some(extended),
                ..Default::default()
            }
        }
        Say::Poll {
            name,
            options,
            selectable_count,
        } => poll(name, options, selectable_count),
        Say::Location {
            latitude,
            longitude,
            name,
            address,
        } => {
            let l = m::LocationMessage {
                degrees_latitude: Some(latitude),
                degrees_longitude: Some(longitude),
                name: Some(name),
                address: Some(address),
                ..Default::default()
            };
            wa::Message {
                location_message: MessageField::some(l),
                ..Default::default()
            }
        }
        Say::Contact { contact } => card(contact),
        Say::Image { media: a } => attached(MediaKind::Image, a, false, media)?,
        Say::Video { media: a } => attached(MediaKind::Video, a, false, media)?,
        Say::Audio { media: a, voice } => attached(MediaKind::Audio, a, voice, media)?,
        Say::Document { media: a } => attached(MediaKind::Document, a, false, media)?,
        Say::Sticker { media: a } => attached(MediaKind::Sticker, a, false, media)?,
    };
    // Every phone adds one; reactions, votes and edits of the message are sealed with it.
    msg.message_context_info = MessageField::some(wa::MessageContextInfo {
        message_secret: Some(rand::random::<[u8; 32]>().to_vec()),
        ..Default::default()
    });
    Ok((msg, kind))
}

fn context(quoted: Option<Quoted>, mentions: Vec<String>) -> wa::ContextInfo {
    let mut c = wa::ContextInfo {
        mentioned_jid: mentions,
        ..Default::default()
    };
    if let Some(q) = quoted {
        c.stanza_id = Some(q.id);
        c.participant = Some(q.by);
        c.quoted_message = MessageField::some(wa::Message {
            conversation: Some(q.body),
            ..Default::default()
        });
    }
    c
}

fn poll(name: String, options: Vec<String>, selectable: u32) -> wa::Message {
    let options = options
        .into_iter()
        .map(|o| m::poll_creation_message::Option {
            option_name: Some(o),
            ..Default::default()
        })
        .collect();
    let p = m::PollCreationMessage {
        name: Some(name),
        options,
        selectable_options_count: Some(selectable),
        ..Default::default()
    };
    wa::Message {
        poll_creation_message_v3: MessageField::some(p),
        ..Default::default()
    }
}

fn card(c: Card) -> wa::Message {
    let name = c.name.unwrap_or_default();
    let vcard = c.vcard.unwrap_or_else(|| {
        let phone = c.phone.unwrap_or_default();
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        format!(
            "BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;type=CELL;waid={digits}:+{digits}\nEND:VCARD"
        )
    });
    let c = m::ContactMessage {
        display_name: Some(name),
        vcard: Some(vcard),
        ..Default::default()
    };
    wa::Message {
        contact_message: MessageField::some(c),
        ..Default::default()
    }
}

/// Uploads the bytes as the phone would and points at them.
fn attached(kind: MediaKind, a: Attachment, voice: bool, media: &Media) -> Result<wa::Message> {
    let (head, data) = a
        .data
        .split_once(";base64,")
        .map_or((None, a.data.as_str()), |(h, d)| {
            (h.strip_prefix("data:"), d)
        });
    let bytes = B64.decode(data).context("media.data is not base64")?;
    let (sealed, path) = media.upload(kind, &bytes)?;
    let host = media.host().context("the media server is not up")?;
    let mimetype = Some(
        a.mimetype
            .or(head.map(str::to_owned))
            .unwrap_or_else(|| usual(kind).into()),
    );
    let url = Some(format!("https://{host}{path}"));
    let (sha, enc, key) = (
        Some(sealed.file_sha256.to_vec()),
        Some(sealed.file_enc_sha256.to_vec()),
        Some(sealed.media_key.to_vec()),
    );
    let (length, direct_path, text) = (Some(sealed.file_length), Some(path), a.caption);
    let mut msg = wa::Message::default();
    macro_rules! put {
        ($field:ident, $ty:ident { $($name:ident: $value:expr),* }) => {
            msg.$field = MessageField::some(m::$ty {
                url,
                mimetype,
                file_sha256: sha,
                file_enc_sha256: enc,
                media_key: key,
                file_length: length,
                direct_path,
                $($name: $value,)*
                ..Default::default()
            })
        };
    }
    match kind {
        MediaKind::Image => put!(image_message, ImageMessage { caption: text }),
        MediaKind::Video => put!(video_message, VideoMessage { caption: text }),
        MediaKind::Audio => put!(audio_message, AudioMessage { ptt: Some(voice) }),
        MediaKind::Sticker => put!(sticker_message, StickerMessage {}),
        _ => put!(
            document_message,
            DocumentMessage {
                caption: text,
                file_name: a.filename
            }
        ),
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
