//! What an inbox line says beside type and body, as JSON in the gateway's terms.

use serde_json::{Map, Value, json};
use waproto::whatsapp as wa;

use super::content::{self, Shown};

/// `quotedId`, `mentions`, `forwarded`, `forwardingScore`, `viewOnce`; by type `linkPreview`, `location`,
/// `contact`, `poll`. What a message does not have is left out.
pub fn of(s: &Shown<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |key: &str, v: Value| drop(out.insert(key.into(), v));
    if let Some(c) = context(s.inner) {
        if let Some(id) = &c.stanza_id {
            put("quotedId", json!(id));
            put("quotedBy", json!(c.participant));
        }
        if !c.mentioned_jid.is_empty() {
            put("mentions", json!(c.mentioned_jid));
        }
        if c.is_forwarded == Some(true) {
            put("forwarded", json!(true));
        }
        if let Some(score) = c.forwarding_score.filter(|n| *n > 0) {
            put("forwardingScore", json!(score));
        }
    }
    if s.view_once {
        put("viewOnce", json!(true));
    }
    if let Some(p) = link_preview(s.inner) {
        put("linkPreview", p);
    }
    if let Some(l) = s.inner.location_message.as_option() {
        let place = json!({"latitude": l.degrees_latitude, "longitude": l.degrees_longitude, "name": l.name, "address": l.address});
        put("location", place);
    }
    if let Some(c) = s.inner.contact_message.as_option() {
        put("contact", json!({"name": c.display_name, "vcard": c.vcard}));
    }
    if let Some(p) = content::poll(s.inner) {
        let options: Vec<Value> = p
            .options
            .iter()
            .map(|o| json!({"text": o.option_name, "voters": []}))
            .collect();
        put(
            "poll",
            json!({"name": p.name, "options": options, "selectableCount": p.selectable_options_count.unwrap_or(0)}),
        );
    }
    out
}

fn link_preview(m: &wa::Message) -> Option<Value> {
    let t = m.extended_text_message.as_option()?;
    let url = t.matched_text.as_ref()?;
    Some(json!({
        "url": url,
        "title": t.title,
        "description": t.description,
        "hasThumbnail": t.jpeg_thumbnail.as_ref().is_some_and(|b| !b.is_empty()) || t.thumbnail_direct_path.is_some(),
    }))
}

/// Whom it answers, whom it names, whether it was forwarded.
pub fn context(m: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($field:ident),*) => {
            None$(.or_else(|| m.$field.as_option().and_then(|x| x.context_info.as_option())))*
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
        contact_message,
        poll_creation_message,
        poll_creation_message_v2,
        poll_creation_message_v3,
        poll_creation_message_v5
    )
}
