//! What a message says: its kind, its text, and what is particular to the kind.

use super::{
    Converter,
    deeds::{self, Doing},
};
use serde_json::{Value, json};
use wacore::proto_helpers::MessageExt;
use waproto::whatsapp as wa;
use wharf_domain::{inbound::MessageExtra, vcard};

/// A message's content.
pub(crate) enum Said {
    /// Something to show.
    Content {
        kind: &'static str,
        body: String,
        extra: Box<MessageExtra>,
    },
    /// Something done to another message, named in the words of whoever does it.
    Deed(Box<Doing>),
    /// Protocol between devices: nothing a person wrote.
    Nothing,
}

impl Converter {
    /// Reads a message of any kind; what has no name is kept as `unknown`, whole and sealed.
    pub(crate) fn said(&self, wa_id: &str, message: &wa::Message) -> Said {
        let base = message.get_base_message();
        if let Some(doing) = deeds::of(base) {
            return Said::Deed(Box::new(doing));
        }
        if base.protocol_message.is_set() || deeds::unreadable(base) {
            return Said::Nothing;
        }
        let Some((kind, body, mut extra)) = content(base) else {
            return if carries_something(base) {
                self.content(
                    wa_id,
                    message,
                    "unknown",
                    String::new(),
                    MessageExtra::default(),
                )
            } else {
                Said::Nothing
            };
        };
        if let Some(context) = context(base) {
            if extra.quoted_id.is_empty() {
                extra.quoted_id = context.stanza_id.clone().unwrap_or_default();
            }
            extra.mentions.clone_from(&context.mentioned_jid);
        }
        self.content(wa_id, message, kind, body, extra)
    }

    fn content(
        &self,
        wa_id: &str,
        message: &wa::Message,
        kind: &'static str,
        body: String,
        mut extra: MessageExtra,
    ) -> Said {
        let base = message.get_base_message();
        extra.view_once = message.is_view_once();
        // A bare text can be rebuilt from what is stored; anything else needs its keys and its original form again.
        if base.conversation.is_none() {
            let mut whole = base.clone();
            // A wrapper carries the secret in the wrapped message's stead.
            if !whole.message_context_info.is_set() {
                whole.message_context_info = message.message_context_info.clone();
            }
            extra.sealed = self.seal(wa_id, &waproto::codec::message_to_vec(&whole));
        }
        Said::Content {
            kind,
            body,
            extra: Box::new(extra),
        }
    }
}

/// The words and mentions of a message that replaces another's.
pub(super) fn words(message: &wa::Message) -> (String, Vec<String>) {
    let base = message.get_base_message();
    let body = content(base).map(|(_, body, _)| body).unwrap_or_default();
    let mentions = context(base).map(|context| context.mentioned_jid.clone());
    (body, mentions.unwrap_or_default())
}

/// Whether there is anything in it beyond keys and bookkeeping.
fn carries_something(base: &wa::Message) -> bool {
    let quiet = wa::Message {
        sender_key_distribution_message: base.sender_key_distribution_message.clone(),
        fast_ratchet_key_sender_key_distribution_message: base
            .fast_ratchet_key_sender_key_distribution_message
            .clone(),
        message_context_info: base.message_context_info.clone(),
        keep_in_chat_message: base.keep_in_chat_message.clone(),
        pin_in_chat_message: base.pin_in_chat_message.clone(),
        sticker_sync_rmr_message: base.sticker_sync_rmr_message.clone(),
        placeholder_message: base.placeholder_message.clone(),
        message_history_notice: base.message_history_notice.clone(),
        ..Default::default()
    };
    waproto::codec::message_to_vec(base) != waproto::codec::message_to_vec(&quiet)
}

