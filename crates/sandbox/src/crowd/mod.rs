//! A reproducible crowd: people, groups and past messages around one account.
//!
//! Everything follows from [`Spec`] alone: the same spec gives the same crowd on any machine, at any time. Nothing
//! is kept: each person, group and chat is derived when asked for, so a crowd of 200,000 costs what its reader holds.
//!
//! Invariants (tests hold them): names are in NFC; numbers and LIDs are distinct; no number begins 6289 9; every
//! person has a direct chat with the account or is in a group with it; whoever hides their number is met only in
//! groups addressed by LID; `messages` is the length of every direct chat.

pub mod apply;
pub mod control;
mod group;
mod history;
mod names;
mod numbers;
mod person;
mod rng;

#[cfg(test)]
mod tests;

pub use apply::SCHEMA;
pub use group::{Group, Membership, Role, Who};
pub use history::PastMessage;
pub use names::Script;
pub use person::{NumberShown, Person};

use serde::{Deserialize, Serialize};

/// The moment the crowd's past ends: 2026-01-01 00:00 UTC, in Unix seconds. Fixed, or no crowd could be repeated.
pub const EPOCH: u64 = 1_767_225_600;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub people: u32,
    pub groups: u32,
    /// Past messages of each direct chat.
    pub messages: u32,
    pub seed: u64,
    /// Digits of the account the crowd surrounds.
    pub account: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecError {
    TooManyPeople,
    TooManyGroups,
    TooManyMessages,
}

impl std::fmt::Display for SpecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SpecError::TooManyPeople => write!(f, "people: at most {}", numbers::MOST_PEOPLE),
            SpecError::TooManyGroups => write!(f, "groups: at most {MOST_GROUPS}"),
            SpecError::TooManyMessages => write!(f, "messages: at most {MOST_MESSAGES}"),
        }
    }
}

impl std::error::Error for SpecError {}

const MOST_GROUPS: u32 = 100_000;
const MOST_MESSAGES: u32 = 100_000;

/// A crowd that can be asked for any of its parts.
#[derive(Clone, Debug)]
pub struct Crowd {
    spec: Spec,
}

/// Checks the sizes; nothing is derived yet.
///
/// # Errors
/// A size beyond what keeps numbers and group ids distinct.
pub fn generate(spec: Spec) -> Result<Crowd, SpecError> {
    if spec.people > numbers::MOST_PEOPLE {
        return Err(SpecError::TooManyPeople);
    }
    if spec.groups > MOST_GROUPS {
        return Err(SpecError::TooManyGroups);
    }
    if spec.messages > MOST_MESSAGES {
        return Err(SpecError::TooManyMessages);
    }
    Ok(Crowd { spec })
}

impl Crowd {
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    pub fn people(&self) -> impl ExactSizeIterator<Item = Person> + '_ {
        (0..self.spec.people as usize).map(|index| Person::derive(&self.spec, index as u32))
    }

    #[must_use]
    pub fn person(&self, index: u32) -> Option<Person> {
        (index < self.spec.people).then(|| Person::derive(&self.spec, index))
    }

    pub fn groups(&self) -> impl ExactSizeIterator<Item = Group> + '_ {
        (0..self.spec.groups as usize).map(|index| Group::derive(&self.spec, index as u32))
    }

    /// The past of a direct chat, oldest first; empty for people without one.
    pub fn messages(&self, person: &Person) -> impl Iterator<Item = PastMessage> + use<> {
        let direct = person.direct_chat;
        history::messages(&self.spec, person.index).take_while(move |_| direct)
    }

    #[must_use]
    pub fn unread_count(&self, person: &Person) -> u32 {
        if person.direct_chat {
            history::unread_count(&self.spec, person.index, self.spec.messages)
        } else {
            0
        }
    }
}
