//! Contact items as JSON, rendered when a person's row is written and only copied when a page is read.
//!
//! What is kept of an item ends where its source begins, since the source depends on the question asked. Items lie in
//! blocks of 32 row ids, so that a page of fifty reads two or three rows and makes no string of its own: `offset (1) ‖
//! flags (1) ‖ length (4, big-endian) ‖ item`, by offset. An empty block is not stored.

use super::{Contact, page::ItemRow};
use crate::{Error, Result, contacts::Source, ports::store::PersonRow};
use std::collections::BTreeMap;

/// Bits of a row id that lie within a block.
const OFFSET_BITS: u32 = 5;
/// Bytes before an item.
const HEAD: usize = 6;

/// Where a row id lies: its block and the offset in it.
pub fn place(id: i64) -> (u32, u8) {
    let block = u32::try_from(id >> OFFSET_BITS).unwrap_or(u32::MAX);
    let offset = u8::try_from(id & ((1 << OFFSET_BITS) - 1)).unwrap_or(0);
    (block, offset)
}

/// Shows each item of a stored block.
pub fn visit(block: u32, bytes: &[u8], mut each: impl FnMut(ItemRow<'_>)) -> Result<()> {
    let damaged = || Error::Internal("a block of contact items is damaged".into());
    let mut rest = bytes;
    while let Some(([offset, flags, length @ ..], after)) = rest.split_first_chunk::<HEAD>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let (opening, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        each(ItemRow {
            id: (i64::from(block) << OFFSET_BITS) | i64::from(*offset),
            flags: *flags,
            opening,
        });
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(damaged())
    }
}

/// A block in work: flags and opening by offset.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block(BTreeMap<u8, (u8, Vec<u8>)>);

impl Block {
    /// From the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut block = Self::default();
        visit(0, bytes, |item| {
            let (_, offset) = place(item.id);
            block.0.insert(offset, (item.flags, item.opening.to_vec()));
        })?;
        Ok(block)
    }

    /// The stored form; empty when it has nothing.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (offset, (flags, opening)) in &self.0 {
            // A name that long does not come over the wire.
            let length = u32::try_from(opening.len()).unwrap_or(0);
            bytes.extend_from_slice(&[*offset, *flags]);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(opening);
        }
        bytes
    }

    /// Renders a row at its offset; `None` takes out what is there.
    pub fn put(&mut self, offset: u8, row: Option<&PersonRow>) -> Result<()> {
        match row {
            Some(row) => self
                .0
                .insert(offset, (row.flags, opening(row)?.into_bytes())),
            None => self.0.remove(&offset),
        };
        Ok(())
    }
}

/// How an item ends after its source.
const CLOSING: &str = "\"}";

/// The item up to its source.
pub fn opening(row: &PersonRow) -> Result<String> {
    let broken = || Error::Internal("a contact item cannot be rendered".into());
    let item = Contact {
        source: "",
        ..Contact::of(row, None)
    };
    let mut text = serde_json::to_string(&item).map_err(|_| broken())?;
    // `source` is the last field.
    if !text.ends_with(r#""source":""}"#) {
        return Err(broken());
    }
    text.truncate(text.len() - CLOSING.len());
    Ok(text)
}

/// A page in the making: `{"data": [...], "nextCursor": "..."}`, written once from its first byte to its last.
pub struct Items {
    json: Vec<u8>,
    source: Option<Source>,
    room: usize,
    more: bool,
}

/// How a page begins.
const OPEN: &[u8] = br#"{"data":["#;
/// Bytes of a usual item.
const USUAL: usize = 200;

impl Items {
    /// For a page of `limit`, with the source that was asked for.
    pub fn new(limit: usize, source: Option<Source>) -> Self {
        let mut json = Vec::with_capacity((limit + 1) * USUAL);
        json.extend_from_slice(OPEN);
        Self {
            json,
            source,
            room: limit,
            more: false,
        }
    }

    /// Adds a person; `false` when the page was full, which then is known not to be the last.
    pub fn push(&mut self, flags: u8, opening: &[u8]) -> bool {
        if self.room == 0 {
            self.more = true;
            return false;
        }
        if self.json.len() > OPEN.len() {
            self.json.push(b',');
        }
        self.room -= 1;
        let source = self.source.unwrap_or_else(|| Source::best(flags));
        self.json.extend_from_slice(opening);
        self.json.extend_from_slice(source.as_str().as_bytes());
        self.json.extend_from_slice(CLOSING.as_bytes());
        true
    }

    /// Somebody did not fit.
    pub fn more(&self) -> bool {
        self.more
    }

    /// The page. A cursor is base64: it needs no quoting.
    pub fn into_page(mut self, next_cursor: &str) -> Vec<u8> {
        for part in [r#"],"nextCursor":""#, next_cursor, "\"}"] {
            self.json.extend_from_slice(part.as_bytes());
        }
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Names, flags};

    fn row(id: i64, push: &str) -> PersonRow {
        PersonRow {
            id,
            lid: None,
            phone: None,
            names: Names {
                push: push.into(),
                ..Names::default()
            },
            flags: flags::DM,
            first_seen_at: 1,
            updated_at: 1,
        }
    }

    #[test]
    fn a_block_is_what_was_put_into_it() {
        let mut block = Block::default();
        for id in [95, 64, 70] {
            block.put(place(id).1, Some(&row(id, "first"))).unwrap();
        }
        block.put(place(70).1, None).unwrap();
        block.put(place(64).1, Some(&row(64, "zweite 李"))).unwrap();
        let stored = block.encode();
        assert_eq!(Block::decode(&stored).unwrap(), block);
        let mut seen = Vec::new();
        visit(place(64).0, &stored, |item| {
            seen.push((item.id, item.flags, item.opening.to_vec()))
        })
        .unwrap();
        let expected = [row(64, "zweite 李"), row(95, "first")]
            .map(|row| (row.id, row.flags, opening(&row).unwrap().into_bytes()));
        assert_eq!(seen, expected);
        assert!(Block::default().encode().is_empty());
        for cut in 1..HEAD + 1 {
            assert!(visit(0, &stored[..stored.len() - cut], |_| ()).is_err());
        }
    }

    #[test]
    fn an_item_is_what_the_contact_serializes_to() {
        let row = PersonRow {
            id: 7,
            lid: Some("205227043110953@lid".parse().unwrap()),
            phone: None,
            names: Names {
                address_book: "a\"b\\ \u{1}\u{2028}é".into(),
                business: "\"source\":\"\"}".into(),
                push: String::new(),
            },
            flags: flags::GROUP,
            first_seen_at: 1,
            updated_at: 1,
        };
        let mut items = Items::new(2, None);
        let opening = opening(&row).unwrap();
        let opening = opening.as_bytes();
        assert!(items.push(flags::GROUP, opening));
        assert!(items.push(flags::DM | flags::GROUP, opening));
        assert!(!items.more());
        assert!(!items.push(flags::DM, opening) && items.more());
        let expected = [Contact::of(&row, None), Contact::of(&row, Some(Source::Dm))]
            .map(|contact| serde_json::to_string(&contact).unwrap());
        let page = format!(r#"{{"data":[{}],"nextCursor":"abc"}}"#, expected.join(","));
        assert_eq!(items.into_page("abc"), page.into_bytes());
        let none = Items::new(2, None).into_page("");
        assert_eq!(none, br#"{"data":[],"nextCursor":""}"#);
    }
}
