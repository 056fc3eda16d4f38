//! Messages as they arrive live or from the offline queue.

use super::{Converter, chat, content::Said, known, seen_all};
use wacore::{
    proto_helpers::MessageExt,
    types::{events::InboundMessage, message::MessageInfo},
};
use wacore_binary::JidExt;
use waproto::whatsapp::{self as wa, message::protocol_message::Type as ProtocolType};
use wharf_domain::inbound::{
    GroupChange, InChat, InMessage, Inbound, MessageExtra, NameSource, Origin, Party, Seen,
};
use wharf_types::Millis;

/// Where a message stands, whatever it was read from.
pub(crate) struct Envelope {
    pub chat: InChat,
    pub sender: Seen,
    pub from_me: bool,
    pub wa_id: String,
    pub at: Millis,
    pub push_name: String,
    pub origin: Origin,
    pub ack_level: i8,
}

/// A member calls themselves something in a group: a message for everybody's apps, not for eyes.
fn nickname(envelope: &Envelope, message: &wa::Message) -> Option<Inbound> {
    let InChat::Group(jid) = &envelope.chat else {
        return None;
    };
    let protocol = message.get_base_message().protocol_message.as_option()?;
    if protocol.r#type != Some(ProtocolType::GROUP_MEMBER_LABEL_CHANGE) {
        return None;
    }
    let label = protocol.member_label.as_option()?.label.clone();
    let who = envelope.sender.clone();
    Some(Inbound::GroupChanged {
        jid: jid.clone(),
        by: None,
        change: GroupChange::Tagged(who, label.unwrap_or_default()),
        at: envelope.at,
    })
}

impl Converter {
    /// The facts of one live message; none for chats that are not ours to store (broadcast lists, bots).
    pub(crate) fn live(&self, inbound: &InboundMessage, facts: &mut Vec<Inbound>) {
        if inbound.info.source.chat.is_newsletter() {
            return self.post(inbound, facts);
        }
        let Some(envelope) = self.envelope(&inbound.info) else {
            return;
        };
        if let Some(name) = inbound
            .info
            .verified_name
            .as_ref()
            .and_then(|v| v.name.clone())
            && known(&envelope.sender)
        {
            facts.push(Inbound::Name {
                who: envelope.sender.clone(),
                source: NameSource::Business,
                name,
                origin: Origin::Live,
            });
        }
        let before = facts.len();
        self.say(envelope, &inbound.message, facts);
        let source = &inbound.info.source;
        for fact in facts.iter_mut().skip(before) {
            if let Inbound::Message(message) = fact {
                message.extra.by_number = !source.is_from_me && source.sender.is_pn();
            }
        }
    }

    /// A message that may be seen once: WhatsApp shows it on the phone alone and tells other devices that it came.
    pub(crate) fn once(&self, info: &MessageInfo, facts: &mut Vec<Inbound>) {
        let Some(envelope) = self.envelope(info) else {
            return;
        };
        facts.push(Inbound::Message(Box::new(InMessage {
            chat: envelope.chat,
            sender: envelope.sender,
            from_me: envelope.from_me,
            wa_id: envelope.wa_id,
            at: envelope.at,
            push_name: envelope.push_name,
            kind: "view_once".to_owned(),
            body: String::new(),
            extra: MessageExtra {
                view_once: true,
                by_number: !info.source.is_from_me && info.source.sender.is_pn(),
                ..MessageExtra::default()
            },
            origin: envelope.origin,
            ack_level: envelope.ack_level,
        })));
    }

    fn envelope(&self, info: &MessageInfo) -> Option<Envelope> {
        let source = &info.source;
        let other = if source.is_from_me {
            source.recipient_alt.as_ref()
        } else {
            source.sender_alt.as_ref()
        };
        let chat = chat(&source.chat, if source.is_group { None } else { other })?;
        let sender = if source.is_from_me {
            self.own.clone()
        } else {
            seen_all(
                [Some(&source.sender), source.sender_alt.as_ref()]
                    .into_iter()
                    .flatten(),
            )
        };
        Some(Envelope {
            chat,
            sender,
            from_me: source.is_from_me,
            wa_id: info.id.clone(),
            at: info.timestamp.timestamp_millis(),
            push_name: if source.is_from_me {
                String::new()
            } else {
                info.push_name.clone()
            },
            origin: Origin::Live,
            ack_level: 0,
        })
    }

    /// Turns content in an envelope into facts.
    pub(crate) fn say(&self, envelope: Envelope, message: &wa::Message, facts: &mut Vec<Inbound>) {
        if let Some(fact) = nickname(&envelope, message) {
            facts.push(fact);
            return;
        }
        let Envelope {
            chat,
            sender,
            from_me,
            wa_id,
            at,
            push_name,
            origin,
            ack_level,
        } = envelope;
        match self.said(&wa_id, message) {
            Said::Content { kind, body, extra } => {
                facts.push(Inbound::Message(Box::new(InMessage {
                    chat,
                    sender,
                    from_me,
                    wa_id,
                    at,
                    push_name,
                    kind: kind.to_owned(),
                    body,
                    extra: *extra,
                    origin,
                    ack_level,
                })));
            }
            Said::Deed(doing) => {
                let by = if from_me {
                    Party::Own
                } else {
                    Party::Other(sender)
                };
                facts.push(self.deed(*doing, chat, by, at, origin));
            }
            Said::Nothing => {}
        }
    }
}
