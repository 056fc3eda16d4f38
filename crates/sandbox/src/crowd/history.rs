//! What the account and one person wrote to each other before the device was linked.

use super::{
    Spec, names,
    rng::{Draws, Kind},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMessage {
    pub id: String,
    pub from_me: bool,
    /// Unix seconds; strictly rising within a chat.
    pub timestamp: u64,
    pub text: String,
}

/// No chat is older than three years, however many messages it has.
const LONGEST: u64 = 3 * 365 * 86_400;

/// Unread messages at the end of a chat: all of them from the other side.
fn unread(draws: Draws) -> u32 {
    if draws.percent(1, 25) {
        1 + draws.below(2, 4) as u32
    } else {
        0
    }
}

/// The number of unread messages of a chat with `count` messages.
pub(super) fn unread_count(spec: &Spec, person: u32, count: u32) -> u32 {
    unread(draws(spec, person)).min(count)
}

fn draws(spec: &Spec, person: u32) -> Draws {
    Draws::new(spec.seed, Kind::Chat, u64::from(person))
}

/// Oldest first.
pub(super) fn messages(spec: &Spec, person: u32) -> impl Iterator<Item = PastMessage> + use<> {
    let draws = draws(spec, person);
    let count = spec.messages;
    let read = count - unread_count(spec, person, count);
    let last = super::EPOCH - draws.below(3, 86_400 * 90);
    // Gaps of up to two days, summed from the newest back, would need the sum; a fixed rhythm with a jitter
    // smaller than the rhythm gives rising times at any index.
    let rhythm = (3_600 + draws.below(4, 86_400)).min(LONGEST / u64::from(count.max(1)));
    (0..count).map(move |n| {
        let at = u64::from(n) * 8;
        let back = u64::from(count - 1 - n) * rhythm;
        PastMessage {
            id: format!("3EB0{:016X}", draws.bits(1_000 + at)),
            from_me: n < read && draws.percent(1_001 + at, 45),
            timestamp: last.saturating_sub(back) - draws.below(1_002 + at, rhythm / 2),
            text: names::text(draws, 1_003 + at),
        }
    })
}
