//! Taking out what is one person's, or too old: a bounded number of rows a job.

use super::{GroupRow, MessageRow};
use crate::{Result, sessions::SessionNo};
use wharf_types::{Millis, SessionId};

/// What led to a person and was merged away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Row ids.
    pub ids: Vec<i64>,
    /// LIDs, as their digits.
    pub lids: Vec<String>,
    /// Numbers.
    pub phones: Vec<String>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ErasureView {
    fn aliases_of(&self, s: SessionNo, person: i64) -> Result<Aliases>;
    fn groups_owned(&self, s: SessionNo, person: i64) -> Result<Vec<GroupRow>>;
    /// Of a chat, those from before `before`, oldest first; not those a queued send stands for.
    fn messages_older(
        &self,
        s: SessionNo,
        chat: i64,
        before: Millis,
        limit: usize,
    ) -> Result<Vec<MessageRow>>;
    /// Number and payload of a session's events, by number, after one.
    fn event_payloads(
        &self,
        session: &SessionId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ErasureTx {
    /// With its receipts.
    fn delete_message(&mut self, s: SessionNo, id: i64) -> Result<()>;
    /// Takes out up to `rows` sends to a chat, queued ones included; how many.
    fn erase_sends(&mut self, s: SessionNo, chat: i64, rows: usize) -> Result<usize>;
    /// Takes out up to `rows` receipts of a person; how many.
    fn erase_receipts(&mut self, s: SessionNo, person: i64, rows: usize) -> Result<usize>;
    /// Takes out what waits for its message and holds this text; how many.
    fn erase_waiting_deeds(&mut self, s: SessionNo, holding: &str) -> Result<usize>;
    /// From now on what was merged into a person leads nowhere.
    fn erase_aliases(&mut self, s: SessionNo, person: i64) -> Result<()>;
    /// Takes out device state whose key names this user, the digits of a number or a LID; how much.
    fn erase_device_keys(&mut self, s: SessionNo, user: &str) -> Result<usize>;
    /// These events keep id, number and type; what receivers answered to them is forgotten.
    fn erase_payloads(&mut self, session: &SessionId, seqs: &[i64]) -> Result<()>;
    /// Takes out up to `rows` sends accepted before `before` that are not queued; how many.
    fn trim_outbox(&mut self, s: SessionNo, before: Millis, rows: usize) -> Result<usize>;
}
