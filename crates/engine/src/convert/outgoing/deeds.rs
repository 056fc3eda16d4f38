//! What the account does to messages, as WhatsApp takes it, and messages passed on.

use super::Unsayable;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use wacore::proto_helpers::MessageExt;
use waproto::{
    buffa::MessageField,
    whatsapp::{
        self as wa,
        message::{
            PollEncValue, PollUpdateMessage, ProtocolMessage, ReactionMessage,
            protocol_message::Type as ProtocolType,
        },
    },
};
use wharf_domain::outbox::{Outgoing, Target, What};
use wharf_types::{Lid, Phone};

/// The key of the message something is done to. In a group it names the author of another's message, as the group
/// names people; whoever reads it compares it with what they have.
fn key(outgoing: &Outgoing, target: &Target, by_lid: bool) -> MessageField<wa::MessageKey> {
    let lid = target.author.lid.as_ref().map(Lid::jid);
    let phone = target.author.phone.as_ref().map(Phone::jid);
    let author = if by_lid { lid.or(phone) } else { phone.or(lid) };
    let in_group = outgoing.to.ends_with("@g.us");
    MessageField::some(wa::MessageKey {
        remote_jid: Some(outgoing.to.clone()),
        from_me: Some(target.from_me),
        id: Some(target.wa_id.clone()),
        participant: author.filter(|_| in_group && !target.from_me),
    })
}

pub(super) fn message(outgoing: &Outgoing, by_lid: bool) -> Result<wa::Message, Unsayable> {
    let key = |target| key(outgoing, target, by_lid);
    Ok(match &outgoing.content.what {
        What::Edit { target, text } => protocol(ProtocolMessage {
            r#type: Some(ProtocolType::MESSAGE_EDIT),
            key: key(target),
            edited_message: MessageField::some(super::kinds::text(text, None)),
            timestamp_ms: Some(outgoing.at),
            ..Default::default()
        }),
        What::Revoke { target } => protocol(ProtocolMessage {
            r#type: Some(ProtocolType::REVOKE),
            key: key(target),
            ..Default::default()
        }),
        What::Reaction { target, emoji } => wa::Message {
            reaction_message: MessageField::some(ReactionMessage {
                key: key(target),
                text: Some(emoji.clone()),
                sender_timestamp_ms: Some(outgoing.at),
                ..Default::default()
            }),
            ..Default::default()
        },
        What::Vote { target, vote, .. } => {
            let bytes = |text: &str| STANDARD.decode(text).map_err(|_| "the vote is damaged");
            wa::Message {
                poll_update_message: MessageField::some(PollUpdateMessage {
                    poll_creation_message_key: key(target),
                    vote: MessageField::some(PollEncValue {
                        enc_payload: Some(bytes(&vote.payload)?),
                        enc_iv: Some(bytes(&vote.iv)?),
                    }),
                    sender_timestamp_ms: Some(outgoing.at),
                    ..Default::default()
                }),
                ..Default::default()
            }
        }
        _ => return Err("is a message of its own"),
    })
}

fn protocol(message: ProtocolMessage) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(message),
        ..Default::default()
    }
}

/// A copy of a message with its media keys, marked as passed on, under the caption that stands now. The mark counts how
/// often: phones say so from five on.
pub(super) fn forward(raw: &wa::Message, caption: Option<&str>) -> wa::Message {
    let mut copy = *raw.prepare_for_forward();
    macro_rules! caption {
        ($($field:ident),* $(,)?) => {
            $( if let (Some(file), Some(caption)) = (copy.$field.as_option_mut(), caption) {
                file.caption = Some(caption.to_owned()).filter(|text| !text.is_empty());
            } )*
        };
    }
    caption!(image_message, video_message, ptv_message, document_message);
    // The library counts from the second time on; phones from the first.
    macro_rules! count {
        ($($field:ident),* $(,)?) => {
            $( if let Some(context) = copy.$field.as_option_mut().and_then(|m| m.context_info.as_option_mut()) {
                context.forwarding_score = Some(context.forwarding_score.unwrap_or(0).max(1));
            } )*
        };
    }
    count!(
        extended_text_message,
        image_message,
        video_message,
        ptv_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        contact_message,
        contacts_array_message,
        poll_creation_message,
        poll_creation_message_v2,
        poll_creation_message_v3,
    );
    copy
}
