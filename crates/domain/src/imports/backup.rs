//! What a backup is: the key that opens it, its parts and places in it, and why one is refused.

use crate::{Error, Result, inbound::Inbound};
use std::fmt;
use zeroize::Zeroizing;

/// The key of a backup: the 64 digits its owner was shown.
#[derive(Clone)]
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    /// From 64 hexadecimal digits; white space between them is how people write it down.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("key", "must be 64 hexadecimal digits");
        let digits: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let mut bytes = Zeroizing::new([0; 32]);
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            let pair = digits.get(at..at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(…)")
    }
}

/// Why a backup is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something else, or a version that cannot be read.
    #[error("is not a backup of messages that can be read (msgstore.db.crypt15)")]
    NotABackup,
    /// Another key made it.
    #[error("does not open this backup")]
    WrongKey,
    /// It says so itself.
    #[error("is a backup of another number")]
    OfAnotherNumber,
    /// Its tag, or what was in it.
    #[error("is damaged or was changed")]
    Damaged,
    /// Decompressed.
    #[error("is more than twenty times as large when decompressed")]
    TooLarge,
    /// Its tables are not made for reading.
    #[error("takes too long to read")]
    TooSlow,
    /// The disk.
    #[error("cannot be read now: {0}")]
    Io(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Io(why) => Self::Unavailable(format!("the backup cannot be read: {why}")),
            Refusal::WrongKey => Self::invalid("key", refusal.to_string()),
            _ => Self::invalid("file", refusal.to_string()),
        }
    }
}

/// The parts of a backup, in the order in which they are read: who is who comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Part {
    Mappings,
    Names,
    Chats,
    Messages,
    Reactions,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Mappings,
        Self::Names,
        Self::Chats,
        Self::Messages,
        Self::Reactions,
    ];

    /// The part after this one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|part| *part > self)
    }

    /// As it is stored.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// From what is stored.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.number() == number)
    }
}

/// How far a backup has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In this part.
    pub part: Part,
    /// Up to this row.
    pub row: i64,
}

impl Place {
    /// The beginning.
    pub const START: Self = Self {
        part: Part::Mappings,
        row: 0,
    };
}

/// Some facts of a backup.
#[derive(Debug)]
pub struct Piece {
    /// What it tells.
    pub facts: Vec<Inbound>,
    /// Where to go on.
    pub next: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits() {
        let key = "00ff".repeat(16);
        assert_eq!(RootKey::parse(&key).unwrap().bytes()[..2], [0, 255]);
        let spaced = format!(" {} {}\n", &key[..30], &key[30..]);
        assert_eq!(
            RootKey::parse(&spaced).unwrap().bytes(),
            RootKey::parse(&key.to_uppercase()).unwrap().bytes()
        );
        for bad in [
            "",
            &key[1..],
            &"0g".repeat(32),
            &"é".repeat(32),
            &format!("{key}00"),
        ] {
            assert!(RootKey::parse(bad).is_err(), "{bad}");
        }
        assert!(!format!("{:?}", RootKey::parse(&key).unwrap()).contains("255"));
    }

    #[test]
    fn parts_follow_one_another() {
        let mut part = Part::Mappings;
        for expected in &Part::ALL[1..] {
            part = part.next().unwrap();
            assert_eq!(part, *expected);
            assert_eq!(Part::from_number(part.number()), Some(part));
        }
        assert_eq!((part.next(), Part::from_number(5)), (None, None));
    }
}
