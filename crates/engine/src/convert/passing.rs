//! Presence and typing of people: word that passes.

use super::{chat, known, seen, seen_all};
use wacore::types::{
    events::Event,
    presence::{ChatPresence, ChatPresenceMedia},
};
use wharf_domain::live::Passing;

/// What an event tells of somebody, if they are a person.
pub(crate) fn passing(event: &Event) -> Option<Passing> {
    let told = match event {
        Event::Presence(update) => Passing {
            who: seen(&update.from),
            chat: None,
            state: if update.unavailable {
                "unavailable"
            } else {
                "available"
            },
            last_seen: update.last_seen.map(|at| at.timestamp_millis()),
        },
        Event::ChatPresence(update) => {
            let source = &update.source;
            Passing {
                who: seen_all(
                    [Some(&source.sender), source.sender_alt.as_ref()]
                        .into_iter()
                        .flatten(),
                ),
                chat: chat(&source.chat, None),
                state: match (update.state, update.media) {
                    (ChatPresence::Paused, _) => "paused",
                    (ChatPresence::Composing, ChatPresenceMedia::Text) => "composing",
                    (ChatPresence::Composing, ChatPresenceMedia::Audio) => "recording",
                },
                last_seen: None,
            }
        }
        _ => return None,
    };
    known(&told.who).then_some(told)
}
