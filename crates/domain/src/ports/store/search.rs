//! The index of message texts.

use crate::{Result, sessions::SessionNo};
use wharf_types::Millis;

/// A segment of the search index: see `search`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its number: the row ids it covers.
    pub segment: i64,
    /// Time of its newest message.
    pub newest: Millis,
    /// Of its oldest.
    pub oldest: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SearchView {
    /// The number of the first segment not built; all before it are.
    fn next_segment(&self, s: SessionNo) -> Result<i64>;
    /// By newest message, then by number, both descending; after the given pair.
    fn segments_by_newest(
        &self,
        s: SessionNo,
        after: Option<(Millis, i64)>,
        limit: usize,
    ) -> Result<Vec<SegmentRow>>;
    /// Times and ids of its messages, encoded as `search::segment` says.
    fn segment_docs(&self, s: SessionNo, segment: i64) -> Result<Option<Vec<u8>>>;
    /// Which of its messages hold a term, encoded as `people::posting` says.
    fn search_bits(&self, s: SessionNo, segment: i64, term: i64) -> Result<Option<Vec<u8>>>;
    /// All of a segment's postings, by term.
    fn segment_bits(&self, s: SessionNo, segment: i64) -> Result<Vec<(i64, Vec<u8>)>>;
    /// Deleted chats whose messages are still in segments.
    fn search_purges(&self, s: SessionNo, limit: usize) -> Result<Vec<i64>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SearchTx {
    fn put_segment(
        &mut self,
        s: SessionNo,
        segment: i64,
        newest: Millis,
        oldest: Millis,
        docs: &[u8],
    ) -> Result<()>;
    /// Writes a posting; empty bytes delete it.
    fn put_search_bits(&mut self, s: SessionNo, segment: i64, term: i64, bits: &[u8])
    -> Result<()>;
    fn put_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()>;
    fn delete_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()>;
}
