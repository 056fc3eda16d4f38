//! Row ids for one write job, taken from the session's counter in growing handfuls.
//!
//! A single message takes one id; a history chunk takes few trips to the counter. What is taken and not used
//! stays unused: ids have gaps, and are never given twice.

use crate::{
    Result,
    ports::store::{RowKind, Tx},
    sessions::SessionNo,
};

/// The most ids taken at once.
const HANDFUL: i64 = 256;

/// Ids of one kind.
pub struct RowIds {
    session: SessionNo,
    kind: RowKind,
    next: i64,
    left: i64,
    take: i64,
}

impl RowIds {
    /// None taken yet.
    pub fn new(session: SessionNo, kind: RowKind) -> Self {
        Self {
            session,
            kind,
            next: 0,
            left: 0,
            take: 1,
        }
    }

    /// The highest id given so far, if any was.
    pub fn newest(&self) -> Option<i64> {
        (self.next > 0).then(|| self.next - 1)
    }

    /// A fresh id, higher than every one given before.
    pub fn give(&mut self, tx: &mut dyn Tx) -> Result<i64> {
        if self.left == 0 {
            self.next = tx.take_ids(self.session, self.kind, self.take)?;
            self.left = self.take;
            self.take = (self.take * 2).min(HANDFUL);
        }
        let id = self.next;
        self.next += 1;
        self.left -= 1;
        Ok(id)
    }
}
