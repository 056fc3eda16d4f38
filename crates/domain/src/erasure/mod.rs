//! What is taken out for good: one person's data on demand ([`person`]), and messages by age ([`age`]).
//!
//! Both work in small jobs with room for others between, and both can be cut off anywhere and begun again: what is taken
//! out first is what is found through what is taken out last.

mod age;
mod person;

pub use person::ErasureReport;

use crate::{
    Result,
    inbound::MessageExtra,
    ports::store::{MessageRow, Tx},
    search::keep,
    sessions::SessionNo,
};

/// Rows of one job: a few milliseconds of the writer.
const ROWS: usize = 200;
/// Messages of one job: each leaves the search index by up to some hundred terms.
const MESSAGES: usize = 25;
/// Rows looked at in one snapshot.
const PAGE: i64 = 1_000;

/// A message goes, and its words from the search index.
fn drop_message(tx: &mut dyn Tx, s: SessionNo, row: &MessageRow) -> Result<()> {
    let blank = MessageRow {
        body: String::new(),
        extra: MessageExtra::default(),
        ..row.clone()
    };
    keep::reworded(tx, s, row, &blank)?;
    tx.delete_message(s, row.id)
}
