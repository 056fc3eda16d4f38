//! Keeps lists in step with rows: which lists a row belongs on, and what to change when it changes.
//!
//! A row's lists follow from the row alone (group membership apart), so whoever writes a row says what it
//! was and what it is, and the difference is what changes. The session's own account is on no list.

use super::{
    buffer::{Gram, Key, PostingBuffer},
    flags,
    names::fold,
};
use crate::{
    Result,
    ports::store::{PersonRow, Tx},
};

/// Any list a person can be found by.
const FINDABLE: u8 = flags::DM | flags::GROUP | flags::ADDRESS_BOOK;

/// Code points of a name that the name index sorts by; beyond it names tie.
const SORTED_POINTS: usize = 256;

/// Code points in a block, as a power of two.
const BLOCK_BITS: u32 = 7;

/// The block of people without a name.
pub const NO_BLOCK: u32 = u32::MAX;

/// The block of a name's first code point.
pub fn block(first: char) -> u32 {
    u32::from(first) >> BLOCK_BITS
}

/// The first code point after this one, or after its whole block; `None` when there is none.
pub fn after(first: char, whole_block: bool) -> Option<char> {
    let next = if whole_block {
        (block(first) + 1) << BLOCK_BITS
    } else {
        u32::from(first) + 1
    };
    // Surrogates are no code points of names.
    let next = if (0xD800..0xE000).contains(&next) {
        0xE000
    } else {
        next
    };
    char::from_u32(next)
}

/// Whether a person can be found in any list.
pub fn findable(row: &PersonRow) -> bool {
    row.flags & flags::SELF == 0 && row.flags & FINDABLE != 0
}

/// What the sort keys of named people begin with.
pub const NAMED: char = '0';
/// The sort key of nameless people: after every name.
pub const NAMELESS: &str = "1";

/// The row's place in the name index: named people under `0` and the folded name, nameless ones under `1`.
/// `None` for people in no list.
pub fn sort_key(row: &PersonRow) -> Option<String> {
    findable(row).then(|| match row.names.shown() {
        "" => NAMELESS.to_owned(),
        name => std::iter::once(NAMED)
            .chain(fold(name).chars().take(SORTED_POINTS))
            .collect(),
    })
}

/// The lists that flags alone decide.
fn flagged(row: &PersonRow) -> Vec<Key> {
    let lists = [
        (flags::DM | flags::GROUP, Key::Listed),
        (flags::DM, Key::Dm),
        (flags::GROUP, Key::Group),
        (flags::ADDRESS_BOOK, Key::AddressBook),
    ];
    let has = if findable(row) { row.flags } else { 0 };
    lists
        .into_iter()
        .filter(|(mask, _)| has & mask != 0)
        .map(|(_, key)| key)
        .collect()
}

/// The lists that name and number decide, sorted, each once.
fn spelled(row: &PersonRow) -> Vec<Key> {
    let mut keys = Vec::new();
    if !findable(row) {
        return keys;
    }
    let name = fold(row.names.shown());
    Gram::all(&name, |gram| keys.push(Key::NameGram(gram)));
    if let Some(first) = name.chars().next() {
        keys.push(Key::NameStart(first));
        keys.push(Key::NameBlock(block(first)));
    } else {
        keys.push(Key::NameBlock(NO_BLOCK));
    }
    if let Some(phone) = &row.phone {
        Gram::all(phone.as_str(), |gram| keys.push(Key::PhoneGram(gram)));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Moves the row from the lists it was on to those it belongs on, and renders it anew for pages. `None` = there
/// was, or is, no row.
pub fn update(
    tx: &dyn Tx,
    buffer: &mut PostingBuffer,
    was: Option<&PersonRow>,
    is: Option<&PersonRow>,
) -> Result<()> {
    let shown_alike = was.zip(is).is_some_and(|(was, is)| {
        (was.flags, &was.lid, &was.phone, &was.names) == (is.flags, &is.lid, &is.phone, &is.names)
    });
    if !shown_alike && let Some(row) = is.or(was) {
        buffer.show(tx, row.id, is.filter(|row| findable(row)))?;
    }
    let mut difference = |list: fn(&PersonRow) -> Vec<Key>| -> Result<()> {
        let old = was.map(list).unwrap_or_default();
        let new = is.map(list).unwrap_or_default();
        if let Some(was) = was {
            for key in old.iter().filter(|key| new.binary_search(key).is_err()) {
                buffer.set(tx, *key, was.id, false)?;
            }
        }
        if let Some(is) = is {
            for key in new.iter().filter(|key| old.binary_search(key).is_err()) {
                buffer.set(tx, *key, is.id, true)?;
            }
        }
        Ok(())
    };
    difference(flagged)?;
    let spelled_alike = was.zip(is).is_some_and(|(was, is)| {
        findable(was) == findable(is)
            && was.phone == is.phone
            && was.names.shown() == is.names.shown()
    });
    if spelled_alike {
        Ok(())
    } else {
        difference(spelled)
    }
}
