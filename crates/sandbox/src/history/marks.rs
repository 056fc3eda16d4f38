//! What hangs on a message when the phone hands it on: the reactions to it and the votes on it.
//!
//! Each names by a key who did it, as the message that did it would have been named: by `from_me` and the chat, in a
//! group also by the participant. Votes lie open: the phone has read them.

use anyhow::Result;
use waproto::whatsapp::{self as wa, message::PollVoteMessage};

use super::archive::Chat;
use crate::{
    groups::model::{Group, View},
    ids::Phone,
    people::{votes::option_hash, write::message_id},
    world::World,
};

/// Of one message.
#[derive(Default)]
pub struct Marks {
    pub reactions: Vec<wa::Reaction>,
    pub votes: Vec<wa::PollUpdate>,
}

/// The chat as its phone hands it on.
pub struct Place<'a> {
    pub owner: Phone,
    pub chat: &'a Chat,
    pub group: Option<&'a Group>,
    /// The chat's JID in the history.
    pub jid: &'a str,
}

impl World<'_> {
    pub fn marks(&self, place: &Place<'_>, id: &str) -> Result<Marks> {
        let Some(line) = self.shown(place.owner, &place.chat.key(), id)? else {
            return Ok(Marks::default());
        };
        let mut marks = Marks::default();
        for reaction in self.reactions(line.seq)? {
            marks.reactions.push(wa::Reaction {
                key: self.doer(place, &reaction.sender_jid)?,
                text: Some(reaction.emoji),
                sender_timestamp_ms: Some(reaction.timestamp),
                ..Default::default()
            });
        }
        for vote in self.votes(line.seq)? {
            let selected = vote.options.iter().map(|text| option_hash(text).to_vec());
            marks.votes.push(wa::PollUpdate {
                poll_update_message_key: self.doer(place, &vote.by)?,
                vote: buffa::MessageField::some(PollVoteMessage {
                    selected_options: selected.collect(),
                }),
                sender_timestamp_ms: Some(vote.at),
                ..Default::default()
            });
        }
        Ok(marks)
    }

    /// Who did it, by the key of what they sent.
    fn doer(&self, place: &Place<'_>, by: &str) -> Result<buffa::MessageField<wa::MessageKey>> {
        let phone: Phone = by.split('@').next().unwrap_or_default().parse()?;
        let from_me = phone == place.owner;
        let participant = match place.group {
            Some(group) if !from_me => {
                let view = View {
                    group,
                    viewer: place.owner,
                };
                let who = self.identity(&group.gid, phone)?;
                who.map(|who| view.jid(&who).to_string())
            }
            _ => None,
        };
        Ok(buffa::MessageField::some(wa::MessageKey {
            remote_jid: Some(place.jid.to_owned()),
            from_me: Some(from_me),
            id: Some(message_id()),
            participant,
        }))
    }
}