type Plain = (&'static str, String, MessageExtra);

fn content(m: &wa::Message) -> Option<Plain> {
    text(m)
        .or_else(|| media(m))
        .or_else(|| place(m))
        .or_else(|| contact(m))
        .or_else(|| poll(m))
        .or_else(|| buttons(m))
}

fn bare(kind: &'static str, body: Option<String>) -> Plain {
    (kind, body.unwrap_or_default(), MessageExtra::default())
}

fn text(m: &wa::Message) -> Option<Plain> {
    if let Some(text) = &m.conversation {
        return Some(bare("text", Some(text.clone())));
    }
    let extended = m.extended_text_message.as_option()?;
    Some(bare("text", extended.text.clone()))
}

/// `{caption, filename, height, kind, mimetype, seconds, size, width}`.
struct Media<'a> {
    kind: &'static str,
    caption: &'a Option<String>,
    filename: Option<String>,
    mimetype: &'a Option<String>,
    size: Option<u64>,
    seconds: Option<u32>,
    dimensions: (Option<u32>, Option<u32>),
    sha256: &'a Option<Vec<u8>>,
}

impl Media<'_> {
    fn plain(self, kind: &'static str) -> Plain {
        let (width, height) = self.dimensions;
        let caption = self.caption.clone().unwrap_or_default();
        let value: Value = json!({
            "caption": caption,
            "filename": self.filename.unwrap_or_default(),
            "height": height,
            "kind": self.kind,
            "mimetype": self.mimetype.clone().unwrap_or_default(),
            "seconds": self.seconds,
            "size": self.size,
            "width": width,
        });
        let hash = self.sha256.as_deref().unwrap_or_default();
        let extra = MessageExtra {
            media: Some(value),
            file: hash
                .iter()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
            ..Default::default()
        };
        (kind, caption, extra)
    }
}

fn media(m: &wa::Message) -> Option<Plain> {
    if let Some(image) = m.image_message.as_option() {
        let media = Media {
            kind: "image",
            caption: &image.caption,
            filename: None,
            mimetype: &image.mimetype,
            size: image.file_length,
            sha256: &image.file_sha256,
            seconds: None,
            dimensions: (image.width, image.height),
        };
        return Some(media.plain("image"));
    }
    for video in [&m.video_message, &m.ptv_message] {
        if let Some(video) = video.as_option() {
            let media = Media {
                kind: "video",
                caption: &video.caption,
                filename: None,
                mimetype: &video.mimetype,
                size: video.file_length,
                sha256: &video.file_sha256,
                seconds: video.seconds,
                dimensions: (video.width, video.height),
            };
            return Some(media.plain("video"));
        }
    }
    if let Some(audio) = m.audio_message.as_option() {
        let voice = audio.ptt.unwrap_or(false);
        let media = Media {
            kind: if voice { "voice" } else { "audio" },
            caption: &None,
            filename: None,
            mimetype: &audio.mimetype,
            size: audio.file_length,
            sha256: &audio.file_sha256,
            seconds: audio.seconds,
            dimensions: (None, None),
        };
        return Some(media.plain("audio"));
    }
    if let Some(document) = m.document_message.as_option() {
        let media = Media {
            kind: "document",
            caption: &document.caption,
            filename: document
                .file_name
                .clone()
                .or_else(|| document.title.clone()),
            mimetype: &document.mimetype,
            size: document.file_length,
            sha256: &document.file_sha256,
            seconds: None,
            dimensions: (None, None),
        };
        return Some(media.plain("document"));
    }
    let sticker = m.sticker_message.as_option()?;
    let media = Media {
        kind: "sticker",
        caption: &None,
        filename: None,
        mimetype: &sticker.mimetype,
        size: sticker.file_length,
        sha256: &sticker.file_sha256,
        seconds: None,
        dimensions: (sticker.width, sticker.height),
    };
    Some(media.plain("sticker"))
}

fn place(m: &wa::Message) -> Option<Plain> {
    let (value, body) = if let Some(place) = m.location_message.as_option() {
        let name = place.name.clone().unwrap_or_default();
        let address = place.address.clone().unwrap_or_default();
        let value = json!({
            "latitude": place.degrees_latitude,
            "longitude": place.degrees_longitude,
            "name": name,
            "address": address,
        });
        (value, if name.is_empty() { address } else { name })
    } else {
        let live = m.live_location_message.as_option()?;
        let value = json!({
            "latitude": live.degrees_latitude,
            "longitude": live.degrees_longitude,
            "name": "",
            "address": "",
        });
        (value, live.caption.clone().unwrap_or_default())
    };
    let extra = MessageExtra {
        location: Some(value),
        ..Default::default()
    };
    Some(("location", body, extra))
}

