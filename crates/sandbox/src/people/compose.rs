//! From what a person says to the message that says it, in the terms of the gateway's send body.

use anyhow::Result;
use buffa::MessageField;
use serde::Deserialize;
use waproto::whatsapp::{self as wa, message as m};

use super::attach::{self, Attachment, How};
use crate::media::{Media, MediaKind};

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
        preview: Option<Preview>,
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
        #[serde(default)]
        view_once: bool,
    },
    Video {
        media: Attachment,
        #[serde(default)]
        view_once: bool,
    },
    Audio {
        media: Attachment,
        #[serde(default)]
        voice: bool,
        #[serde(default)]
        view_once: bool,
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

/// What the writer's phone found behind a link in the text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    pub url: String,
    pub title: Option<String>,
    pub description: Option<String>,
}

/// What goes with a message of any type.
#[derive(Default)]
pub struct Beside {
    pub quoted: Option<Quoted>,
    /// JIDs, as the chat addresses people.
    pub mentions: Vec<String>,
    /// How often it was forwarded; 0: it was not.
    pub forwarded: u32,
    /// Its file lies open on the media server, as those of channels do.
    pub open: bool,
}

impl Beside {
    pub fn in_channel() -> Self {
        Self {
            open: true,
            ..Default::default()
        }
    }
}

/// What `replyTo` points at.
pub struct Quoted {
    pub id: String,
    /// The author's JID.
    pub by: String,
    pub message: wa::Message,
}

pub fn message(say: Say, beside: Beside, media: &Media, now: i64) -> Result<wa::Message> {
    let open = beside.open;
    let put = |kind, a, voice| attach::message(kind, a, How { voice, open }, media, now);
    let (mut msg, once) = match say {
        Say::Text { text, preview } => (said(text, preview, &beside), false),
        Say::Poll {
            name,
            options,
            selectable_count,
        } => (poll(name, options, selectable_count), false),
        Say::Location {
            latitude,
            longitude,
            name,
            address,
        } => (place((latitude, longitude), name, address), false),
        Say::Contact { contact } => (card(contact), false),
        Say::Image {
            media: a,
            view_once,
        } => (put(MediaKind::Image, a, false)?, view_once),
        Say::Video {
            media: a,
            view_once,
        } => (put(MediaKind::Video, a, false)?, view_once),
        Say::Audio {
            media: a,
            voice,
            view_once,
        } => (put(MediaKind::Audio, a, voice)?, view_once),
        Say::Document { media: a } => (put(MediaKind::Document, a, false)?, false),
        Say::Sticker { media: a } => (put(MediaKind::Sticker, a, false)?, false),
    };
    if let Some(c) = context(beside) {
        put_context(&mut msg, c);
    }
    if once {
        msg = seen_once(msg);
    }
    if open {
        return Ok(msg);
    }
    // Every phone adds one; reactions, votes and edits of the message are sealed with it.
    msg.message_context_info = MessageField::some(wa::MessageContextInfo {
        message_secret: Some(rand::random::<[u8; 32]>().to_vec()),
        ..Default::default()
    });
    Ok(msg)
}

/// A bare text travels as `conversation`; one with anything beside it as `extendedTextMessage`.
fn said(text: String, preview: Option<Preview>, beside: &Beside) -> wa::Message {
    let bare = beside.quoted.is_none() && beside.mentions.is_empty() && beside.forwarded == 0;
    if preview.is_none() && bare {
        return wa::Message {
            conversation: Some(text),
            ..Default::default()
        };
    }
    let mut extended = m::ExtendedTextMessage {
        text: Some(text),
        ..Default::default()
    };
    if let Some(p) = preview {
        extended.matched_text = Some(p.url);
        extended.title = p.title;
        extended.description = p.description;
    }
    wa::Message {
        extended_text_message: MessageField::some(extended),
        ..Default::default()
    }
}

fn context(b: Beside) -> Option<wa::ContextInfo> {
    if b.quoted.is_none() && b.mentions.is_empty() && b.forwarded == 0 {
        return None;
    }
    let mut c = wa::ContextInfo {
        mentioned_jid: b.mentions,
        ..Default::default()
    };
    if b.forwarded > 0 {
        c.is_forwarded = Some(true);
        c.forwarding_score = Some(b.forwarded);
    }
    if let Some(q) = b.quoted {
        c.stanza_id = Some(q.id);
        c.participant = Some(q.by);
        c.quoted_message = MessageField::some(q.message);
    }
    Some(c)
}

fn put_context(msg: &mut wa::Message, c: wa::ContextInfo) {
    let envelope = msg.document_with_caption_message.as_option_mut();
    if let Some(inner) = envelope.and_then(|e| e.message.as_option_mut()) {
        return put_context(inner, c);
    }
    macro_rules! into_first {
        ($($field:ident),*) => {
            $(if let Some(x) = msg.$field.as_option_mut() {
                x.context_info = MessageField::some(c);
                return;
            })*
        };
    }
    into_first!(
        extended_text_message,
        image_message,
        video_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        contact_message,
        poll_creation_message,
        poll_creation_message_v3
    );
}

/// Phones flag the file and wrap the message; a voice note has an envelope of its own.
fn seen_once(mut msg: wa::Message) -> wa::Message {
    let voice = msg.audio_message.is_set();
    macro_rules! flag {
        ($($field:ident),*) => {
            $(if let Some(x) = msg.$field.as_option_mut() {
                x.view_once = Some(true);
            })*
        };
    }
    flag!(image_message, video_message, audio_message);
    let wrapped = MessageField::some(m::FutureProofMessage {
        message: MessageField::some(msg),
    });
    let mut out = wa::Message::default();
    if voice {
        out.view_once_message_v2_extension = wrapped;
    } else {
        out.view_once_message_v2 = wrapped;
    }
    out
}

/// One choice goes as version 3, several as version 1, as WhatsApp Web makes them.
fn poll(name: String, options: Vec<String>, selectable: u32) -> wa::Message {
    let options = options
        .into_iter()
        .map(|o| m::poll_creation_message::Option {
            option_name: Some(o),
            ..Default::default()
        })
        .collect();
    let p = MessageField::some(m::PollCreationMessage {
        name: Some(name),
        options,
        selectable_options_count: Some(selectable),
        ..Default::default()
    });
    let mut out = wa::Message::default();
    if selectable == 1 {
        out.poll_creation_message_v3 = p;
    } else {
        out.poll_creation_message = p;
    }
    out
}

fn place((latitude, longitude): (f64, f64), name: String, address: String) -> wa::Message {
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
