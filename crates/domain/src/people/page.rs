//! A page of listContacts in row-id order: an intersection of lists after the cursor.
//!
//! Nothing is sorted and nothing is counted; a page costs what the chunks it touches cost, wherever it lies.
//! Because ids never change and new rows get higher ones, a walk meets everybody who matches throughout exactly
//! once. Grams find candidates; a search text of more than three code points is checked on the rows themselves,
//! batch by batch, so memory stays bounded however many candidates there are.

use super::{ListKey, buffer::Gram, meet::Meet, names::Search, posting::id_at};
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
        Meet::new(s, &self.lists, &sides, after)
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

/// Rows after `after` that the filter admits, in row-id order, at most `limit`.
pub fn walk(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<PersonRow>> {
    let check = filter.must_check();
    let mut found = Vec::new();
    let mut waiting: Vec<i64> = Vec::new();
    let mut candidates = filter.candidates(s, after);
    while let Some((chunk, bits)) = candidates.next(view)? {
        for offset in bits.iter() {
            waiting.push(id_at(chunk, offset));
            let enough = if check { CHECKED_AT_ONCE } else { limit };
            if waiting.len() >= enough {
                take(view, s, filter, check, &mut waiting, &mut found)?;
                if found.len() >= limit {
                    found.truncate(limit);
                    return Ok(found);
                }
            }
        }
    }
    take(view, s, filter, check, &mut waiting, &mut found)?;
    found.truncate(limit);
    Ok(found)
}

/// Fetches the waiting ids and keeps the rows the filter admits.
fn take(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    check: bool,
    waiting: &mut Vec<i64>,
    found: &mut Vec<PersonRow>,
) -> Result<()> {
    let rows = fetch(view, s, waiting)?;
    waiting.clear();
    found.extend(rows.into_iter().filter(|row| !check || filter.admits(row)));
    Ok(())
}

/// The rows of ascending ids: by one range when they lie close together, else one by one.
pub(super) fn fetch(view: &dyn View, s: SessionNo, ids: &[i64]) -> Result<Vec<PersonRow>> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
        return Ok(Vec::new());
    };
    let span = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    if span > ids.len() * 2 {
        return view.people_by_ids(s, ids);
    }
    let mut rows = view.people_between(s, *first, *last)?;
    if rows.len() > ids.len() {
        rows.retain(|row| ids.binary_search(&row.id).is_ok());
    }
    Ok(rows)
}
