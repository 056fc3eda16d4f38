//! The intersection of posting lists, chunk by chunk in row-id order.
//!
//! A query is an AND of lists, and perhaps an OR of two further ANDs (a number search looks at names and at
//! numbers). Lists leapfrog: the one that has nothing near the place carries the others over the gap, the
//! shortest chunk is read first, and an empty intermediate result spares the rest. Reads run ahead in growing
//! batches, so a first page reads one chunk a list and a long search few.

use super::{
    ListKey,
    posting::{Bits, place},
};
use crate::{Result, ports::store::View, sessions::SessionNo};
use std::collections::VecDeque;

/// Most chunks fetched at once.
const BATCH: usize = 32;

struct Reader {
    list: ListKey,
    ahead: VecDeque<(u32, Vec<u8>)>,
    batch: usize,
    ended: bool,
    /// Stored length of the chunk read last: how selective the list is hereabouts.
    weight: usize,
    /// Left unread where so few candidates are left.
    spared: Option<usize>,
}

impl Reader {
    fn new(list: ListKey, spared: Option<usize>) -> Self {
        Self {
            list,
            ahead: VecDeque::new(),
            batch: 1,
            ended: false,
            weight: 0,
            spared,
        }
    }

    /// The first chunk at or after `from`. Calls go forward only.
    fn seek(&mut self, view: &dyn View, s: SessionNo, from: u32) -> Result<Option<(u32, &[u8])>> {
        while self.ahead.front().is_some_and(|(chunk, _)| *chunk < from) {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() && !self.ended {
            self.ahead = view.postings_from(s, &self.list, from, self.batch)?.into();
            self.ended = self.ahead.len() < self.batch;
            self.batch = (self.batch * 2).min(BATCH);
        }
        if let Some((_, bytes)) = self.ahead.front() {
            self.weight = bytes.len();
        }
        Ok(self
            .ahead
            .front()
            .map(|(chunk, bytes)| (*chunk, bytes.as_slice())))
    }
}

/// All of some lists.
struct All(Vec<Reader>);

impl All {
    /// Every one of `lists`; of `hints` as many as it takes to leave few.
    fn of(lists: &[ListKey], hints: &[ListKey], few: usize) -> Self {
        let must = lists.iter().map(|list| Reader::new(list.clone(), None));
        let may = hints
            .iter()
            .map(|list| Reader::new(list.clone(), Some(few)));
        Self(must.chain(may).collect())
    }

    /// The first chunk at or after `from` that all lists share something in, and what.
    fn next(
        &mut self,
        view: &dyn View,
        s: SessionNo,
        mut from: u32,
    ) -> Result<Option<(u32, Bits)>> {
        'chunk: loop {
            self.0.sort_by_key(|reader| reader.weight);
            let mut met: Option<(u32, Bits)> = None;
            for reader in &mut self.0 {
                if let Some((_, bits)) = &met
                    && reader.spared.is_some_and(|few| bits.len() <= few)
                {
                    continue;
                }
                let Some((chunk, bytes)) = reader.seek(view, s, from)? else {
                    return Ok(None);
                };
                match &mut met {
                    None => {
                        from = chunk;
                        met = Some((chunk, Bits::decode(bytes)?));
                    }
                    Some(_) if chunk > from => {
                        from = chunk;
                        continue 'chunk;
                    }
                    Some((_, bits)) => bits.intersect_stored(bytes)?,
                }
                if met.as_ref().is_some_and(|(_, bits)| bits.is_empty()) {
                    let Some(next) = from.checked_add(1) else {
                        return Ok(None);
                    };
                    from = next;
                    continue 'chunk;
                }
            }
            return Ok(met);
        }
    }
}

/// One side of an OR, with the chunk it has reached.
struct Side {
    all: All,
    reached: Option<(u32, Bits)>,
    ended: bool,
}

impl Side {
    fn seek(&mut self, view: &dyn View, s: SessionNo, from: u32) -> Result<Option<u32>> {
        if !self.ended && self.reached.as_ref().is_none_or(|(chunk, _)| *chunk < from) {
            self.reached = self.all.next(view, s, from)?;
            self.ended = self.reached.is_none();
        }
        Ok(self
            .reached
            .as_ref()
            .map(|(chunk, _)| *chunk)
            .filter(|_| !self.ended))
    }
}

/// A walk over an intersection.
pub struct Meet {
    session: SessionNo,
    all: All,
    any: Vec<Side>,
    from: Option<u32>,
    after: i64,
}

impl Meet {
    /// Rows with an id above `after` on each list of `all` and, unless `any` is empty, on all lists of one of
    /// its sides. At least one list must be named. In a chunk where no more than `few` are left, further lists of
    /// a side are not read: who checks the rows anyhow says how many a list is worth. 0 = every list counts.
    pub fn new(
        session: SessionNo,
        all: &[ListKey],
        any: &[Vec<ListKey>],
        few: usize,
        after: i64,
    ) -> Self {
        // One side is no choice.
        let (all, any) = match any {
            [only] => (All::of(all, only, few), &[][..]),
            _ => (All::of(all, &[], few), any),
        };
        let side = |lists: &Vec<ListKey>| Side {
            all: All::of(&[], lists, few),
            reached: None,
            ended: false,
        };
        Self {
            session,
            all,
            any: any.iter().map(side).collect(),
            from: Some(place(after.max(0)).0),
            after: after.max(0),
        }
    }

    /// The next chunk with something in it, and what.
    pub fn next(&mut self, view: &dyn View) -> Result<Option<(u32, Bits)>> {
        let (after_chunk, after_offset) = place(self.after);
        while let Some(from) = self.from {
            let Some((chunk, mut bits)) = self.next_any(view, from)? else {
                self.from = None;
                break;
            };
            self.from = chunk.checked_add(1);
            if chunk == after_chunk {
                bits.drop_through(after_offset);
            }
            if !bits.is_empty() {
                return Ok(Some((chunk, bits)));
            }
        }
        Ok(None)
    }

    fn next_any(&mut self, view: &dyn View, mut from: u32) -> Result<Option<(u32, Bits)>> {
        loop {
            if self.any.is_empty() {
                return self.all.next(view, self.session, from);
            }
            let mut nearest: Option<u32> = None;
            for side in &mut self.any {
                if let Some(chunk) = side.seek(view, self.session, from)? {
                    nearest = Some(nearest.map_or(chunk, |near| near.min(chunk)));
                }
            }
            let Some(near) = nearest else {
                return Ok(None);
            };
            let mut found = Bits::default();
            for (chunk, bits) in self.any.iter().filter_map(|side| side.reached.as_ref()) {
                if *chunk == near {
                    found.unite(bits);
                }
            }
            if self.all.0.is_empty() {
                return Ok(Some((near, found)));
            }
            let Some((chunk, bits)) = self.all.next(view, self.session, near)? else {
                return Ok(None);
            };
            if chunk > near {
                from = chunk;
                continue;
            }
            found.intersect(&bits);
            if !found.is_empty() {
                return Ok(Some((near, found)));
            }
            match near.checked_add(1) {
                Some(next) => from = next,
                None => return Ok(None),
            }
        }
    }
}
