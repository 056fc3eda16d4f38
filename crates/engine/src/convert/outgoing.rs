//! A send's finished content as the message WhatsApp takes. The same row always gives the same message: a resend
//! after a crash must be the same bytes under the same id.

use waproto::{buffa::MessageField, whatsapp as wa};
use wharf_domain::outbox::{Content, Outgoing};

/// Builds the message, its secret included.
pub(crate) fn message(outgoing: &Outgoing) -> wa::Message {
    let Content::Text {
        text,
        mentions,
        quoted,
    } = &outgoing.content;
    let mut message = wa::Message {
        message_context_info: MessageField::some(wa::MessageContextInfo {
            message_secret: Some(outgoing.secret.clone()),
            ..Default::default()
        }),
        ..Default::default()
    };
    if mentions.is_empty() && quoted.is_none() {
        message.conversation = Some(text.clone());
        return message;
    }
    let mut context = wa::ContextInfo {
        mentioned_jid: mentions.clone(),
        ..Default::default()
    };
    if let Some(quoted) = quoted {
        context.stanza_id = Some(quoted.wa_id.clone());
        context.participant = Some(quoted.sender_jid.clone());
        context.quoted_message = MessageField::some(wa::Message {
            conversation: Some(quoted.body.clone()),
            ..Default::default()
        });
    }
    message.extended_text_message = MessageField::some(wa::message::ExtendedTextMessage {
        text: Some(text.clone()),
        context_info: MessageField::some(context),
        ..Default::default()
    });
    message
}
