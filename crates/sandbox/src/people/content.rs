//! What a message is, in the gateway's terms: something to show, something done to another message, or
//! nothing for eyes. What phones do not know is told apart, because a client that sends it is wrong.

use buffa::Message as _;
use waproto::whatsapp::{
    self as wa, MessageKey,
    message::{
        PollCreationMessage, PollEncValue, SecretEncryptedMessage, protocol_message::Type,
        secret_encrypted_message::SecretEncType,
    },
};

pub enum Content<'m> {
    Shown(Shown<'m>),
    Deed(Deed<'m>),
    /// Keys and settings.
    Silent,
    /// The field numbers of what is not known.
    Unknown(Vec<u32>),
}

/// A message an owner sees.
pub struct Shown<'m> {
    /// `text`, `image`, …
    pub kind: &'static str,
    pub body: String,
    /// Without its envelopes.
    pub inner: &'m wa::Message,
    pub view_once: bool,
}

/// What a message does to an earlier one.
pub enum Deed<'m> {
    Edit {
        key: &'m MessageKey,
        new: &'m wa::Message,
        at_ms: i64,
    },
    /// An edit sealed with the secret of the message it is about.
    SealedEdit {
        key: &'m MessageKey,
        sealed: &'m SecretEncryptedMessage,
    },
    Revoke {
        key: &'m MessageKey,
    },
    /// An empty emoji takes the reaction back.
    React {
        key: &'m MessageKey,
        emoji: &'m str,
        at_ms: i64,
    },
    Vote {
        key: &'m MessageKey,
        vote: &'m PollEncValue,
        at_ms: i64,
    },
}

pub fn of(m: &wa::Message) -> Content<'_> {
    if let Some((inner, once)) = unwrapped(m) {
        return match of(inner) {
            Content::Shown(s) => Content::Shown(Shown {
                view_once: s.view_once || once,
                ..s
            }),
            other => other,
        };
    }
    if let Some(d) = deed(m) {
        return Content::Deed(d);
    }
    if let Some((kind, body, view_once)) = shown(m) {
        return Content::Shown(Shown {
            kind,
            body,
            inner: m,
            view_once,
        });
    }
    if is_silent(m) {
        Content::Silent
    } else {
        Content::Unknown(fields(m))
    }
}

/// What it says, for the ledger: the text shown, the new text of an edit, the emoji of a reaction.
pub fn body(m: &wa::Message) -> Option<String> {
    match of(m) {
        Content::Shown(s) => Some(s.body),
        Content::Deed(Deed::Edit { new, .. }) => text(new).map(str::to_owned),
        Content::Deed(Deed::React { emoji, .. }) => Some(emoji.to_owned()),
        _ => None,
    }
}

/// The text or caption of a message, which is what an edit replaces; None: it has neither.
pub fn text(m: &wa::Message) -> Option<&str> {
    if let Some((inner, _)) = unwrapped(m) {
        return text(inner);
    }
    if let Some(t) = &m.conversation {
        return Some(t);
    }
    if let Some(e) = m.extended_text_message.as_option() {
        return e.text.as_deref();
    }
    if let Some(i) = m.image_message.as_option() {
        return Some(i.caption.as_deref().unwrap_or_default());
    }
    if let Some(v) = m.video_message.as_option() {
        return Some(v.caption.as_deref().unwrap_or_default());
    }
    let d = m.document_message.as_option()?;
    Some(d.caption.as_deref().unwrap_or_default())
}

/// The poll of a message, whichever of its versions it comes in.
pub fn poll(m: &wa::Message) -> Option<&PollCreationMessage> {
    [
        &m.poll_creation_message,
        &m.poll_creation_message_v2,
        &m.poll_creation_message_v3,
        &m.poll_creation_message_v5,
    ]
    .into_iter()
    .find_map(|p| p.as_option())
}

/// The message inside an envelope that only says how to show it, and whether it may be seen once.
fn unwrapped(m: &wa::Message) -> Option<(&wa::Message, bool)> {
    let inside = |f: &'_ buffa::MessageField<wa::message::FutureProofMessage>| f.is_set();
    let (f, once) = if inside(&m.ephemeral_message) {
        (&m.ephemeral_message, false)
    } else if inside(&m.document_with_caption_message) {
        (&m.document_with_caption_message, false)
    } else if inside(&m.view_once_message) {
        (&m.view_once_message, true)
    } else if inside(&m.view_once_message_v2) {
        (&m.view_once_message_v2, true)
    } else if inside(&m.view_once_message_v2_extension) {
        (&m.view_once_message_v2_extension, true)
    } else {
        return None;
    };
    Some((f.as_option()?.message.as_option()?, once))
}

