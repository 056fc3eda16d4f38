//! What somebody does to a message: edits it, takes it back, reacts, votes.

use super::{InChat, Origin, Seen};
use serde::{Deserialize, Serialize};
use wharf_types::Millis;

/// A reaction on the message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The person's row, 0 for the account itself; ids merged away are followed when read.
    pub by: i64,
    /// "" = taken back.
    pub emoji: String,
    /// By that person's clock.
    pub at: Millis,
}

/// What one person chose in a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// The person's row, 0 for the account itself.
    pub by: i64,
    /// Places in the poll's options; empty = cleared.
    pub options: Vec<usize>,
    /// By that person's clock.
    pub at: Millis,
}

/// Somebody in a fact that names people in the words of whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Party {
    /// The account itself.
    Own,
    /// This person.
    Other(Seen),
    /// Not told.
    Unknown,
}

/// A vote as it travels: encrypted with the poll's secret. Base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedVote {
    /// Ciphertext and tag.
    pub payload: String,
    /// 12 bytes.
    pub iv: String,
}

/// What somebody chose in a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ballot {
    /// As it travels.
    Sealed(SealedVote),
    /// SHA-256 of the options' texts, hex: as the phone tells it in history.
    Open(Vec<String>),
}

/// What somebody does to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// New words for a text or a caption.
    Edited {
        /// The new text.
        body: String,
        /// JIDs mentioned in it.
        mentions: Vec<String>,
    },
    /// Deleted for everyone.
    Revoked,
    /// An emoji on it; "" takes the former back.
    Reacted {
        /// The emoji.
        emoji: String,
    },
    /// A vote in the poll it is.
    Voted(Ballot),
}

/// Something done to a message. May be told before the message itself is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Where.
    pub chat: InChat,
    /// WhatsApp's id of the message.
    pub wa_id: String,
    /// Whose message it is.
    pub author: Party,
    /// Who does it.
    pub by: Party,
    /// What.
    pub act: Act,
    /// When, by the doer's clock if it says.
    pub at: Millis,
    /// Live or bulk.
    pub origin: Origin,
}
