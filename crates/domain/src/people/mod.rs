//! People: one row a person and session, whatever ids they were seen under.
//!
//! - [`identity`] resolves ids to rows and joins rows that turn out to be one person.
//! - [`names`] keeps names by source, picks the shown one, folds it for search.
//! - [`posting`] is the one form of every list of people: chunked bitmaps in row-id order.
//! - [`index`] keeps lists in step with rows, through a [`buffer`] that writes each chunk once a job.
//! - [`item`] renders what a page shows of a person, once, when the row is written.
//! - [`meet`] intersects lists; [`page`] walks the intersection in row-id order, [`by_name`] by name.
//!
//! Nothing outside this module keys by a raw JID.

pub mod buffer;
pub mod by_name;
pub mod identity;
pub mod index;
pub mod item;
pub mod meet;
mod merge;
pub mod names;
pub mod page;
pub mod posting;

use serde::Serialize;

/// Names by source, as received; "" = none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// From the account's address book.
    pub address_book: String,
    /// Verified business name.
    pub business: String,
    /// What they call themselves.
    pub push: String,
}

impl Names {
    /// The best known: address book, else business, else push.
    pub fn shown(&self) -> &str {
        [&self.address_book, &self.business, &self.push]
            .into_iter()
            .find(|n| !n.is_empty())
            .map_or("", String::as_str)
    }
}

/// Bits of `PersonRow::flags`.
pub mod flags {
    /// Has a direct chat.
    pub const DM: u8 = 1;
    /// Was ever seen as a member of a group.
    pub const GROUP: u8 = 2;
    /// Is in the account's address book.
    pub const ADDRESS_BOOK: u8 = 4;
    /// The session's own account: in no list, ever.
    pub const SELF: u8 = 8;
}

/// Which posting list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListKey {
    /// Everybody listed: direct chat or group.
    Listed,
    /// Everybody with a direct chat.
    Dm,
    /// Everybody ever seen in a group.
    Group,
    /// Everybody in the address book.
    AddressBook,
    /// Present members of the group of this row.
    Members(i64),
    /// Names holding this 1-, 2- or 3-gram of folded code points.
    NameGram(String),
    /// Numbers holding this 1-, 2- or 3-gram of digits.
    PhoneGram(String),
    /// Folded names that begin with this code point.
    NameStart(char),
    /// Folded names whose first code point lies in this block of 128: by and large, one script.
    NameBlock(u32),
}

impl ListKey {
    /// The stored form: a tag byte and the rest.
    pub fn encode(&self) -> Vec<u8> {
        let with = |tag: u8, rest: &[u8]| [&[tag], rest].concat();
        match self {
            Self::Listed => with(b'l', b""),
            Self::Dm => with(b'd', b""),
            Self::Group => with(b'g', b""),
            Self::AddressBook => with(b'a', b""),
            Self::Members(group) => with(b'm', &group.to_be_bytes()),
            Self::NameGram(gram) => with(b'n', gram.as_bytes()),
            Self::PhoneGram(gram) => with(b'p', gram.as_bytes()),
            Self::NameStart(first) => with(b's', &u32::from(*first).to_be_bytes()),
            Self::NameBlock(block) => with(b'b', &block.to_be_bytes()),
        }
    }
}

/// A row of listContacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Verified business name, "" if none.
    pub business_name: String,
    /// `205227043110953@lid`, "" while unknown.
    pub lid: String,
    /// The best known name, "" if none.
    pub name: String,
    /// Digits, "" while only the LID is known.
    pub phone_number: String,
    /// `dm`, `group` or `addressbook`.
    pub source: &'static str,
}
