//! App state: the address book, and what the account did to its chats on the phone.

use super::{chat, known, millis, parse, seen_all};
use wacore::types::events::Event;
use wacore_binary::Jid;
use wharf_domain::inbound::{ChatState, Inbound, NameSource, Origin};
use wharf_types::Millis;

/// Whether the event is a mutation of app state, which a stored version must wait for.
pub(crate) fn is_mutation(event: &Event) -> bool {
    matches!(
        event,
        Event::ContactUpdate(_)
            | Event::PinUpdate(_)
            | Event::MuteUpdate(_)
            | Event::ArchiveUpdate(_)
            | Event::MarkChatAsReadUpdate(_)
            | Event::DeleteChatUpdate(_)
    )
}

/// Whether a mutation belongs to a whole snapshot rather than to a change just made.
pub(crate) fn is_snapshot(event: &Event) -> bool {
    match event {
        Event::ContactUpdate(update) => update.from_full_sync,
        Event::PinUpdate(update) => update.from_full_sync,
        Event::MuteUpdate(update) => update.from_full_sync,
        Event::ArchiveUpdate(update) => update.from_full_sync,
        _ => false,
    }
}

fn origin(full: bool) -> Origin {
    if full { Origin::Bulk } else { Origin::Live }
}

fn state(jid: &Jid, at: Millis, full: bool, state: ChatState) -> Option<Inbound> {
    Some(Inbound::Chat {
        chat: chat(jid, None)?,
        state,
        at: Some(at),
        origin: origin(full),
    })
}

/// The facts of one mutation.
pub(crate) fn mutation(event: &Event, facts: &mut Vec<Inbound>) {
    let fact = match event {
        Event::ContactUpdate(update) => {
            let other = [&update.action.lid_jid, &update.action.pn_jid]
                .into_iter()
                .filter_map(|jid| jid.as_deref().and_then(parse))
                .collect::<Vec<_>>();
            let who = seen_all(std::iter::once(&update.jid).chain(&other));
            if let (Some(lid), Some(phone)) = (who.lid.clone(), who.phone.clone()) {
                facts.push(Inbound::SamePerson { lid, phone });
            }
            let full = update
                .action
                .full_name
                .clone()
                .filter(|name| !name.is_empty());
            known(&who).then(|| Inbound::Name {
                who,
                source: NameSource::AddressBook,
                name: full
                    .or_else(|| update.action.first_name.clone())
                    .unwrap_or_default(),
                origin: origin(update.from_full_sync),
            })
        }
        Event::PinUpdate(update) => state(
            &update.jid,
            update.timestamp.timestamp_millis(),
            update.from_full_sync,
            ChatState {
                pinned: Some(update.action.pinned.unwrap_or(false)),
                ..Default::default()
            },
        ),
        Event::MuteUpdate(update) => {
            let until = update
                .action
                .muted
                .unwrap_or(false)
                .then(|| millis(update.action.mute_end_timestamp.unwrap_or(-1)));
            state(
                &update.jid,
                update.timestamp.timestamp_millis(),
                update.from_full_sync,
                ChatState {
                    muted_until: Some(until),
                    ..Default::default()
                },
            )
        }
        Event::ArchiveUpdate(update) => state(
            &update.jid,
            update.timestamp.timestamp_millis(),
            update.from_full_sync,
            ChatState {
                archived: Some(update.action.archived.unwrap_or(false)),
                ..Default::default()
            },
        ),
        // A snapshot repeats what was read or deleted at some time in the past; only a live word means "now".
        Event::MarkChatAsReadUpdate(update)
            if !update.from_full_sync && update.action.read.unwrap_or(false) =>
        {
            chat(&update.jid, None).map(|chat| Inbound::ReadElsewhere { chat })
        }
        Event::DeleteChatUpdate(update) if !update.from_full_sync => {
            chat(&update.jid, None).map(|chat| Inbound::ChatDeleted { chat })
        }
        _ => None,
    };
    facts.extend(fact);
}
