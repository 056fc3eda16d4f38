//! One person of the crowd, derived from the seed and their index alone.

use super::{
    Spec, group,
    names::{self, Script},
    numbers,
    rng::{Draws, Kind},
};

/// Whether other members of a group see this person's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberShown {
    Always,
    /// Groups show the LID only.
    Never,
    /// Groups show the LID only; the number comes later, with the last LID-to-number mappings of the history and
    /// with the first message this person writes.
    Later,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub index: u32,
    pub script: Script,
    /// Digits.
    pub phone: String,
    /// Digits; the user part of the LID.
    pub lid: String,
    /// What the person calls themselves, a business its verified name; some never set one.
    pub push_name: Option<String>,
    /// The name in the account's address book.
    pub saved_name: Option<String>,
    /// The name WhatsApp verified; a business.
    pub verified_name: Option<String>,
    pub about: Option<String>,
    /// Has a direct chat with the account; everyone else is in a group.
    pub direct_chat: bool,
    pub number_shown: NumberShown,
}

impl Person {
    pub(super) fn derive(spec: &Spec, index: u32) -> Self {
        let draws = draws(spec, index);
        let script = names::script(draws);
        let verified_name = draws
            .percent(10, 6)
            .then(|| names::business_name(draws, script));
        let direct_chat = has_direct_chat(spec, index);
        // Four in ten direct chats are saved, and a few people met only in groups; the rest have a push name or nothing.
        let saved = draws.percent(11, if direct_chat { 45 } else { 8 });
        let push = draws.percent(12, if saved { 70 } else { 85 });
        let push_name = push.then(|| {
            if draws.percent(13, 50) {
                names::first_name(draws, script)
            } else {
                names::full_name(draws, script)
            }
        });
        Person {
            index,
            script,
            phone: numbers::phone(spec.seed, draws, script, index, &spec.account),
            lid: numbers::lid(spec.seed, index),
            // A business is shown under the name it was verified with.
            push_name: verified_name.clone().or(push_name),
            saved_name: saved.then(|| names::saved_name(draws, script)),
            verified_name,
            about: draws.percent(14, 60).then(|| names::about(draws)),
            direct_chat,
            number_shown: if direct_chat || saved {
                NumberShown::Always
            } else {
                number_shown(spec, index)
            },
        }
    }
}

pub(super) fn draws(spec: &Spec, index: u32) -> Draws {
    Draws::new(spec.seed, Kind::Person, u64::from(index))
}

/// Six in ten have a direct chat, and everyone for whom no group has room: so each person is reachable.
pub(super) fn has_direct_chat(spec: &Spec, index: u32) -> bool {
    group::home(spec, index).is_none() || draws(spec, index).percent(15, 60)
}

/// For someone who is only met in groups. An old group, addressed by numbers, hides none.
fn number_shown(spec: &Spec, index: u32) -> NumberShown {
    let draws = draws(spec, index);
    match (group::home(spec, index), draws.below(16, 100)) {
        (Some(home), 0..24) if group::addressed_by_lid(spec, home) => NumberShown::Never,
        (Some(home), 24..36) if group::addressed_by_lid(spec, home) => NumberShown::Later,
        _ => NumberShown::Always,
    }
}

/// As [`Person::derive`] would set it, without deriving the names.
pub(super) fn shows_number(spec: &Spec, index: u32) -> bool {
    has_direct_chat(spec, index)
        || draws(spec, index).percent(11, 8)
        || number_shown(spec, index) == NumberShown::Always
}
