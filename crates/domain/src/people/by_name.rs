//! A page of listContacts by name: folded name by code points, nameless last, ties by row id.
//!
//! Two ways, chosen by how many match. Few: gather the candidates and select the next page among them. Many:
//! walk the name index from the cursor and test each person. Matches may lie anywhere in the alphabet (a search in
//! one script matches in that script only), so the walk first leaps over first letters, and whole blocks of them,
//! under which nobody matches; lists by first letter tell. A walk that still finds too little for its length is
//! given up for the gathering. The sort key is fixed in the cursor; a rename during a walk may repeat or skip
//! that person, nobody else.

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
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

/// Index entries tried before candidates are counted.
const FIRST_LOOK: usize = 2_048;
/// The same where a text is searched, which most people do not match.
const SHORT_LOOK: usize = 128;
/// Candidates that are gathered without weighing.
const FEW: usize = 1_000;
/// What fetching a row costs, in steps along the name index.
const ROW_COST: usize = 6;
/// Chunks of a list fetched at once.
const CHUNKS_AT_ONCE: usize = 32;
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
    if filter.lists.iter().all(|list| flag_of(list).is_some()) {
        let on_demand = OnDemand::new(view, s, filter);
        let test = |row: &PersonRow| on_lists(filter, row) && filter.admits(row);
        let budget = if filter.search.is_some() {
            SHORT_LOOK
        } else {
            FIRST_LOOK
        };
        let look = along_index(
            view,
            s,
            after,
            limit,
            budget,
            &|id| on_demand.has(id),
            &test,
        )?;
        if let Some(found) = look {
            return Ok(found);
        }
    }
    let mut chunks = Chunks::new();
    let mut candidates = filter.candidates(s, 0);
    while let Some((chunk, bits)) = candidates.next(view)? {
        chunks.insert(chunk, bits);
    }
    if count(&chunks) <= FEW {
        return gather(view, s, filter, &chunks, after, limit);
    }
    by_letter(view, s, filter, &chunks, after, limit)
}

/// The lists of a filter, read chunk by chunk as people of those chunks are met.
struct OnDemand<'v> {
    view: &'v dyn View,
    s: SessionNo,
    lists: Vec<&'v ListKey>,
    chunks: RefCell<HashMap<u32, Bits>>,
}

impl<'v> OnDemand<'v> {
    fn new(view: &'v dyn View, s: SessionNo, filter: &'v Filter) -> Self {
        // Nearly everybody in the name index is listed: the row itself tells at no further cost.
        let telling = |list: &&ListKey| **list != ListKey::Listed;
        Self {
            view,
            s,
            lists: filter.lists.iter().filter(telling).collect(),
            chunks: RefCell::default(),
        }
    }

    fn has(&self, id: i64) -> Result<bool> {
        if self.lists.is_empty() {
            return Ok(true);
        }
        let (chunk, offset) = place(id);
        if let Some(bits) = self.chunks.borrow().get(&chunk) {
            return Ok(bits.contains(offset));
        }
        let mut bits: Option<Bits> = None;
        for list in &self.lists {
            let stored = self.view.posting(self.s, list, chunk)?.unwrap_or_default();
            match &mut bits {
                None => bits = Some(Bits::decode(&stored)?),
                Some(bits) => bits.intersect_stored(&stored)?,
            }
        }
        let bits = bits.unwrap_or_default();
        let has = bits.contains(offset);
        self.chunks.borrow_mut().insert(chunk, bits);
        Ok(has)
    }
}

/// Candidates by chunk.
type Chunks = BTreeMap<u32, Bits>;

fn count(chunks: &Chunks) -> usize {
    chunks.values().map(Bits::len).sum()
}

/// The candidates that are on a list too.
fn on_list(view: &dyn View, s: SessionNo, chunks: &Chunks, list: &ListKey) -> Result<Chunks> {
    let mut met = Chunks::new();
    let Some((first, _)) = chunks.first_key_value() else {
        return Ok(met);
    };
    let mut from = *first;
    loop {
        let stored = view.postings_from(s, list, from, CHUNKS_AT_ONCE)?;
        for (chunk, bytes) in &stored {
            if let Some(mut bits) = chunks.get(chunk).cloned() {
                bits.intersect_stored(bytes)?;
                if !bits.is_empty() {
                    met.insert(*chunk, bits);
                }
            }
        }
        match stored.last().and_then(|(chunk, _)| chunk.checked_add(1)) {
            Some(next) if stored.len() == CHUNKS_AT_ONCE => from = next,
            _ => return Ok(met),
        }
    }
}

