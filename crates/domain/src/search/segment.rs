//! A segment: the messages of one run of row ids, and which of them hold what.

use super::text_of;
use crate::{
    Error, Result,
    people::{buffer::Gram, posting::Chunk},
    ports::store::{MessageRow, Tx, View},
    sessions::SessionNo,
};
use wharf_types::Millis;

/// Row ids in a segment, as a power of two. Larger ones make searches cheaper and looking at loose rows dearer.
const ID_BITS: u32 = 11;
/// Row ids in a segment.
pub const IDS: i64 = 1 << ID_BITS;
/// Bytes of a stored document: time and offset.
const DOC: usize = 10;

/// The segment a row id lies in.
pub fn of(id: i64) -> i64 {
    id >> ID_BITS
}

/// The first row id of a segment.
pub fn first(segment: i64) -> i64 {
    segment << ID_BITS
}

/// The term that stands for a chat.
pub fn chat_term(chat: i64) -> i64 {
    -chat
}

/// Every gram of a folded text, sorted, each once. Words do not run into each other: nobody asks for white space.
pub fn terms(text: &str) -> Vec<i64> {
    let mut terms = Vec::new();
    for word in text.split_whitespace() {
        Gram::all(word, |gram| terms.push(gram.packed()));
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Times and ids of a segment's messages, newest first; a place in it is a bit of its postings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Docs(pub Vec<(Millis, i64)>);

impl Docs {
    /// From the stored form.
    pub fn decode(segment: i64, bytes: &[u8]) -> Result<Self> {
        let (docs, rest) = bytes.as_chunks::<DOC>();
        if !rest.is_empty() || docs.len() > usize::try_from(IDS).unwrap_or(0) {
            return Err(Error::Internal("a search segment is damaged".into()));
        }
        let doc = |raw: &[u8; DOC]| {
            let [a, b, c, d, e, f, g, h, low, high] = *raw;
            let at = Millis::from_le_bytes([a, b, c, d, e, f, g, h]);
            (
                at,
                first(segment) + i64::from(u16::from_le_bytes([low, high])),
            )
        };
        Ok(Self(docs.iter().map(doc).collect()))
    }

    /// The stored form.
    pub fn encode(&self, segment: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * DOC);
        for (at, id) in &self.0 {
            bytes.extend(at.to_le_bytes());
            bytes.extend(
                u16::try_from(id - first(segment))
                    .unwrap_or(0)
                    .to_le_bytes(),
            );
        }
        bytes
    }

    /// The place of a message.
    pub fn place(&self, id: i64) -> Option<u16> {
        let at = self.0.iter().position(|(_, doc)| *doc == id)?;
        u16::try_from(at).ok()
    }
}

/// What of a message goes into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    id: i64,
    at: Millis,
    chat: i64,
    text: String,
}

impl Source {
    fn of(row: &MessageRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            chat: row.chat_id,
            text: text_of(row),
        }
    }
}

/// A segment, ready to be written.
#[derive(Debug)]
pub struct Built {
    segment: i64,
    sources: Vec<Source>,
    docs: Docs,
    postings: Vec<(i64, Vec<u8>)>,
}

/// The next segment to build, if its run is over.
pub fn due(view: &dyn View, s: SessionNo) -> Result<Option<i64>> {
    let next = view.next_segment(s)?;
    Ok(Some(next).filter(|next| of(view.last_message_id(s).unwrap_or(0)) > *next))
}

/// What a segment is to be built from.
pub fn sources(view: &dyn View, s: SessionNo, segment: i64) -> Result<Vec<Source>> {
    let rows = view.messages_between(s, first(segment), first(segment + 1) - 1)?;
    Ok(rows.iter().map(Source::of).collect())
}

impl Built {
    /// Works it out: some tens of milliseconds of a processor.
    pub fn new(segment: i64, sources: Vec<Source>) -> Self {
        let mut order: Vec<&Source> = sources.iter().collect();
        order.sort_unstable_by_key(|source| std::cmp::Reverse((source.at, source.id)));
        let mut pairs: Vec<(i64, u16)> = Vec::new();
        for (place, source) in (0u16..).zip(&order) {
            pairs.push((chat_term(source.chat), place));
            pairs.extend(terms(&source.text).into_iter().map(|term| (term, place)));
        }
        pairs.sort_unstable();
        let postings = pairs
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|run| {
                let mut chunk = Chunk::default();
                for (_, place) in run {
                    chunk.insert(*place);
                }
                Some((run.first()?.0, chunk.encode()))
            })
            .collect();
        let docs = Docs(order.iter().map(|source| (source.at, source.id)).collect());
        Self {
            segment,
            sources,
            docs,
            postings,
        }
    }

    /// Writes it, unless something changed since its sources were read; `false` then.
    pub fn write(&self, tx: &mut dyn Tx, s: SessionNo) -> Result<bool> {
        if tx.next_segment(s)? != self.segment
            || sources(tx.view(), s, self.segment)? != self.sources
        {
            return Ok(false);
        }
        let newest = self.docs.0.first().map_or(0, |doc| doc.0);
        let oldest = self.docs.0.last().map_or(0, |doc| doc.0);
        let docs = self.docs.encode(self.segment);
        tx.put_segment(s, self.segment, newest, oldest, &docs)?;
        for (term, bits) in &self.postings {
            tx.put_search_bits(s, self.segment, *term, bits)?;
        }
        Ok(true)
    }

    /// Rows it writes.
    pub fn len(&self) -> usize {
        self.postings.len()
    }

    /// Whether it writes nothing but itself.
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn docs_keep_times_and_ids(docs in prop::collection::vec((any::<i64>(), 0..IDS), 0..50), segment in 0i64..1_000_000) {
            let docs = Docs(docs.into_iter().map(|(at, offset)| (at, first(segment) + offset)).collect());
            let bytes = docs.encode(segment);
            prop_assert_eq!(Docs::decode(segment, &bytes).unwrap(), docs);
        }
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        let packed = |texts: &[&str]| {
            let mut all = Vec::new();
            for text in texts {
                Gram::all(text, |gram| {
                    if gram.text() == **text {
                        all.push(gram.packed());
                    }
                });
            }
            all.sort_unstable();
            all
        };
        assert_eq!(terms("ab c"), packed(&["a", "b", "c", "ab"]));
        assert_eq!(terms(" \n"), Vec::<i64>::new());
        assert!(
            terms("\u{10FFFF}\u{10FFFF}\u{10FFFF}")
                .iter()
                .all(|term| *term > 0)
        );
        assert!(Docs::decode(0, &[0; 11]).is_err());
    }
}