fn contact(m: &wa::Message) -> Option<Plain> {
    let (name, vcard) = if let Some(card) = m.contact_message.as_option() {
        (card.display_name.clone(), card.vcard.clone())
    } else {
        let cards = m.contacts_array_message.as_option()?;
        let vcards: Vec<String> = cards
            .contacts
            .iter()
            .filter_map(|c| c.vcard.clone())
            .collect();
        (cards.display_name.clone(), Some(vcards.join("\n")))
    };
    let (name, vcard) = (name.unwrap_or_default(), vcard.unwrap_or_default());
    let extra = MessageExtra {
        contact: Some(json!({ "name": name, "phone": vcard::phone(&vcard), "vcard": vcard })),
        ..Default::default()
    };
    Some(("contact", name, extra))
}

fn poll(m: &wa::Message) -> Option<Plain> {
    let poll = [
        &m.poll_creation_message,
        &m.poll_creation_message_v2,
        &m.poll_creation_message_v3,
        &m.poll_creation_message_v5,
        &m.poll_creation_message_v6,
    ]
    .into_iter()
    .find_map(|poll| poll.as_option());
    let poll = poll?;
    let name = poll.name.clone().unwrap_or_default();
    let options: Vec<&str> = poll
        .options
        .iter()
        .filter_map(|option| option.option_name.as_deref())
        .collect();
    let extra = MessageExtra {
        poll: Some(json!({
            "name": name,
            "options": options,
            "selectableCount": poll.selectable_options_count.unwrap_or(0),
        })),
        ..Default::default()
    };
    Some(("poll", name, extra))
}

/// Something said about another message.
fn about(kind: &'static str, target: Option<String>, body: String) -> Plain {
    let extra = MessageExtra {
        quoted_id: target.unwrap_or_default(),
        ..Default::default()
    };
    (kind, body, extra)
}

/// Business messages and their answers: only their words are kept readable.
fn buttons(m: &wa::Message) -> Option<Plain> {
    if let Some(answer) = m.buttons_response_message.as_option() {
        return Some(about(
            "button_reply",
            context_id(m),
            answer.selected_button_id.clone().unwrap_or_default(),
        ));
    }
    if let Some(answer) = m.list_response_message.as_option() {
        return Some(about(
            "list_reply",
            context_id(m),
            answer.title.clone().unwrap_or_default(),
        ));
    }
    if let Some(answer) = m.template_button_reply_message.as_option() {
        let words = answer.selected_display_text.clone().unwrap_or_default();
        return Some(about("button_reply", context_id(m), words));
    }
    if let Some(list) = m.list_message.as_option() {
        return Some(bare("list", list.description.clone()));
    }
    if let Some(buttons) = m.buttons_message.as_option() {
        return Some(bare("buttons", buttons.content_text.clone()));
    }
    if let Some(invite) = m.group_invite_message.as_option() {
        return Some(bare("group_invite", invite.group_name.clone()));
    }
    let event = m.event_message.as_option()?;
    Some(bare("event", event.name.clone()))
}

fn context_id(m: &wa::Message) -> Option<String> {
    context(m).and_then(|c| c.stanza_id.clone())
}

/// The context of the kinds people quote and mention in.
fn context(m: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($field:ident),* $(,)?) => {
            None $( .or_else(|| m.$field.as_option().and_then(|x| x.context_info.as_option())) )*
        };
    }
    first!(
        extended_text_message,
        image_message,
        video_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        live_location_message,
        contact_message,
        contacts_array_message,
        poll_creation_message,
        poll_creation_message_v2,
        poll_creation_message_v3,
        poll_creation_message_v5,
        buttons_response_message,
        list_response_message,
        template_button_reply_message,
    )
}
