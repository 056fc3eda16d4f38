//! The one form of every list of people: row ids in chunks of 8,192, each a set of 13-bit offsets.
//!
//! Stored, a chunk is a sorted array of little-endian `u16` while it has at most 511 entries, else a bitmap of
//! 1,024 bytes; the length tells which. An empty chunk is not stored. Intersections are of bitmaps, so a
//! page costs what its chunks cost, wherever in the list it lies.

use crate::{Error, Result};

/// Bits of a row id that lie within a chunk.
const OFFSET_BITS: u32 = 13;
/// Row ids in a chunk.
pub const CHUNK_LEN: usize = 1 << OFFSET_BITS;
/// 64-bit words of a bitmap.
const WORDS: usize = CHUNK_LEN / 64;
/// Bytes of a stored bitmap.
const BITMAP_BYTES: usize = CHUNK_LEN / 8;
/// The most entries stored as an array: one more would be as long as the bitmap.
const ARRAY_MAX: usize = BITMAP_BYTES / 2 - 1;

/// Where a row id lies: its chunk and the offset in it. Ids start at 1.
pub fn place(id: i64) -> (u32, u16) {
    let chunk = u32::try_from(id >> OFFSET_BITS).unwrap_or(u32::MAX);
    let offset = u16::try_from(id & (CHUNK_LEN as i64 - 1)).unwrap_or(0);
    (chunk, offset)
}

/// The row id at a place.
pub fn id_at(chunk: u32, offset: u16) -> i64 {
    (i64::from(chunk) << OFFSET_BITS) | i64::from(offset)
}

fn damaged() -> Error {
    Error::Internal("a chunk of a posting list is damaged".into())
}

/// A chunk as a bitmap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits([u64; WORDS]);

impl Default for Bits {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Bits {
    /// From the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut bits = Self::default();
        if bytes.len() == BITMAP_BYTES {
            for (word, raw) in bits.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*raw);
            }
        } else {
            for offset in array(bytes)? {
                bits.insert(offset);
            }
        }
        Ok(bits)
    }

    fn word(offset: u16) -> (usize, u64) {
        (usize::from(offset >> 6), 1 << (offset & 63))
    }

    /// Adds an offset.
    pub fn insert(&mut self, offset: u16) {
        let (at, bit) = Self::word(offset);
        if let Some(word) = self.0.get_mut(at) {
            *word |= bit;
        }
    }

    /// Takes an offset out.
    pub fn remove(&mut self, offset: u16) {
        let (at, bit) = Self::word(offset);
        if let Some(word) = self.0.get_mut(at) {
            *word &= !bit;
        }
    }

    /// Whether an offset is in it.
    pub fn contains(&self, offset: u16) -> bool {
        let (at, bit) = Self::word(offset);
        self.0.get(at).is_some_and(|word| word & bit != 0)
    }

    /// Keeps what a stored chunk has too.
    pub fn intersect_stored(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() == BITMAP_BYTES {
            for (word, raw) in self.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word &= u64::from_le_bytes(*raw);
            }
            return Ok(());
        }
        self.intersect(&Self::decode(bytes)?);
        Ok(())
    }

    /// Keeps what the other has too.
    pub fn intersect(&mut self, other: &Self) {
        for (word, theirs) in self.0.iter_mut().zip(other.0) {
            *word &= theirs;
        }
    }

    /// Adds what the other has.
    pub fn unite(&mut self, other: &Self) {
        for (word, theirs) in self.0.iter_mut().zip(other.0) {
            *word |= theirs;
        }
    }

    /// Drops every offset up to and including this one.
    pub fn drop_through(&mut self, offset: u16) {
        let (at, bit) = Self::word(offset);
        for (index, word) in self.0.iter_mut().enumerate() {
            if index < at {
                *word = 0;
            } else if index == at {
                *word &= !(bit | (bit - 1));
            } else {
                break;
            }
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many it has.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Its offsets in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                u16::try_from(index * 64 + bit).ok()
            })
        })
    }
}

/// The offsets of a stored array.
fn array(bytes: &[u8]) -> Result<impl Iterator<Item = u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > ARRAY_MAX {
        return Err(damaged());
    }
    Ok(pairs
        .iter()
        .map(|raw| u16::from_le_bytes(*raw) & (CHUNK_LEN as u16 - 1)))
}

