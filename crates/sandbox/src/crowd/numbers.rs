//! Phone numbers and LIDs of the crowd: injective in the person's index, so nobody has to remember which are taken.
//!
//! Each plan is a country and mobile prefix; no prefix begins another, so two plans never meet. No plan begins
//! with 6289 9: those numbers stay free for tests (control API).

use super::{
    names::Script,
    rng::{Draws, Kind},
};

#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    prefix: &'static str,
    /// First subscriber number; it has as many digits as the last, so none is padded.
    base: u64,
    span: u64,
}

const fn seven(prefix: &'static str) -> Plan {
    Plan {
        prefix,
        base: 2_000_000,
        span: 8_000_000,
    }
}

const fn eight(prefix: &'static str) -> Plan {
    Plan {
        prefix,
        base: 10_000_000,
        span: 80_000_000,
    }
}

/// More people than any plan has numbers would no longer be distinct.
pub(super) const MOST_PEOPLE: u32 = 4_000_000;

const LATIN: &[Plan] = &[
    seven("1415"),
    seven("1212"),
    eight("55119"),
    eight("49151"),
    eight("336"),
    eight("346"),
    eight("62812"),
    seven("8490"),
    seven("90532"),
    seven("234803"),
    eight("5255"),
    seven("4850"),
];
const CYRILLIC: &[Plan] = &[seven("7916"), seven("38067")];
const ARABIC: &[Plan] = &[eight("2010"), seven("96655"), seven("97150")];
const CJK: &[Plan] = &[eight("86138"), eight("8190"), eight("8869")];
const HANGUL: &[Plan] = &[eight("8210")];
const DEVANAGARI: &[Plan] = &[eight("9198")];
const MIXED: &[Plan] = &[seven("97254")];
/// Used only by a person whose number would have been the account's own.
const SPARE: &[Plan] = &[seven("1646")];

/// Odd and no multiple of five: coprime to every span above.
const STRIDE: u64 = 1_299_721;

fn number(seed: u64, plan: Plan, index: u32) -> String {
    let shift = Draws::new(seed, Kind::World, 1).below(1, plan.span);
    let step = (u64::from(index) * STRIDE + shift)
        .checked_rem(plan.span)
        .unwrap_or(0);
    format!("{}{}", plan.prefix, plan.base + step)
}

/// Digits of person `index`, never `taken` (the number the crowd is made for).
pub(super) fn phone(seed: u64, draws: Draws, script: Script, index: u32, taken: &str) -> String {
    let plans = match script {
        Script::Latin | Script::Emoji => LATIN,
        Script::Cyrillic => CYRILLIC,
        Script::Arabic => ARABIC,
        Script::Cjk => CJK,
        Script::Hangul => HANGUL,
        Script::Devanagari => DEVANAGARI,
        Script::Mixed => MIXED,
    };
    let phone = number(seed, draws.pick(7, plans), index);
    if phone == taken {
        number(seed, SPARE.first().copied().unwrap_or_default(), index)
    } else {
        phone
    }
}

/// The user part of a person's LID: 15 digits, as WhatsApp's.
pub(super) fn lid(seed: u64, index: u32) -> String {
    const BASE: u64 = 100_000_000_000_000;
    const SPAN: u64 = 100_000_000_000_000;
    let shift = Draws::new(seed, Kind::World, 2).below(1, SPAN);
    let step = u64::from(index) * 6_700_417_331 + shift;
    format!("{}", BASE + step.checked_rem(SPAN).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Plan> {
        [
            LATIN, CYRILLIC, ARABIC, CJK, HANGUL, DEVANAGARI, MIXED, SPARE,
        ]
        .concat()
    }

    #[test]
    fn no_plan_is_the_beginning_of_another() {
        for (i, a) in all().iter().enumerate() {
            for (j, b) in all().iter().enumerate() {
                assert!(
                    i == j || !b.prefix.starts_with(a.prefix),
                    "{} begins {}",
                    a.prefix,
                    b.prefix
                );
            }
        }
    }

    #[test]
    fn every_span_keeps_its_length_and_holds_the_most_people() {
        for plan in all() {
            let (first, last) = (
                plan.base.to_string(),
                (plan.base + plan.span - 1).to_string(),
            );
            assert_eq!(first.len(), last.len(), "{plan:?}");
            assert!(plan.span >= u64::from(MOST_PEOPLE), "{plan:?}");
            assert!(
                (10..=15).contains(&(plan.prefix.len() + last.len())),
                "{plan:?}"
            );
            assert!(!plan.prefix.starts_with("62899"), "reserved for tests");
        }
    }

    #[test]
    fn the_account_s_own_number_is_nobody_else_s() {
        let draws = Draws::new(1, Kind::Person, 5);
        let usual = phone(1, draws, Script::Cyrillic, 5, "");
        assert_ne!(phone(1, draws, Script::Cyrillic, 5, &usual), usual);
    }
}
