//! What a webhook's task has done and not written down yet.

use std::collections::BTreeSet;
use wharf_domain::ports::store::{DeliveryRow, OwedRow, Progress};
use wharf_types::Millis;

/// Written down once there are so many attempts, however soon.
pub const FULL: usize = 128;

/// The open pages.
#[derive(Default)]
pub struct Book {
    /// Read from the log, and neither delivered nor owed.
    open: BTreeSet<i64>,
    made: Vec<DeliveryRow>,
    owed: Vec<OwedRow>,
    settled: Vec<(i64, Millis)>,
    pub failing_since: Option<Millis>,
    dirty: bool,
}

impl Book {
    /// Of a webhook that has done nothing but fail since then, if it has.
    pub fn new(failing_since: Option<Millis>) -> Self {
        Self {
            failing_since,
            ..Self::default()
        }
    }

    pub fn read(&mut self, place: i64) {
        self.open.insert(place);
    }

    /// How many are read and under way.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    pub fn dirty(&self) -> bool {
        self.dirty
    }

    pub fn full(&self) -> bool {
        self.made.len() + self.owed.len() >= FULL
    }

    pub fn attempt(&mut self, made: DeliveryRow) {
        self.made.push(made);
        self.dirty = true;
    }

    /// Delivered or given up; it was owed with this due time, if it was.
    pub fn settle(&mut self, place: i64, owed: Option<Millis>) {
        self.open.remove(&place);
        if let Some(due) = owed {
            self.owed.retain(|row| row.place != place);
            self.settled.push((place, due));
        }
        self.dirty = true;
    }

    pub fn owe(&mut self, row: OwedRow) {
        self.open.remove(&row.place);
        self.settled.retain(|(place, _)| *place != row.place);
        self.owed.retain(|before| before.place != row.place);
        self.owed.push(row);
        self.dirty = true;
    }

    /// Everything so far, and the place that may be written down with it: nothing at or before it is open. `told_to` is
    /// how far the log was read.
    pub fn close(&mut self, told_to: i64) -> Progress {
        self.dirty = false;
        Progress {
            place: self.open.first().map_or(told_to, |first| first - 1),
            made: std::mem::take(&mut self.made),
            owed: std::mem::take(&mut self.owed),
            settled: std::mem::take(&mut self.settled),
            failing_since: self.failing_since,
        }
    }

    /// It could not be written down: it is tried again with what came since.
    pub fn reopen(&mut self, mut lost: Progress) {
        lost.owed.retain(|row| {
            let settled = self.settled.iter().any(|(place, _)| *place == row.place);
            !settled && self.owed.iter().all(|new| new.place != row.place)
        });
        lost.settled
            .retain(|(place, _)| self.owed.iter().all(|new| new.place != *place));
        lost.made.append(&mut self.made);
        lost.owed.append(&mut self.owed);
        lost.settled.append(&mut self.settled);
        (self.made, self.owed, self.settled) = (lost.made, lost.owed, lost.settled);
        self.dirty = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(place: i64) -> OwedRow {
        OwedRow {
            place,
            session: None,
            attempts: 1,
            due: 0,
        }
    }

    #[test]
    fn the_place_never_passes_what_is_open() {
        let mut book = Book::default();
        for place in [3, 5, 9] {
            book.read(place);
        }
        book.settle(5, None);
        assert_eq!(book.close(20).place, 2);
        book.owe(owed(3));
        let progress = book.close(20);
        assert_eq!((progress.place, progress.owed.len()), (8, 1));
        book.settle(9, None);
        assert_eq!(book.close(20).place, 20);
    }

    #[test]
    fn what_was_not_written_down_is_not_forgotten() {
        let mut book = Book::default();
        book.owe(owed(3));
        book.owe(owed(4));
        let lost = book.close(1);
        book.settle(3, Some(0));
        book.reopen(lost);
        let again = book.close(1);
        assert_eq!(again.owed, [owed(4)]);
        assert_eq!(again.settled, [(3, 0)]);
    }
}
