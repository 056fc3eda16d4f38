//! What a message says, in the gateway's terms: type and body, and what it does to another message.

use serde_json::{Value, json};
use waproto::whatsapp::{self as wa, message::protocol_message::Type};

pub struct Content {
    pub kind: &'static str,
    pub body: String,
    pub media: Option<Value>,
}

pub enum Action {
    Edit { id: String, text: String },
    Revoke { id: String },
}

/// None: nothing an owner sees (keys, receipts of votes, control messages).
pub fn of(m: &wa::Message) -> Option<Content> {
    if let Some(inner) = wrapped(m) {
        return of(inner);
    }
    let some = |kind, body: String, media| Some(Content { kind, body, media });
    if let Some(t) = &m.conversation {
        return some("text", t.clone(), None);
    }
    if let Some(t) = m.extended_text_message.as_option() {
        return some("text", t.text.clone().unwrap_or_default(), None);
    }
    if let Some(i) = m.image_message.as_option() {
        return some(
            "image",
            i.caption.clone().unwrap_or_default(),
            Some(json!({"mimetype": i.mimetype, "size": i.file_length})),
        );
    }
    if let Some(i) = m.video_message.as_option() {
        return some(
            "video",
            i.caption.clone().unwrap_or_default(),
            Some(json!({"mimetype": i.mimetype, "size": i.file_length})),
        );
    }
    if let Some(i) = m.audio_message.as_option() {
        return some(
            "audio",
            String::new(),
            Some(json!({"mimetype": i.mimetype, "size": i.file_length, "voice": i.ptt})),
        );
    }
    if let Some(i) = m.document_message.as_option() {
        let media = json!({"mimetype": i.mimetype, "size": i.file_length, "filename": i.file_name});
        return some(
            "document",
            i.caption.clone().unwrap_or_default(),
            Some(media),
        );
    }
    if let Some(i) = m.sticker_message.as_option() {
        return some(
            "sticker",
            String::new(),
            Some(json!({"mimetype": i.mimetype, "size": i.file_length})),
        );
    }
    if let Some(l) = m.location_message.as_option() {
        return some("location", l.name.clone().unwrap_or_default(), None);
    }
    if let Some(c) = m.contact_message.as_option() {
        return some("contact", c.display_name.clone().unwrap_or_default(), None);
    }
    let poll = [
        &m.poll_creation_message,
        &m.poll_creation_message_v2,
        &m.poll_creation_message_v3,
    ]
    .into_iter()
    .find_map(|p| p.as_option());
    if let Some(p) = poll {
        return some("poll", p.name.clone().unwrap_or_default(), None);
    }
    if let Some(r) = m.reaction_message.as_option() {
        return some("reaction", r.text.clone().unwrap_or_default(), None);
    }
    None
}

pub fn action(m: &wa::Message) -> Option<Action> {
    let p = m
        .protocol_message
        .as_option()
        .or_else(|| m.edited_message.message.protocol_message.as_option())?;
    let id = p.key.id.clone()?;
    match p.r#type? {
        Type::REVOKE => Some(Action::Revoke { id }),
        Type::MESSAGE_EDIT => Some(Action::Edit {
            id,
            text: of(&p.edited_message).map(|c| c.body).unwrap_or_default(),
        }),
        _ => None,
    }
}

/// The message inside an envelope that only says how to show it.
fn wrapped(m: &wa::Message) -> Option<&wa::Message> {
    [
        &m.ephemeral_message,
        &m.view_once_message,
        &m.view_once_message_v2,
        &m.document_with_caption_message,
    ]
    .into_iter()
    .find_map(|f| f.as_option())
    .and_then(|f| f.message.as_option())
}
