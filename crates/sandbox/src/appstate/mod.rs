//! App state: what all devices of an account agree on (contact names, pinned, muted, archived chats…).
//!
//! The account's devices keep five *collections*, each a map from an index (a JSON array such as
//! `["contact","1555…@s.whatsapp.net"]`) to an action. Whoever changes one sends the server a *patch*;
//! the others fetch it. All content is encrypted and authenticated with keys the primary phone shares
//! with its companions; the server of the real network sees only MACs. Four of them guard a collection:
//!
//! - the *index MAC* stands for an index (it is the record's name on the server),
//! - the *value MAC* authenticates one record with its operation and key id,
//! - the *snapshot MAC* authenticates the LT-hash of all value MACs at a version,
//! - the *patch MAC* authenticates one patch: its snapshot MAC and value MACs, in order.
//!
//! Here the phone is the author of contacts and settings, and the server is stricter than the real one:
//! it knows the phone's keys, checks all four MACs of every patch a client sends, and refuses what
//! another device of the account would choke on.
//!
//! Sources: whatsmeow `appstate/`, zapo `src/appstate/`, and the reader in wacore-appstate, which the
//! tests hold against what is written here.

pub mod action;
pub mod chats;
pub mod control;
pub mod iq;
pub mod keys;
pub mod lthash;
pub mod mutation;
pub mod patch;
pub mod store;
mod transfer;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use keys::SyncKey;
pub use mutation::{Mutation, Operation};

/// The five collections, in the order clients ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collection {
    CriticalBlock,
    CriticalUnblockLow,
    RegularHigh,
    Regular,
    RegularLow,
}

impl Collection {
    pub const ALL: [Self; 5] = [
        Self::CriticalBlock,
        Self::CriticalUnblockLow,
        Self::RegularHigh,
        Self::Regular,
        Self::RegularLow,
    ];

    /// The name on the wire, which is also part of what the MACs sign.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CriticalBlock => "critical_block",
            Self::CriticalUnblockLow => "critical_unblock_low",
            Self::RegularHigh => "regular_high",
            Self::Regular => "regular",
            Self::RegularLow => "regular_low",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }
}
