//! Channels' posts: live, edited, fetched, counted.

use super::{
    Converter,
    content::{Said, words},
    message::Envelope,
};
use wacore::types::{
    events::{InboundMessage, NewsletterLiveUpdate},
    message::EditAttribute,
};
use wharf_domain::inbound::{
    Act, Counted, Deed, InChat, InPost, Inbound, Origin, Party, PostContent, Seen,
};
use wharf_types::{ChannelJid, Millis};
use whatsapp_rust::features::{NewsletterMessage, NewsletterReactionCount};

impl Converter {
    /// The facts of a post as it comes. One taken back is read from its stanza: it has no content.
    pub(super) fn post(&self, inbound: &InboundMessage, facts: &mut Vec<Inbound>) {
        let info = &inbound.info;
        let Ok(channel) = info.source.chat.to_non_ad_string().parse::<ChannelJid>() else {
            return;
        };
        let at = info.timestamp.timestamp_millis();
        match info.edit {
            EditAttribute::AdminRevoke | EditAttribute::SenderRevoke => {}
            EditAttribute::AdminEdit | EditAttribute::MessageEdit => {
                let (body, mentions) = words(&inbound.message);
                facts.push(Inbound::Deed(Box::new(Deed {
                    chat: InChat::Channel(channel),
                    wa_id: info.id.clone(),
                    author: Party::Unknown,
                    by: Party::Unknown,
                    act: Act::Edited { body, mentions },
                    at,
                    origin: Origin::Live,
                })));
            }
            _ => {
                let before = facts.len();
                let envelope = Envelope {
                    chat: InChat::Channel(channel),
                    sender: Seen::default(),
                    from_me: false,
                    wa_id: info.id.clone(),
                    at,
                    push_name: String::new(),
                    origin: Origin::Live,
                    ack_level: 0,
                };
                self.say(envelope, &inbound.message, facts);
                for fact in facts.iter_mut().skip(before) {
                    if let Inbound::Message(message) = fact {
                        message.extra.number = u64::try_from(info.server_id).unwrap_or(0);
                    }
                }
            }
        }
    }
}

fn counted(counts: &[NewsletterReactionCount]) -> Vec<Counted> {
    let counts = counts.iter().map(|reaction| Counted {
        emoji: reaction.code.clone(),
        count: reaction.count,
    });
    counts.collect()
}

/// A post as the server has it.
pub(crate) fn fetched(
    converter: &Converter,
    channel: &ChannelJid,
    post: &NewsletterMessage,
    as_of: Millis,
    origin: Origin,
) -> Option<Inbound> {
    if post.message_id.is_empty() {
        return None;
    }
    let says = match &post.message {
        None => None,
        Some(message) => match converter.said(&post.message_id, message) {
            Said::Content {
                kind,
                body,
                mut extra,
            } => {
                extra.number = post.server_id;
                Some(PostContent {
                    kind: kind.to_owned(),
                    body,
                    extra: *extra,
                })
            }
            // An empty message is one that was taken back; anything else is not for readers.
            Said::Nothing if waproto::codec::message_to_vec(message).is_empty() => None,
            Said::Nothing | Said::Deed(_) => return None,
        },
    };
    Some(Inbound::Post(Box::new(InPost {
        channel: channel.clone(),
        number: post.server_id,
        wa_id: post.message_id.clone(),
        from_me: post.is_sender,
        at: i64::try_from(post.timestamp)
            .unwrap_or(0)
            .saturating_mul(1000),
        says,
        counts: counted(&post.reactions),
        as_of,
        origin,
    })))
}

/// Counts as they change.
pub(crate) fn live_counts(update: &NewsletterLiveUpdate) -> Vec<Inbound> {
    let Ok(channel) = update
        .newsletter_jid
        .to_non_ad_string()
        .parse::<ChannelJid>()
    else {
        return Vec::new();
    };
    let posts = update.messages.iter().map(|post| Inbound::PostCounted {
        channel: channel.clone(),
        number: post.server_id,
        counts: post
            .reactions
            .iter()
            .map(|reaction| Counted {
                emoji: reaction.code.clone(),
                count: reaction.count,
            })
            .collect(),
    });
    posts.collect()
}