/// Letter by letter from the cursor on, leaping over those under which nobody matches.
fn by_letter(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    chunks: &Chunks,
    after: Option<&NamePlace>,
    limit: usize,
) -> Result<Vec<(NamePlace, PersonRow)>> {
    let mut found = Vec::new();
    let mut at = after.cloned().unwrap_or_default();
    let mut block: Option<(u32, Chunks)> = None;
    loop {
        let wanted = limit - found.len();
        let Some((key, _)) = view.people_by_name(s, Some((&at.0, at.1)), 1)?.pop() else {
            return Ok(found);
        };
        let Some(first) = key
            .strip_prefix(index::NAMED)
            .and_then(|name| name.chars().next())
        else {
            let nameless = on_list(view, s, chunks, &ListKey::NameBlock(index::NO_BLOCK))?;
            found.extend(among(view, s, filter, chunks, &nameless, &at, wanted)?);
            return Ok(found);
        };
        let of_block = match &block {
            Some((number, of_block)) if *number == index::block(first) => of_block,
            _ => {
                let number = index::block(first);
                let of_block = on_list(view, s, chunks, &ListKey::NameBlock(number))?;
                &block.insert((number, of_block)).1
            }
        };
        let of_letter = on_list(view, s, of_block, &ListKey::NameStart(first))?;
        if !of_letter.is_empty() {
            found.extend(among(view, s, filter, chunks, &of_letter, &at, wanted)?);
            if found.len() >= limit {
                return Ok(found);
            }
        }
        at = (leap_to(first, of_block.is_empty()), i64::MIN);
    }
}

/// The key before every name that begins after this letter, or after its block.
fn leap_to(first: char, whole_block: bool) -> String {
    match index::after(first, whole_block) {
        Some(next) => [index::NAMED, next].iter().collect(),
        None => index::NAMELESS.to_owned(),
    }
}

/// The next page from a place within one letter: along the index while it is dense there, else among the letter's
/// candidates. Going along the index may run on into further letters; fewer than wanted means the letter is through.
fn among(
    view: &dyn View,
    s: SessionNo,
    filter: &Filter,
    chunks: &Chunks,
    of_letter: &Chunks,
    after: &NamePlace,
    limit: usize,
) -> Result<Vec<(NamePlace, PersonRow)>> {
    let count = count(of_letter);
    if count > FEW {
        let on = |id: i64| {
            let (chunk, offset) = place(id);
            Ok(chunks.get(&chunk).is_some_and(|bits| bits.contains(offset)))
        };
        let test = |row: &PersonRow| filter.admits(row);
        let budget = count.saturating_mul(ROW_COST);
        if let Some(found) = along_index(view, s, Some(after), limit, budget, &on, &test)?
            && found.len() == limit
        {
            return Ok(found);
        }
    }
    gather(view, s, filter, of_letter, Some(after), limit)
}

/// The flag that stands for a list on the row itself.
fn flag_of(list: &ListKey) -> Option<u8> {
    match list {
        ListKey::Listed => Some(flags::DM | flags::GROUP),
        ListKey::Dm => Some(flags::DM),
        ListKey::Group => Some(flags::GROUP),
        ListKey::AddressBook => Some(flags::ADDRESS_BOOK),
        ListKey::Members(_)
        | ListKey::NameGram(_)
        | ListKey::PhoneGram(_)
        | ListKey::NameStart(_)
        | ListKey::NameBlock(_) => None,
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
    on: &dyn Fn(i64) -> Result<bool>,
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
        let mut hits: Vec<NamePlace> = Vec::new();
        for entry in entries {
            if on(entry.1)? {
                hits.push(entry);
            }
        }
        // No more rows than the page still wants: the rest of the batch may never be needed.
        let mut hits = hits.into_iter();
        while found.len() < limit {
            let places: Vec<NamePlace> = hits.by_ref().take(limit - found.len()).collect();
            if places.is_empty() {
                break;
            }
            let mut ids: Vec<i64> = places.iter().map(|(_, id)| *id).collect();
            ids.sort_unstable();
            let mut rows: HashMap<i64, PersonRow> = fetch(view, s, &ids)?
                .into_iter()
                .map(|row| (row.id, row))
                .collect();
            for place in places {
                if let Some(row) = rows.remove(&place.1).filter(test) {
                    found.push((place, row));
                }
            }
        }
        if found.len() >= limit || ended {
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
    chunks: &Chunks,
    after: Option<&NamePlace>,
    limit: usize,
) -> Result<Vec<(NamePlace, PersonRow)>> {
    let mut best: BTreeMap<NamePlace, PersonRow> = BTreeMap::new();
    let mut ids = chunks
        .iter()
        .flat_map(|(chunk, bits)| bits.iter().map(move |offset| id_at(*chunk, offset)));
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
