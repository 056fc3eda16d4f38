//! The kinds of messages that are more than a file.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use waproto::{
    buffa::MessageField,
    whatsapp::{
        self as wa,
        message::{
            ContactMessage, ExtendedTextMessage, LocationMessage, PollCreationMessage,
            poll_creation_message::Option as PollOption,
        },
    },
};
use wharf_domain::outbox::Preview;

pub(super) fn text(text: &str, preview: Option<&Preview>) -> wa::Message {
    let Some(preview) = preview else {
        return wa::Message {
            conversation: Some(text.to_owned()),
            ..Default::default()
        };
    };
    let thumbnail = STANDARD.decode(&preview.thumbnail).unwrap_or_default();
    let extended = ExtendedTextMessage {
        text: Some(text.to_owned()),
        matched_text: Some(preview.url.clone()),
        title: Some(preview.title.clone()),
        description: Some(preview.description.clone()),
        jpeg_thumbnail: Some(thumbnail).filter(|bytes| !bytes.is_empty()),
        ..Default::default()
    };
    wa::Message {
        extended_text_message: MessageField::some(extended),
        ..Default::default()
    }
}

/// WhatsApp Web sends a single choice as version 3 and several as version 1; 0 means any number.
pub(super) fn poll(name: &str, options: &[String], selectable: u32) -> wa::Message {
    let poll = PollCreationMessage {
        name: Some(name.to_owned()),
        options: options
            .iter()
            .map(|option| PollOption {
                option_name: Some(option.clone()),
                ..Default::default()
            })
            .collect(),
        selectable_options_count: Some(selectable),
        ..Default::default()
    };
    if selectable == 1 {
        wa::Message {
            poll_creation_message_v3: MessageField::some(poll),
            ..Default::default()
        }
    } else {
        wa::Message {
            poll_creation_message: MessageField::some(poll),
            ..Default::default()
        }
    }
}

pub(super) fn location(latitude: f64, longitude: f64, name: &str, address: &str) -> wa::Message {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    wa::Message {
        location_message: MessageField::some(LocationMessage {
            degrees_latitude: Some(latitude),
            degrees_longitude: Some(longitude),
            name: said(name),
            address: said(address),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn contact(name: &str, vcard: &str) -> wa::Message {
    wa::Message {
        contact_message: MessageField::some(ContactMessage {
            display_name: Some(name.to_owned()),
            vcard: Some(vcard.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}