/// A chunk in work: small ones stay arrays, so that a bulk of rare grams stays small in memory too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Sorted offsets.
    Few(Vec<u16>),
    /// A bitmap.
    Many(Box<Bits>),
}

impl Default for Chunk {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Chunk {
    /// From the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.len() == BITMAP_BYTES {
            return Ok(Self::Many(Box::new(Bits::decode(bytes)?)));
        }
        let offsets: Vec<u16> = array(bytes)?.collect();
        if !offsets.is_sorted_by(|a, b| a < b) {
            return Err(damaged());
        }
        Ok(Self::Few(offsets))
    }

    /// The stored form; empty when it has nothing.
    pub fn encode(&self) -> Vec<u8> {
        let few =
            |offsets: &mut dyn Iterator<Item = u16>| offsets.flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Few(offsets) => few(&mut offsets.iter().copied()),
            Self::Many(bits) if bits.len() <= ARRAY_MAX => few(&mut bits.iter()),
            Self::Many(bits) => bits.0.iter().flat_map(|word| word.to_le_bytes()).collect(),
        }
    }

    /// Adds an offset; says whether it was not there.
    pub fn insert(&mut self, offset: u16) -> bool {
        match self {
            Self::Few(offsets) => {
                let Err(at) = offsets.binary_search(&offset) else {
                    return false;
                };
                offsets.insert(at, offset);
                if offsets.len() > ARRAY_MAX {
                    let mut bits = Box::new(Bits::default());
                    offsets.iter().for_each(|offset| bits.insert(*offset));
                    *self = Self::Many(bits);
                }
                true
            }
            Self::Many(bits) => {
                let new = !bits.contains(offset);
                bits.insert(offset);
                new
            }
        }
    }

    /// Takes an offset out; says whether it was there.
    pub fn remove(&mut self, offset: u16) -> bool {
        match self {
            Self::Few(offsets) => match offsets.binary_search(&offset) {
                Ok(at) => {
                    offsets.remove(at);
                    true
                }
                Err(_) => false,
            },
            Self::Many(bits) => {
                let there = bits.contains(offset);
                bits.remove(offset);
                there
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn offsets() -> impl Strategy<Value = BTreeSet<u16>> {
        prop_oneof![
            prop::collection::btree_set(0..CHUNK_LEN as u16, 0..40),
            prop::collection::btree_set(0..CHUNK_LEN as u16, 500..530),
            prop::collection::btree_set(0..CHUNK_LEN as u16, 3000..4000),
        ]
    }

    fn chunk(of: &BTreeSet<u16>) -> Chunk {
        let mut chunk = Chunk::default();
        for offset in of {
            assert!(chunk.insert(*offset));
        }
        chunk
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_chunk_is_the_set_put_into_it(set in offsets(), gone in offsets()) {
            let mut built = chunk(&set);
            for offset in &gone {
                prop_assert_eq!(built.remove(*offset), set.contains(offset));
            }
            let left: BTreeSet<u16> = set.difference(&gone).copied().collect();
            let stored = built.encode();
            prop_assert_eq!(stored.len(), if left.len() <= ARRAY_MAX { left.len() * 2 } else { BITMAP_BYTES });
            prop_assert_eq!(Bits::decode(&stored).unwrap().iter().collect::<BTreeSet<_>>(), left.clone());
            prop_assert_eq!(Chunk::decode(&stored).unwrap().encode(), stored);
        }

        #[test]
        fn intersection_after_an_offset(a in offsets(), b in offsets(), after in 0..CHUNK_LEN as u16) {
            let mut bits = Bits::decode(&chunk(&a).encode()).unwrap();
            bits.intersect_stored(&chunk(&b).encode()).unwrap();
            bits.drop_through(after);
            let expected: Vec<u16> = a.intersection(&b).copied().filter(|o| *o > after).collect();
            prop_assert_eq!(bits.len(), expected.len());
            prop_assert_eq!(bits.is_empty(), expected.is_empty());
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn a_row_id_has_one_place(id in 1i64..(1 << 44)) {
            let (chunk, offset) = place(id);
            prop_assert_eq!(id_at(chunk, offset), id);
        }
    }

    #[test]
    fn damaged_chunks_are_errors() {
        assert!(Bits::decode(&[1]).is_err());
        assert!(Bits::decode(&[0; 1026]).is_err());
        assert!(Chunk::decode(&[2, 0, 1, 0]).is_err());
    }
}
