//! A page of listContacts by name: folded name by code points, nameless last, ties by row id.
//!
//! Two ways, chosen by how many match. Few: gather the candidates and select the next page among them. Many:
//! walk the name index from the cursor and test each person. A walk that finds too little for its length (the
//! matches lie elsewhere in the alphabet) is given up for the gathering, so the cost is at most about twice
//! that of the better way. The sort key is fixed in the cursor; a rename during a walk may repeat or skip that
//! person, nobody else.

use super::{
    ListKey, flags, index,
    page::{Filter, fetch},
    posting::{Bits, id_at, place},
};
use crate::{
    Result,
    ports::store::{PersonRow, View},
    sessions::SessionNo,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Index entries tried before candidates are counted.
const FIRST_LOOK: usize = 512;
/// Candidates that are gathered without weighing.
const FEW: usize = 1_000;
/// What fetching a row costs, in steps along the name index.
const ROW_COST: usize = 6;
/// Rows or entries fetched at once.
const BATCH: usize = 512;

/// A row's place in the order.
pub type NamePlace = (String, i64);

/// Rows after `after` that the filter admits, by name, at most `limit`, each with its place.
pub fn walk(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    after: Option<&NamePlace>,
    limit: usize,
) -> Result<Vec<(NamePlace, PersonRow)>> {
    let in_flags = filter.lists.iter().all(|list| flag_of(list).is_some());
    if in_flags {
        let test = |row: &PersonRow| on_lists(filter, row) && filter.admits(row);
        let look = along_index(view, s, after, limit, FIRST_LOOK, &|_| true, &test)?;
        if let Some(found) = look {
            return Ok(found);
        }
    }
    let mut chunks: HashMap<u32, Bits> = HashMap::new();
    let (mut count, mut highest) = (0, 0);
    let mut candidates = filter.candidates(s, 0);
    while let Some((chunk, bits)) = candidates.next(view)? {
        count += bits.len();
        highest = chunk as usize + 1;
        chunks.insert(chunk, bits);
    }
    let everybody = highest * super::posting::CHUNK_LEN;
    let steps = limit.saturating_mul(everybody) / count.max(1);
    if count > FEW && count.saturating_mul(ROW_COST) > steps {
        let on = |id: i64| {
            let (chunk, offset) = place(id);
            chunks.get(&chunk).is_some_and(|bits| bits.contains(offset))
        };
        let budget = count.saturating_mul(ROW_COST);
        let test = |row: &PersonRow| filter.admits(row);
        if let Some(found) = along_index(view, s, after, limit, budget, &on, &test)? {
            return Ok(found);
        }
    }
    gather(view, s, filter, &chunks, after, limit)
}

/// The flag that stands for a list on the row itself.
fn flag_of(list: &ListKey) -> Option<u8> {
    match list {
        ListKey::Listed => Some(flags::DM | flags::GROUP),
        ListKey::Dm => Some(flags::DM),
        ListKey::Group => Some(flags::GROUP),
        ListKey::AddressBook => Some(flags::ADDRESS_BOOK),
        ListKey::Members(_) | ListKey::NameGram(_) | ListKey::PhoneGram(_) => None,
    }
}

fn on_lists(filter: &Filter, row: &PersonRow) -> bool {
    index::findable(row)
        && filter
            .lists
            .iter()
            .all(|list| flag_of(list).is_none_or(|mask| row.flags & mask != 0))
}

/// Walks the name index for at most `budget` entries; `None` when that did not fill the page.
fn along_index(
    view: &dyn View,
    s: SessionNo,
    after: Option<&NamePlace>,
    limit: usize,
    budget: usize,
    on: &dyn Fn(i64) -> bool,
    test: &dyn Fn(&PersonRow) -> bool,
) -> Result<Option<Vec<(NamePlace, PersonRow)>>> {
    let mut at = after.cloned();
    let mut found = Vec::new();
    let mut tried = 0;
    let mut size = limit.min(BATCH);
    while tried < budget {
        let entries =
            view.people_by_name(s, at.as_ref().map(|(key, id)| (key.as_str(), *id)), size)?;
        let ended = entries.len() < size;
        tried += entries.len();
        at = entries.last().cloned().or(at);
        let mut hits: Vec<NamePlace> = entries.into_iter().filter(|(_, id)| on(*id)).collect();
        let mut ids: Vec<i64> = hits.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        let mut rows: HashMap<i64, PersonRow> = fetch(view, s, &ids)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        for place in hits.drain(..) {
            if let Some(row) = rows.remove(&place.1).filter(test) {
                found.push((place, row));
            }
        }
        if found.len() >= limit || ended {
            found.truncate(limit);
            return Ok(Some(found));
        }
        size = (size * 2).min(BATCH);
    }
    Ok(None)
}

/// Selects the next page among all candidates; never holds more than a page and a batch.
fn gather(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    chunks: &HashMap<u32, Bits>,
    after: Option<&NamePlace>,
    limit: usize,
) -> Result<Vec<(NamePlace, PersonRow)>> {
    let mut best: BTreeMap<NamePlace, PersonRow> = BTreeMap::new();
    let ordered: BTreeSet<u32> = chunks.keys().copied().collect();
    let mut ids = ordered
        .into_iter()
        .filter_map(|chunk| Some((chunk, chunks.get(&chunk)?)))
        .flat_map(|(chunk, bits)| bits.iter().map(move |offset| id_at(chunk, offset)));
    loop {
        let batch: Vec<i64> = ids.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(best.into_iter().collect());
        }
        for row in fetch(view, s, &batch)? {
            let Some(key) = index::sort_key(&row) else {
                continue;
            };
            let place = (key, row.id);
            if after.is_some_and(|after| place <= *after) || !filter.admits(&row) {
                continue;
            }
            best.insert(place, row);
            if best.len() > limit {
                best.pop_last();
            }
        }
    }
}
