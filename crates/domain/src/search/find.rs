//! The walk: newest first, each page exact.
//!
//! Segments overlap in time (a history arrives after newer messages), so they are opened in the order of their
//! newest message, and a candidate is taken only when no segment left could hold a newer one. Candidates wait in a
//! heap of times and ids; rows are fetched for those alone that a page needs.

use super::{
    segment::{self, Docs, chat_term},
    text_of,
};
use crate::{
    Result,
    people::{buffer::Gram, posting::Bits},
    ports::store::{MessageRow, SegmentRow, View},
    sessions::SessionNo,
};
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use wharf_types::Millis;

/// Code points a gram has at most.
const GRAM_POINTS: usize = 3;
/// The most grams looked up; more would cost reads and spare nothing.
const GRAMS: usize = 12;
/// Segments read ahead.
const AHEAD: usize = 16;
/// Loose rows looked at at once.
const LOOSE: i64 = 512;
/// Rows fetched at once at least: proposals may be wrong.
const FETCHED: usize = 32;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Folded; each must occur.
    pub words: Vec<String>,
    /// Only in this chat.
    pub chat: Option<i64>,
    /// Not older.
    pub from: Millis,
    /// Not newer.
    pub to: Millis,
}

impl Ask {
    fn admits(&self, row: &MessageRow) -> bool {
        if self.chat.is_some_and(|chat| chat != row.chat_id)
            || !(self.from..=self.to).contains(&row.at)
        {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let text = text_of(row);
        self.words.iter().all(|word| text.contains(word))
    }

    /// The terms a message must be listed under: of each word its longest grams, evenly spread when there are many.
    fn terms(&self) -> Vec<i64> {
        let mut grams = BTreeSet::new();
        for word in &self.words {
            let length = word.chars().count().min(GRAM_POINTS);
            Gram::all(word, |gram| {
                if gram.text().chars().count() == length {
                    grams.insert(gram.packed());
                }
            });
        }
        let step = grams.len().div_ceil(GRAMS).max(1);
        let mut terms: Vec<i64> = self.chat.map(chat_term).into_iter().collect();
        terms.extend(grams.into_iter().step_by(step));
        terms
    }
}

/// Segments by their newest message.
struct Shelf {
    ahead: VecDeque<SegmentRow>,
    last: Option<(Millis, i64)>,
    ended: bool,
}

impl Shelf {
    fn peek(&mut self, view: &dyn View, s: SessionNo) -> Result<Option<&SegmentRow>> {
        if self.ahead.is_empty() && !self.ended {
            let rows = view.segments_by_newest(s, self.last, AHEAD)?;
            self.ended = rows.len() < AHEAD;
            self.last = rows
                .last()
                .map(|row| (row.newest, row.segment))
                .or(self.last);
            self.ahead = rows.into();
        }
        Ok(self.ahead.front())
    }
}

struct Walk<'a> {
    view: &'a dyn View,
    s: SessionNo,
    ask: &'a Ask,
    terms: Vec<i64>,
    before: (Millis, i64),
    candidates: BinaryHeap<(Millis, i64)>,
    shelf: Shelf,
}

impl Walk<'_> {
    fn wanted(&self, doc: (Millis, i64)) -> bool {
        doc < self.before && (self.ask.from..=self.ask.to).contains(&doc.0)
    }

    /// Messages that are in no segment yet.
    fn loose(&mut self) -> Result<()> {
        let mut from = segment::first(self.view.next_segment(self.s)?);
        let last = self.view.last_message_id(self.s)?;
        while from <= last {
            for row in self.view.messages_between(self.s, from, from + LOOSE - 1)? {
                if self.wanted((row.at, row.id)) && self.ask.admits(&row) {
                    self.candidates.push((row.at, row.id));
                }
            }
            from += LOOSE;
        }
        Ok(())
    }

    fn open(&mut self, segment: i64) -> Result<()> {
        let mut met: Option<Bits> = None;
        for term in &self.terms {
            let Some(bytes) = self.view.search_bits(self.s, segment, *term)? else {
                return Ok(());
            };
            match &mut met {
                None => met = Some(Bits::decode(&bytes)?),
                Some(bits) => bits.intersect_stored(&bytes)?,
            }
            if met.as_ref().is_some_and(Bits::is_empty) {
                return Ok(());
            }
        }
        let Some(docs) = self.view.segment_docs(self.s, segment)? else {
            return Ok(());
        };
        let docs = Docs::decode(segment, &docs)?.0;
        match met {
            Some(bits) => {
                for place in bits.iter() {
                    let doc = docs.get(usize::from(place)).copied();
                    self.candidates.extend(doc.filter(|doc| self.wanted(*doc)));
                }
            }
            None => {
                let wanted = docs.into_iter().filter(|doc| self.wanted(*doc));
                let wanted: Vec<_> = wanted.collect();
                self.candidates.extend(wanted);
            }
        }
        Ok(())
    }

    /// Opens every segment that may hold something newer than the best candidate.
    fn open_ahead(&mut self) -> Result<()> {
        loop {
            let top = self.candidates.peek().copied();
            let Some(next) = self.shelf.peek(self.view, self.s)?.copied() else {
                return Ok(());
            };
            if next.newest < self.ask.from {
                self.shelf.ahead.clear();
                self.shelf.ended = true;
                return Ok(());
            }
            if top.is_some_and(|top| top.0 > next.newest) {
                return Ok(());
            }
            self.shelf.ahead.pop_front();
            // Everything in it is too new.
            if (next.oldest, i64::MIN) < self.before && next.oldest <= self.ask.to {
                self.open(next.segment)?;
            }
        }
    }

    /// The next proposals, newest first; empty at the end.
    fn next(&mut self, most: usize) -> Result<Vec<i64>> {
        let mut ids = Vec::new();
        while ids.len() < most {
            self.open_ahead()?;
            match self.candidates.pop() {
                Some((_, id)) => ids.push(id),
                None => break,
            }
        }
        Ok(ids)
    }
}

/// Messages that are asked for, before a place, newest first, at most `limit`.
pub fn walk(
    view: &dyn View,
    s: SessionNo,
    ask: &Ask,
    before: Option<(Millis, i64)>,
    limit: usize,
) -> Result<Vec<MessageRow>> {
    let mut walk = Walk {
        view,
        s,
        ask,
        terms: ask.terms(),
        before: before.unwrap_or((Millis::MAX, i64::MAX)),
        candidates: BinaryHeap::new(),
        shelf: Shelf {
            ahead: VecDeque::new(),
            last: None,
            ended: false,
        },
    };
    walk.loose()?;
    let mut found = Vec::new();
    loop {
        let ids = walk.next((limit - found.len()).max(FETCHED))?;
        if ids.is_empty() {
            return Ok(found);
        }
        let rows = view.messages_by_ids(s, &ids)?;
        found.extend(rows.into_iter().filter(|row| ask.admits(row)));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}
