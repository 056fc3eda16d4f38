//! Changes of posting lists and of blocks of items, collected over one write job.
//!
//! A job that stores twenty thousand people touches the same few thousand chunks over and over. Each (list,
//! chunk) is read once, changed in memory and written once, in key order, by [`PostingBuffer::flush`].
//! A job that fails leaves nothing behind: the buffer goes with it.

use super::{
    ListKey,
    item::{self, Block},
    posting::{Chunk, place},
};
use crate::{
    Result,
    ports::store::{PersonRow, Tx},
    sessions::SessionNo,
};
use std::collections::{BTreeMap, HashMap, btree_map};

/// A list's key without a heap allocation: bulk ingestion makes some sixty a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// [`ListKey::Listed`].
    Listed,
    /// [`ListKey::Dm`].
    Dm,
    /// [`ListKey::Group`].
    Group,
    /// [`ListKey::AddressBook`].
    AddressBook,
    /// [`ListKey::Members`].
    Members(i64),
    /// [`ListKey::NameGram`], packed.
    NameGram(Gram),
    /// [`ListKey::PhoneGram`], packed.
    PhoneGram(Gram),
    /// [`ListKey::NameStart`].
    NameStart(char),
    /// [`ListKey::NameBlock`].
    NameBlock(u32),
}

impl Key {
    fn list(self) -> ListKey {
        match self {
            Self::Listed => ListKey::Listed,
            Self::Dm => ListKey::Dm,
            Self::Group => ListKey::Group,
            Self::AddressBook => ListKey::AddressBook,
            Self::Members(group) => ListKey::Members(group),
            Self::NameGram(gram) => ListKey::NameGram(gram.text()),
            Self::PhoneGram(gram) => ListKey::PhoneGram(gram.text()),
            Self::NameStart(first) => ListKey::NameStart(first),
            Self::NameBlock(block) => ListKey::NameBlock(block),
        }
    }
}

/// Bits of a packed code point; 0 stands for "no more", so a code point is stored plus one.
const POINT_BITS: u32 = 21;

/// One to three code points in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gram(u64);

impl Gram {
    /// Every 1-, 2- and 3-gram of a text.
    pub fn all(text: &str, mut each: impl FnMut(Self)) {
        let (mut before, mut last) = (None, None);
        for point in text.chars().map(|c| u64::from(u32::from(c)) + 1) {
            each(Self(point));
            if let Some(last) = last {
                let two = (last << POINT_BITS) | point;
                each(Self(two));
                if let Some(before) = before {
                    each(Self(((before << POINT_BITS | last) << POINT_BITS) | point));
                }
            }
            (before, last) = (last, Some(point));
        }
    }

    /// As a number, above 0.
    pub fn packed(self) -> i64 {
        // Three times 21 bits: the sign stays clear.
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// As text.
    pub fn text(self) -> String {
        [2, 1, 0]
            .into_iter()
            .filter_map(|at| {
                let point = (self.0 >> (at * POINT_BITS)) & ((1 << POINT_BITS) - 1);
                char::from_u32(u32::try_from(point.checked_sub(1)?).ok()?)
            })
            .collect()
    }
}

struct Entry {
    chunk: Chunk,
    changed: bool,
}

/// See the module's words.
pub struct PostingBuffer {
    session: SessionNo,
    chunks: HashMap<(Key, u32), Entry>,
    blocks: BTreeMap<u32, Block>,
}

impl PostingBuffer {
    /// Empty, for one job on one session.
    pub fn new(session: SessionNo) -> Self {
        Self {
            session,
            chunks: HashMap::new(),
            blocks: BTreeMap::new(),
        }
    }

    /// Puts a row on a list, or takes it off.
    pub fn set(&mut self, tx: &dyn Tx, key: Key, id: i64, on: bool) -> Result<()> {
        let (number, offset) = place(id);
        let entry = match self.chunks.entry((key, number)) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let stored = tx.posting(self.session, &key.list(), number)?;
                let chunk = stored.map_or(Ok(Chunk::default()), |bytes| Chunk::decode(&bytes))?;
                free.insert(Entry {
                    chunk,
                    changed: false,
                })
            }
        };
        entry.changed |= if on {
            entry.chunk.insert(offset)
        } else {
            entry.chunk.remove(offset)
        };
        Ok(())
    }

    /// Renders a row for pages; `None` = pages do not show this id.
    pub fn show(&mut self, tx: &dyn Tx, id: i64, row: Option<&PersonRow>) -> Result<()> {
        let (number, offset) = item::place(id);
        let block = match self.blocks.entry(number) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(free) => {
                let mut block = Block::default();
                tx.item_blocks(self.session, &[number], &mut |_, bytes| {
                    block = Block::decode(bytes)?;
                    Ok(())
                })?;
                free.insert(block)
            }
        };
        block.put(offset, row)
    }

    /// Writes what changed. Must be called before the job ends.
    pub fn flush(&mut self, tx: &mut dyn Tx) -> Result<()> {
        let mut changed: Vec<_> = self
            .chunks
            .drain()
            .filter(|(_, entry)| entry.changed)
            .collect();
        changed.sort_unstable_by_key(|(place, _)| *place);
        for ((key, number), entry) in changed {
            tx.put_posting(self.session, &key.list(), number, &entry.chunk.encode())?;
        }
        for (number, block) in std::mem::take(&mut self.blocks) {
            tx.put_item_block(self.session, number, &block.encode())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_keep_their_text() {
        let mut grams = Vec::new();
        Gram::all("aб\u{10FFFF}\0", |gram| grams.push(gram.text()));
        grams.sort();
        let mut expected = vec![
            "a",
            "б",
            "\u{10FFFF}",
            "\0",
            "aб",
            "б\u{10FFFF}",
            "\u{10FFFF}\0",
            "aб\u{10FFFF}",
            "б\u{10FFFF}\0",
        ];
        expected.sort_unstable();
        assert_eq!(grams, expected);
    }
}
