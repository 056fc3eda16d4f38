//! Keyed randomness without a stream: every draw is a function of (seed, subject, question).
//!
//! A person or a group can thus be derived alone, in any order and at any time, and the whole crowd never
//! has to be in memory. SplitMix64's finaliser mixes well enough for names and dates; no key comes from here.

/// The draws about one subject (one person, one group, one chat).
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64, kind: Kind, index: u64) -> Self {
        Draws(mix(mix(seed ^ kind as u64).wrapping_add(index)))
    }

    /// 64 bits; `question` separates the draws about one subject.
    pub(super) fn bits(self, question: u64) -> u64 {
        mix(self.0 ^ mix(question))
    }

    /// A number below `bound` (0 when `bound` is 0).
    pub(super) fn below(self, question: u64, bound: u64) -> u64 {
        self.bits(question).checked_rem(bound).unwrap_or(0)
    }

    pub(super) fn percent(self, question: u64, chance: u64) -> bool {
        self.below(question, 100) < chance
    }

    pub(super) fn pick<T: Copy + Default>(self, question: u64, from: &[T]) -> T {
        let at = self.below(question, from.len() as u64) as usize;
        from.get(at).copied().unwrap_or_default()
    }
}

/// What a subject is; part of the key, so that person 7 and group 7 have nothing in common.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(super) enum Kind {
    World = 0x1,
    Person = 0x2,
    Group = 0x3,
    Chat = 0x4,
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
