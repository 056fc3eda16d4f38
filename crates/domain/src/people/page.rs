//! A page of listContacts in row-id order: an intersection of lists after the cursor.
//!
//! Nothing is sorted and nothing is counted; a page costs what the chunks it touches cost, wherever it lies.
//! Because ids never change and new rows get higher ones, a walk meets everybody who matches throughout exactly
//! once. Grams find candidates; a search text of more than three code points is checked on the rows themselves,
//! batch by batch, so memory stays bounded however many candidates there are.

use super::{ListKey, buffer::Gram, item, meet::Meet, names::Search, posting::id_at};
use crate::{
    Result,
    ports::store::{PersonRow, View},
    sessions::SessionNo,
};
use std::collections::BTreeSet;

/// The most grams of one text that are looked up; more would cost reads and spare nothing.
const GRAMS: usize = 12;
/// Code points a gram has at most: texts up to this length need no check on the row.
const GRAM_POINTS: usize = 3;
/// Candidates fetched at once while a text is checked on rows.
const CHECKED_AT_ONCE: usize = 128;
/// Candidates of a chunk that are cheaper to check on their rows than by a further list.
const FEW: usize = 4;
/// How many rows of a range may be passed over for one that is wanted.
const WORTH_A_RANGE: usize = 3;

/// A person as a page shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemRow<'a> {
    /// Row id.
    pub id: i64,
    /// As on the person's row.
    pub flags: u8,
    /// The item up to its source: see [`item`].
    pub opening: &'a [u8],
}

/// Is shown each person of a page.
pub type EachItem<'f> = &'f mut dyn FnMut(ItemRow<'_>);

/// What a listing asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// On every one of these lists; never empty.
    pub lists: Vec<ListKey>,
    /// Whose name or number holds this.
    pub search: Option<Search>,
}

impl Filter {
    /// The walk over its candidates after a row id.
    pub(super) fn candidates(&self, s: SessionNo, after: i64) -> Meet {
        let mut sides = Vec::new();
        if let Some(search) = &self.search {
            sides.push(grams(&search.name, ListKey::NameGram));
            if let Some(digits) = &search.digits {
                sides.push(grams(digits, ListKey::PhoneGram));
            }
        }
        let few = if self.must_check() { FEW } else { 0 };
        Meet::new(s, &self.lists, &sides, few, after)
    }

    /// Whether candidates must still be checked on the row.
    pub(super) fn must_check(&self) -> bool {
        let long = |text: &String| text.chars().count() > GRAM_POINTS;
        self.search
            .as_ref()
            .is_some_and(|search| long(&search.name) || search.digits.as_ref().is_some_and(long))
    }

    /// The check.
    pub(super) fn admits(&self, row: &PersonRow) -> bool {
        self.search
            .as_ref()
            .is_none_or(|search| search.matches(row))
    }
}

/// The lists a text must be on: its longest grams, evenly spread when there are many.
fn grams(text: &str, list: fn(String) -> ListKey) -> Vec<ListKey> {
    let length = text.chars().count().min(GRAM_POINTS);
    let mut distinct = BTreeSet::new();
    Gram::all(text, |gram| {
        let gram = gram.text();
        if gram.chars().count() == length {
            distinct.insert(gram);
        }
    });
    let step = distinct.len().div_ceil(GRAMS).max(1);
    distinct.into_iter().step_by(step).map(list).collect()
}

/// Shows the items after `after` that the filter admits, in row-id order, at most `limit`.
pub fn walk(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    after: i64,
    limit: usize,
    each: EachItem<'_>,
) -> Result<()> {
    let check = filter.must_check();
    let enough = if check { CHECKED_AT_ONCE } else { limit };
    let mut left = limit;
    let mut waiting: Vec<i64> = Vec::with_capacity(enough);
    let mut candidates = filter.candidates(s, after);
    while left > 0 {
        let next = candidates.next(view)?;
        let ended = next.is_none();
        let (chunk, bits) = next.unwrap_or_default();
        for offset in bits.iter() {
            waiting.push(id_at(chunk, offset));
            if waiting.len() >= enough {
                take(view, s, filter, check, &mut waiting, &mut left, each)?;
                if left == 0 {
                    break;
                }
            }
        }
        if ended {
            return take(view, s, filter, check, &mut waiting, &mut left, each);
        }
    }
    Ok(())
}

/// Shows the items of the waiting ids that the filter admits.
fn take(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    check: bool,
    waiting: &mut Vec<i64>,
    left: &mut usize,
    each: EachItem<'_>,
) -> Result<()> {
    if check {
        for row in fetch(view, s, waiting)? {
            if *left > 0 && filter.admits(&row) {
                *left -= 1;
                each(ItemRow {
                    id: row.id,
                    flags: row.flags,
                    opening: item::opening(&row)?.as_bytes(),
                });
            }
        }
    } else {
        waiting.truncate(*left);
        *left -= waiting.len();
        show(view, s, waiting, each)?;
    }
    waiting.clear();
    Ok(())
}

/// Shows the items of ascending ids.
fn show(view: &dyn View, s: SessionNo, ids: &[i64], each: EachItem<'_>) -> Result<()> {
    let mut blocks: Vec<u32> = ids.iter().map(|id| item::place(*id).0).collect();
    blocks.dedup();
    let mut wanted = ids.iter().copied().peekable();
    view.item_blocks(s, &blocks, &mut |block, bytes| {
        item::visit(block, bytes, |item| {
            while wanted.next_if(|id| *id < item.id).is_some() {}
            if wanted.peek() == Some(&item.id) {
                each(item);
            }
        })
    })
}

/// The rows of ascending ids: by one range when they lie close together, else one by one.
pub(super) fn fetch(view: &dyn View, s: SessionNo, ids: &[i64]) -> Result<Vec<PersonRow>> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
        return Ok(Vec::new());
    };
    let span = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    if span > ids.len() * WORTH_A_RANGE {
        return view.people_by_ids(s, ids);
    }
    let mut rows = view.people_between(s, *first, *last)?;
    if rows.len() > ids.len() {
        rows.retain(|row| ids.binary_search(&row.id).is_ok());
    }
    Ok(rows)
}
