//! People and the lists they are on.

use crate::{
    Result,
    people::{ListKey, Names},
    sessions::SessionNo,
};
use wharf_types::{Lid, Millis, Phone};

/// One person of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Row id within the session: the order in which people were first seen.
    pub id: i64,
    /// Their LID, once known.
    pub lid: Option<Lid>,
    /// Their number, once known.
    pub phone: Option<Phone>,
    /// Names by source.
    pub names: Names,
    /// Lists the person is in beside groups: see `people::flags`.
    pub flags: u8,
    /// When first seen.
    pub first_seen_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait PeopleView {
    /// The row itself; ask `person_alias` for ids that were merged away.
    fn person(&self, s: SessionNo, id: i64) -> Result<Option<PersonRow>>;
    /// The highest row id there is, 0 when none.
    fn last_person_id(&self, s: SessionNo) -> Result<i64>;
    /// The row that holds this LID now, or that a merged LID leads to.
    fn person_by_lid(&self, s: SessionNo, lid: &Lid) -> Result<Option<i64>>;
    /// The row that holds this number now, or that a merged number leads to.
    fn person_by_phone(&self, s: SessionNo, phone: &Phone) -> Result<Option<i64>>;
    /// Where a merged row id leads.
    fn person_alias(&self, s: SessionNo, dropped: i64) -> Result<Option<i64>>;
    /// Rows with `from <= id <= to`, in id order.
    fn people_between(&self, s: SessionNo, from: i64, to: i64) -> Result<Vec<PersonRow>>;
    /// Rows with these ids (ascending); absent ones are left out.
    fn people_by_ids(&self, s: SessionNo, ids: &[i64]) -> Result<Vec<PersonRow>>;
    /// Shows the stored blocks of items with these numbers (ascending), each encoded as `people::item` says; absent
    /// ones are left out. Borrowed, so that a page copies each item once.
    fn item_blocks(
        &self,
        s: SessionNo,
        blocks: &[u32],
        each: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()>;
    /// `(sort key, id)` after the given pair in the name index, at most `limit`. Only people with a list flag.
    /// The key is the folded name in UTF-8; nameless people sort last under `"\u{10FFFF}"`.
    fn people_by_name(
        &self,
        s: SessionNo,
        after: Option<(&str, i64)>,
        limit: usize,
    ) -> Result<Vec<(String, i64)>>;
    /// The chunk of a posting list, encoded as `people::posting` says.
    fn posting(&self, s: SessionNo, list: &ListKey, chunk: u32) -> Result<Option<Vec<u8>>>;
    /// Chunks `>= from` of a list in order, at most `limit`.
    fn postings_from(
        &self,
        s: SessionNo,
        list: &ListKey,
        from: u32,
        limit: usize,
    ) -> Result<Vec<(u32, Vec<u8>)>>;
    /// How many chunks a list has, counted no further than `limit`: how selective it is.
    fn posting_chunks(&self, s: SessionNo, list: &ListKey, limit: usize) -> Result<usize>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait PeopleTx {
    /// Inserts or replaces the row by id; `sort_key` is `None` for people in no list.
    fn put_person(&mut self, s: SessionNo, row: &PersonRow, sort_key: Option<&str>) -> Result<()>;
    /// Writes a block of items; empty bytes delete it.
    fn put_item_block(&mut self, s: SessionNo, block: u32, bytes: &[u8]) -> Result<()>;
    /// Removes a row that was merged away.
    fn delete_person(&mut self, s: SessionNo, id: i64) -> Result<()>;
    /// From now on the dropped id, LID and number lead to `kept`.
    fn put_person_alias(&mut self, s: SessionNo, dropped: &PersonRow, kept: i64) -> Result<()>;
    /// Writes a chunk; empty bytes delete it.
    fn put_posting(&mut self, s: SessionNo, list: &ListKey, chunk: u32, bits: &[u8]) -> Result<()>;
    /// Repoints chats' owners, message senders, receipts and memberships from one person to another; a message
    /// or receipt both have is kept once. Where both have a direct chat or a membership of one group, the caller has joined them before.
    fn repoint_person(&mut self, s: SessionNo, from: i64, to: i64) -> Result<()>;
}
