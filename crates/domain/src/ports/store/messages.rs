//! Messages, and what was done to them before they came.

use crate::{Result, inbound::MessageExtra, sessions::SessionNo};
use wharf_types::{Millis, SendStatus};

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// Row id within the session: order of arrival.
    pub id: i64,
    /// Its chat.
    pub chat_id: i64,
    /// Its author's row; 0 for the account itself.
    pub sender_id: i64,
    /// WhatsApp's id.
    pub wa_id: String,
    /// By this account.
    pub from_me: bool,
    /// When sent.
    pub at: Millis,
    /// When stored.
    pub created_at: Millis,
    /// `text`, `image`, …
    pub kind: String,
    /// Text, caption, …
    pub body: String,
    /// Kind-particular parts.
    pub extra: MessageExtra,
    /// −1 … 4.
    pub ack_level: i8,
    /// Of an own message.
    pub status: Option<SendStatus>,
    /// Why it failed, "" otherwise.
    pub error: String,
    /// Edited by its author.
    pub edited: bool,
    /// Deleted for everyone.
    pub deleted: bool,
}

/// A file of the media store that some row named and names no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseFile {
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Another row names it, of any session.
    pub named: bool,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait MessagesView {
    /// Files that lost a row which named them: a message or a send that was deleted, or a message that was taken back.
    fn loose_files(&self) -> Result<Vec<LooseFile>>;
    /// The highest row id there is, 0 when none.
    fn last_message_id(&self, s: SessionNo) -> Result<i64>;
    /// Rows with `from <= id <= to`, in id order.
    fn messages_between(&self, s: SessionNo, from: i64, to: i64) -> Result<Vec<MessageRow>>;
    /// Rows with these ids, in the ids' order; absent ones are left out.
    fn messages_by_ids(&self, s: SessionNo, ids: &[i64]) -> Result<Vec<MessageRow>>;
    fn message(&self, s: SessionNo, id: i64) -> Result<Option<MessageRow>>;
    /// Unique within chat and sender (0 = the account).
    fn message_by_wa_id(
        &self,
        s: SessionNo,
        chat_id: i64,
        sender_id: i64,
        wa_id: &str,
    ) -> Result<Option<MessageRow>>;
    /// All messages of a chat with this id, whoever wrote them, oldest row first.
    fn messages_by_wa_id(&self, s: SessionNo, chat_id: i64, wa_id: &str)
    -> Result<Vec<MessageRow>>;
    /// Messages of any chat with this id, at most `limit`.
    fn messages_anywhere(&self, s: SessionNo, wa_id: &str, limit: usize)
    -> Result<Vec<MessageRow>>;
    /// What was done to messages with this id before they were stored: place and document, oldest first.
    fn waiting_deeds(&self, s: SessionNo, wa_id: &str) -> Result<Vec<(i64, String)>>;
    /// Own messages of a chat with these ids: for receipts.
    fn own_messages(
        &self,
        s: SessionNo,
        chat_id: i64,
        wa_ids: &[String],
    ) -> Result<Vec<MessageRow>>;
    /// Whether the chat holds a message that came, or an own one that WhatsApp took.
    fn chat_known(&self, s: SessionNo, chat_id: i64) -> Result<bool>;
    /// Newest first by time, then by arrival; after `(at, id)`.
    fn messages(
        &self,
        s: SessionNo,
        chat_id: i64,
        after: Option<(Millis, i64)>,
        limit: usize,
    ) -> Result<Vec<MessageRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait MessagesTx {
    /// Inserts or replaces by id.
    fn put_message(&mut self, s: SessionNo, row: &MessageRow) -> Result<()>;
    /// These need no more looking at.
    fn forget_loose_files(&mut self, sha256: &[String]) -> Result<()>;
    /// Keeps what was done to a message that is not stored yet.
    fn put_waiting_deed(&mut self, s: SessionNo, wa_id: &str, at: Millis, deed: &str)
    -> Result<()>;
    /// It was done.
    fn drop_waiting_deed(&mut self, s: SessionNo, place: i64) -> Result<()>;
    /// Forgets those kept before `before`, and all but the newest `most`.
    fn trim_waiting_deeds(&mut self, s: SessionNo, before: Millis, most: usize) -> Result<()>;
    /// Moves all messages of one chat into another, dropping those whose (sender, id) is there already.
    fn move_messages(&mut self, s: SessionNo, from_chat: i64, to_chat: i64) -> Result<()>;
    /// Who has received or read an own group message: records `level` by the person `member`, answers how
    /// many have reached at least `level`.
    fn record_receipt(
        &mut self,
        s: SessionNo,
        message_id: i64,
        member: i64,
        level: i8,
        at: Millis,
    ) -> Result<u32>;
    /// The members a group message was sent to.
    fn set_recipients(&mut self, s: SessionNo, message_id: i64, members: u32) -> Result<()>;
    /// As set.
    fn recipients(&self, s: SessionNo, message_id: i64) -> Result<Option<u32>>;
}