/// Edits come bare, in an envelope of their own, or sealed.
fn deed(m: &wa::Message) -> Option<Deed<'_>> {
    if let Some(sealed) = m.secret_encrypted_message.as_option()
        && sealed.secret_enc_type == Some(SecretEncType::MESSAGE_EDIT)
    {
        let key = sealed.target_message_key.as_option()?;
        return Some(Deed::SealedEdit { key, sealed });
    }
    if let Some(r) = m.reaction_message.as_option() {
        return Some(Deed::React {
            key: r.key.as_option()?,
            emoji: r.text.as_deref().unwrap_or_default(),
            at_ms: r.sender_timestamp_ms.unwrap_or_default(),
        });
    }
    if let Some(p) = m.poll_update_message.as_option() {
        return Some(Deed::Vote {
            key: p.poll_creation_message_key.as_option()?,
            vote: p.vote.as_option()?,
            at_ms: p.sender_timestamp_ms.unwrap_or_default(),
        });
    }
    let p = protocol(m)?;
    let key = p.key.as_option();
    match p.r#type? {
        Type::REVOKE => Some(Deed::Revoke { key: key? }),
        Type::MESSAGE_EDIT => Some(Deed::Edit {
            key: key?,
            new: p.edited_message.as_option()?,
            at_ms: p.timestamp_ms.unwrap_or_default(),
        }),
        _ => None,
    }
}

fn protocol(m: &wa::Message) -> Option<&wa::message::ProtocolMessage> {
    m.protocol_message.as_option().or_else(|| {
        let envelope = m.edited_message.as_option()?.message.as_option()?;
        envelope.protocol_message.as_option()
    })
}

/// The new content of an edit.
pub fn edited(m: &wa::Message) -> Option<&wa::Message> {
    protocol(m)?.edited_message.as_option()
}

fn shown(m: &wa::Message) -> Option<(&'static str, String, bool)> {
    let some = |kind, body: Option<&String>, once: Option<bool>| {
        Some((
            kind,
            body.cloned().unwrap_or_default(),
            once.unwrap_or(false),
        ))
    };
    if let Some(t) = &m.conversation {
        return some("text", Some(t), None);
    }
    if let Some(t) = m.extended_text_message.as_option() {
        return some("text", t.text.as_ref(), None);
    }
    if let Some(i) = m.image_message.as_option() {
        return some("image", i.caption.as_ref(), i.view_once);
    }
    if let Some(v) = m.video_message.as_option() {
        return some("video", v.caption.as_ref(), v.view_once);
    }
    if let Some(a) = m.audio_message.as_option() {
        return some("audio", None, a.view_once);
    }
    if let Some(d) = m.document_message.as_option() {
        return some("document", d.caption.as_ref(), None);
    }
    if m.sticker_message.is_set() {
        return some("sticker", None, None);
    }
    if let Some(l) = m.location_message.as_option() {
        return some("location", l.name.as_ref(), None);
    }
    if let Some(c) = m.contact_message.as_option() {
        return some("contact", c.display_name.as_ref(), None);
    }
    poll(m).and_then(|p| some("poll", p.name.as_ref(), None))
}

/// Nothing to see: sender keys alone, settings of the chat, a message pinned or kept.
fn is_silent(m: &wa::Message) -> bool {
    if let Some(p) = m.protocol_message.as_option() {
        return matches!(
            p.r#type,
            Some(
                Type::EPHEMERAL_SETTING
                    | Type::EPHEMERAL_SYNC_RESPONSE
                    | Type::SHARE_PHONE_NUMBER
                    | Type::LIMIT_SHARING
                    | Type::GROUP_MEMBER_LABEL_CHANGE
            )
        );
    }
    m.pin_in_chat_message.is_set()
        || m.keep_in_chat_message.is_set()
        || (m.sender_key_distribution_message.is_set()
            && fields(m).iter().all(|f| BESIDE.contains(f)))
}

/// `senderKeyDistributionMessage` and `messageContextInfo`: they go beside any content.
const BESIDE: &[u32] = &[2, 35];

/// The numbers of the fields that are set, read off the encoding.
fn fields(m: &wa::Message) -> Vec<u32> {
    let bytes = m.encode_to_vec();
    let mut rest = bytes.as_slice();
    let mut out = Vec::new();
    while let Ok(tag) = buffa::encoding::Tag::decode(&mut rest) {
        out.push(tag.field_number());
        if buffa::encoding::skip_field_depth(tag, &mut rest, buffa::RECURSION_LIMIT).is_err() {
            break;
        }
        if rest.is_empty() {
            break;
        }
    }
    out
}
