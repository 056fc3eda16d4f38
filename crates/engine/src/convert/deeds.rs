//! What people do to messages, as it comes in: edits, revocations, reactions, votes.
//!
//! Each names its message by a key in the words of whoever wrote it: "mine" is the writer's, `participant` the author
//! in a group. History hangs reactions and votes on the message itself; there the key names who did it.

use super::{Converter, chat, content::words, known, millis, parse, seen};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;
use waproto::whatsapp::{self as wa, message::protocol_message::Type as ProtocolType};
use wharf_domain::inbound::{Act, Ballot, Deed, InChat, Inbound, Origin, Party, SealedVote, Seen};
use wharf_types::Millis;

/// A deed, its message named by the doer's key.
pub(crate) struct Doing {
    pub key: wa::MessageKey,
    pub act: Act,
    /// By the doer's clock, if it says.
    pub at: Option<Millis>,
}

/// What a message does to another, if that is what it is for.
pub(super) fn of(base: &wa::Message) -> Option<Doing> {
    if let Some(protocol) = base.protocol_message.as_option() {
        return changed(protocol);
    }
    if let Some(reaction) = base.reaction_message.as_option() {
        return Some(Doing {
            key: reaction.key.as_option().cloned()?,
            act: Act::Reacted {
                emoji: reaction.text.clone().unwrap_or_default(),
            },
            at: reaction.sender_timestamp_ms.map(millis),
        });
    }
    let update = base.poll_update_message.as_option()?;
    let vote = update.vote.as_option()?;
    Some(Doing {
        key: update.poll_creation_message_key.as_option().cloned()?,
        act: Act::Voted(Ballot::Sealed(SealedVote {
            payload: STANDARD.encode(vote.enc_payload.as_deref().unwrap_or_default()),
            iv: STANDARD.encode(vote.enc_iv.as_deref().unwrap_or_default()),
        })),
        at: update.sender_timestamp_ms.map(millis),
    })
}

fn changed(protocol: &wa::message::ProtocolMessage) -> Option<Doing> {
    let key = protocol.key.as_option().cloned()?;
    match protocol.r#type {
        Some(ProtocolType::REVOKE) => Some(Doing {
            key,
            act: Act::Revoked,
            at: None,
        }),
        Some(ProtocolType::MESSAGE_EDIT) => {
            let (body, mentions) = protocol
                .edited_message
                .as_option()
                .map(words)
                .unwrap_or_default();
            Some(Doing {
                key,
                act: Act::Edited { body, mentions },
                at: protocol.timestamp_ms.map(millis),
            })
        }
        _ => None,
    }
}

/// Encrypted by a secret in ways not read here (reactions in announcement groups of communities), or bookkeeping of
/// polls: nothing to show.
pub(super) fn unreadable(base: &wa::Message) -> bool {
    base.enc_reaction_message.is_set() || base.poll_update_message.is_set()
}

impl Converter {
    /// The fact, its message named in our words.
    pub(super) fn deed(
        &self,
        doing: Doing,
        chat: InChat,
        by: Party,
        at: Millis,
        origin: Origin,
    ) -> Inbound {
        let author = match &doing.act {
            // An edit is always of the writer's own.
            Act::Edited { .. } => by.clone(),
            _ => self.author(&doing.key, &chat, &by),
        };
        Inbound::Deed(Box::new(Deed {
            wa_id: doing.key.id.unwrap_or_default(),
            author,
            by,
            act: doing.act,
            at: doing.at.unwrap_or(at),
            chat,
            origin,
        }))
    }

    /// Whose message a key names.
    fn author(&self, key: &wa::MessageKey, chat: &InChat, by: &Party) -> Party {
        if key.from_me.unwrap_or(false) {
            return by.clone();
        }
        let named = key.participant.as_deref().and_then(parse);
        match (chat, named.map(|jid| seen(&jid)).filter(known)) {
            (InChat::Person(peer), _) => match by {
                Party::Own => Party::Other(peer.clone()),
                _ => Party::Own,
            },
            (_, Some(author)) => self.party(author),
            (_, None) => Party::Unknown,
        }
    }

    fn party(&self, who: Seen) -> Party {
        if self.is_own(&who) {
            Party::Own
        } else {
            Party::Other(who)
        }
    }
}

/// A message of the past that reactions and votes hang on.
pub(super) struct About<'a> {
    pub chat: &'a InChat,
    pub wa_id: &'a str,
    pub author: Party,
}

impl Converter {
    /// What the phone's history tells of reactions to a message and votes in it.
    pub(super) fn hung_on(
        &self,
        about: &About<'_>,
        info: &wa::WebMessageInfo,
        facts: &mut Vec<Inbound>,
    ) {
        let mut push = |by: Party, act: Act, at: Option<i64>| {
            facts.push(Inbound::Deed(Box::new(Deed {
                chat: about.chat.clone(),
                wa_id: about.wa_id.to_owned(),
                author: about.author.clone(),
                by,
                act,
                at: at.map_or(0, millis),
                origin: Origin::Bulk,
            })));
        };
        for reaction in &info.reactions {
            let by = self.doer(reaction.key.as_option(), about.chat);
            let emoji = reaction.text.clone().unwrap_or_default();
            if let Some(by) = by.filter(|_| !emoji.is_empty()) {
                push(by, Act::Reacted { emoji }, reaction.sender_timestamp_ms);
            }
        }
        for update in &info.poll_updates {
            let by = self.doer(update.poll_update_message_key.as_option(), about.chat);
            if let (Some(by), Some(vote)) = (by, update.vote.as_option()) {
                let hashes = vote.selected_options.iter().map(|hash| hex(hash)).collect();
                push(
                    by,
                    Act::Voted(Ballot::Open(hashes)),
                    update.sender_timestamp_ms,
                );
            }
        }
    }

    /// Who did it, by the key of what they sent; the phone whose history it is speaks.
    fn doer(&self, key: Option<&wa::MessageKey>, place: &InChat) -> Option<Party> {
        let key = key?;
        if key.from_me.unwrap_or(false) {
            return Some(Party::Own);
        }
        if let Some(who) = key.participant.as_deref().and_then(parse) {
            return Some(seen(&who)).filter(known).map(|who| self.party(who));
        }
        match (place, key.remote_jid.as_deref().and_then(parse)) {
            (InChat::Person(peer), _) => Some(Party::Other(peer.clone())),
            (_, Some(jid)) if chat(&jid, None).is_some_and(|c| matches!(c, InChat::Person(_))) => {
                Some(self.party(seen(&jid)))
            }
            _ => None,
        }
    }
}

/// Lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
