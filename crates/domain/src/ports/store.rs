//! The store, by noun. Rules live in the domain and run as closures over these small, dumb verbs, so that
//! one rule serves every store.
//!
//! - [`View`] reads one consistent snapshot. [`Tx`] also writes; a job either commits whole or leaves no trace.
//! - Jobs of one store run one after another (SQLite: one writer thread; several jobs share a commit).
//! - A write returns after the commit is durable.
//! - Calls inside a closure are synchronous: a job must not wait for anything else.
//! - Session data is always asked for with its [`SessionNo`], which only a [`SessionScope`] look-up gives.

use crate::{
    Result,
    chats::settings::{Setting, SettingKind},
    inbound::MessageExtra,
    outbox::OutboxRow,
    people::{ListKey, Names},
    sessions::{SessionNo, SessionRow, SessionScope},
};
use async_trait::async_trait;
use wharf_types::{
    Capabilities, EventId, GroupJid, KeyId, Lid, Millis, OrgId, OutboxId, Phone, SendStatus,
    SessionId,
};

/// A job that writes.
pub type WriteJob = Box<dyn FnOnce(&mut dyn Tx) -> Result<()> + Send>;
/// A job that reads.
pub type ReadJob = Box<dyn FnOnce(&dyn View) -> Result<()> + Send>;

/// The door to the store. Use [`StoreExt`] for jobs that return something.
#[async_trait]
pub trait Store: Send + Sync {
    /// Runs a job in a transaction; returns after it is durable.
    async fn submit(&self, job: WriteJob) -> Result<()>;
    /// Runs a job on a snapshot.
    async fn query(&self, job: ReadJob) -> Result<()>;
    /// Whether the store answers and can write (readiness), in words when not.
    async fn health(&self) -> Result<()>;
}

/// Jobs that return something.
pub trait StoreExt: Store {
    /// Runs a writing job and returns what it returns.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Tx) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        async move {
            let (give, take) = tokio::sync::oneshot::channel();
            self.submit(Box::new(move |tx| {
                let value = job(tx)?;
                let _ = give.send(value);
                Ok(())
            }))
            .await?;
            take.await
                .map_err(|_| crate::Error::Internal("write job gave no value".into()))
        }
    }
    /// Runs a reading job and returns what it returns.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&dyn View) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        async move {
            let (give, take) = tokio::sync::oneshot::channel();
            self.query(Box::new(move |view| {
                let value = job(view)?;
                let _ = give.send(value);
                Ok(())
            }))
            .await?;
            take.await
                .map_err(|_| crate::Error::Internal("read job gave no value".into()))
        }
    }
}
impl<S: Store + ?Sized> StoreExt for S {}

/// Everything that can be read.
pub trait View:
    OrganizationsView
    + SessionsView
    + PeopleView
    + ChatsView
    + MessagesView
    + GroupsView
    + OutboxView
    + EventsView
    + DeviceView
    + SearchView
{
}
impl<
    T: OrganizationsView
        + SessionsView
        + PeopleView
        + ChatsView
        + MessagesView
        + GroupsView
        + OutboxView
        + EventsView
        + DeviceView
        + SearchView,
> View for T
{
}

/// Everything that can be written, and read back within the same transaction.
pub trait Tx:
    View
    + OrganizationsTx
    + SessionsTx
    + PeopleTx
    + ChatsTx
    + MessagesTx
    + GroupsTx
    + OutboxTx
    + EventsTx
    + DeviceTx
    + SearchTx
{
    /// The same transaction as a view.
    fn view(&self) -> &dyn View;
}

// ── organizations, issuer bindings, keys ────────────────────────────────────────────────────────────────────

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Millis,
}

/// An API key; the secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// The one organization it opens.
    pub org: OrgId,
    /// The user's words for it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What it may do.
    pub capabilities: Capabilities,
    /// The sessions it sees; empty = all of the organization.
    pub sessions: Vec<SessionId>,
    /// After this it opens nothing.
    pub expires_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

#[expect(
    missing_docs,
    reason = "each verb says what it does; the rows are documented above"
)]
pub trait OrganizationsView {
    fn org(&self, id: &OrgId) -> Result<Option<OrgRow>>;
    fn orgs(&self) -> Result<Vec<OrgRow>>;
    /// The organization bound to (issuer, claim value).
    fn org_by_claim(&self, issuer: &str, value: &str) -> Result<Option<OrgId>>;
    fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>>;
    fn keys(&self, org: &OrgId) -> Result<Vec<KeyRow>>;
    /// A setting of the installation (schema facts, master-key check value).
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OrganizationsTx {
    fn insert_org(&mut self, row: &OrgRow) -> Result<()>;
    fn bind_org(&mut self, org: &OrgId, issuer: &str, value: &str) -> Result<()>;
    fn insert_key(&mut self, row: &KeyRow) -> Result<()>;
    /// `false` when the organization has no such key or it was revoked before.
    fn revoke_key(&mut self, org: &OrgId, id: &KeyId, at: Millis) -> Result<bool>;
    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()>;
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SessionsView {
    /// `None` when unknown or another organization's.
    fn session(&self, org: &OrgId, id: &SessionId) -> Result<Option<SessionRow>>;
    /// By number, oldest first, after `after`.
    fn sessions(
        &self,
        org: &OrgId,
        after: Option<SessionNo>,
        limit: usize,
    ) -> Result<Vec<SessionRow>>;
    /// Of every organization: for the supervisor at start and for admins.
    fn sessions_everywhere(
        &self,
        after: Option<SessionNo>,
        limit: usize,
    ) -> Result<Vec<SessionRow>>;
    /// Deleted and not erased to the end.
    fn sessions_deleted(&self) -> Result<Vec<SessionScope>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SessionsTx {
    /// `row.scope.no` is ignored; the store gives one and returns it.
    fn insert_session(&mut self, row: &SessionRow) -> Result<SessionNo>;
    fn update_session(&mut self, row: &SessionRow) -> Result<()>;
    /// From now on no verb finds the session, gives it a row id or logs for it, and its events read as erased:
    /// they keep id, seq and type. Its rows stay until they are erased.
    fn delete_session(&mut self, scope: &SessionScope) -> Result<()>;
    /// Removes up to `rows` rows that a deleted session left, and once nothing is left the session itself; `true`
    /// when all is gone. A session that was not deleted stays as it is.
    fn erase_session(&mut self, scope: &SessionScope, rows: usize) -> Result<bool>;
    /// Takes `count` row ids of one kind, of this session; returns the first. Never given twice.
    fn take_ids(&mut self, session: SessionNo, kind: RowKind, count: i64) -> Result<i64>;
}

/// Kinds of rows with ids counted per session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each names its table")]
pub enum RowKind {
    Person,
    Chat,
    Message,
    Group,
    Member,
}

// ── people ──────────────────────────────────────────────────────────────────────────────────────────────────

/// One person of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Row id within the session: the order in which people were first seen.
    pub id: i64,
    /// Their LID, once known.
    pub lid: Option<Lid>,
    /// Their number, once known.
    pub phone: Option<Phone>,
    /// Names by source.
    pub names: Names,
    /// Lists the person is in beside groups: see `people::flags`.
    pub flags: u8,
    /// When first seen.
    pub first_seen_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait PeopleView {
    /// The row itself; ask `person_alias` for ids that were merged away.
    fn person(&self, s: SessionNo, id: i64) -> Result<Option<PersonRow>>;
    /// The row that holds this LID now, or that a merged LID leads to.
    fn person_by_lid(&self, s: SessionNo, lid: &Lid) -> Result<Option<i64>>;
    /// The row that holds this number now, or that a merged number leads to.
    fn person_by_phone(&self, s: SessionNo, phone: &Phone) -> Result<Option<i64>>;
    /// Where a merged row id leads.
    fn person_alias(&self, s: SessionNo, dropped: i64) -> Result<Option<i64>>;
    /// Rows with `from <= id <= to`, in id order.
    fn people_between(&self, s: SessionNo, from: i64, to: i64) -> Result<Vec<PersonRow>>;
    /// Rows with these ids (ascending); absent ones are left out.
    fn people_by_ids(&self, s: SessionNo, ids: &[i64]) -> Result<Vec<PersonRow>>;
    /// Shows the stored blocks of items with these numbers (ascending), each encoded as `people::item` says; absent
    /// ones are left out. Borrowed, so that a page copies each item once.
    fn item_blocks(
        &self,
        s: SessionNo,
        blocks: &[u32],
        each: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()>;
    /// `(sort key, id)` after the given pair in the name index, at most `limit`. Only people with a list flag.
    /// The key is the folded name in UTF-8; nameless people sort last under `"\u{10FFFF}"`.
    fn people_by_name(
        &self,
        s: SessionNo,
        after: Option<(&str, i64)>,
        limit: usize,
    ) -> Result<Vec<(String, i64)>>;
    /// The chunk of a posting list, encoded as `people::posting` says.
    fn posting(&self, s: SessionNo, list: &ListKey, chunk: u32) -> Result<Option<Vec<u8>>>;
    /// Chunks `>= from` of a list in order, at most `limit`.
    fn postings_from(
        &self,
        s: SessionNo,
        list: &ListKey,
        from: u32,
        limit: usize,
    ) -> Result<Vec<(u32, Vec<u8>)>>;
    /// How many chunks a list has, counted no further than `limit`: how selective it is.
    fn posting_chunks(&self, s: SessionNo, list: &ListKey, limit: usize) -> Result<usize>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait PeopleTx {
    /// Inserts or replaces the row by id; `sort_key` is `None` for people in no list.
    fn put_person(&mut self, s: SessionNo, row: &PersonRow, sort_key: Option<&str>) -> Result<()>;
    /// Writes a block of items; empty bytes delete it.
    fn put_item_block(&mut self, s: SessionNo, block: u32, bytes: &[u8]) -> Result<()>;
    /// Removes a row that was merged away.
    fn delete_person(&mut self, s: SessionNo, id: i64) -> Result<()>;
    /// From now on the dropped id, LID and number lead to `kept`.
    fn put_person_alias(&mut self, s: SessionNo, dropped: &PersonRow, kept: i64) -> Result<()>;
    /// Writes a chunk; empty bytes delete it.
    fn put_posting(&mut self, s: SessionNo, list: &ListKey, chunk: u32, bits: &[u8]) -> Result<()>;
    /// Repoints chats' owners, message senders, receipts and memberships from one person to another; a message
    /// or receipt both have is kept once. Where both have a direct chat or a membership of one group, the caller has joined them before.
    fn repoint_person(&mut self, s: SessionNo, from: i64, to: i64) -> Result<()>;
}

// ── chats ───────────────────────────────────────────────────────────────────────────────────────────────────

/// Whose chat it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChatPeer {
    /// A direct chat with the person of this row.
    Person(i64),
    /// A group, channel or the status feed, by JID.
    Jid(String),
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// Row id within the session.
    pub id: i64,
    /// Whose.
    pub peer: ChatPeer,
    /// `dm`, `group`, `channel`, `status`.
    pub kind: &'static str,
    /// Title of a group or channel; a direct chat shows the person's name.
    pub name: String,
    /// In the archive.
    pub archived: bool,
    /// Pinned to the top.
    pub pinned: bool,
    /// Muted until then.
    pub muted_until: Option<Millis>,
    /// Unread incoming messages.
    pub unread: u32,
    /// Newest activity.
    pub last_at: Option<Millis>,
}

/// What a caller set on a chat and WhatsApp has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSettingRow {
    /// The chat's row.
    pub chat_id: i64,
    /// What was set.
    pub setting: Setting,
    /// When.
    pub at: Millis,
    /// Something of this kind was given to WhatsApp, and nobody knows whether it was taken.
    pub handed: bool,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ChatsView {
    /// What WhatsApp has not taken yet, by chat and kind, at most `limit`.
    fn chat_settings(&self, s: SessionNo, limit: usize) -> Result<Vec<ChatSettingRow>>;
    fn chat_setting(
        &self,
        s: SessionNo,
        chat_id: i64,
        kind: SettingKind,
    ) -> Result<Option<ChatSettingRow>>;
    fn chat(&self, s: SessionNo, id: i64) -> Result<Option<ChatRow>>;
    fn chat_of(&self, s: SessionNo, peer: &ChatPeer) -> Result<Option<ChatRow>>;
    /// Pinned first, then newest activity, then newest row; after the given place.
    fn chats(
        &self,
        s: SessionNo,
        after: Option<ChatPlace>,
        filter: &ChatFilter,
        limit: usize,
    ) -> Result<Vec<ChatRow>>;
}

/// A chat's place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatPlace {
    /// Pinned.
    pub pinned: bool,
    /// Newest activity, 0 when none.
    pub last_at: Millis,
    /// Row id.
    pub id: i64,
}

/// Filters of listChats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// In the archive, or not.
    pub archived: Option<bool>,
    /// With unread messages, or without.
    pub unread: Option<bool>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait ChatsTx {
    fn put_chat(&mut self, s: SessionNo, row: &ChatRow) -> Result<()>;
    /// One a chat and kind: the newest replaces what was there.
    fn put_chat_setting(&mut self, s: SessionNo, row: &ChatSettingRow) -> Result<()>;
    fn delete_chat_setting(&mut self, s: SessionNo, chat_id: i64, kind: SettingKind) -> Result<()>;
    /// With its messages and what was set on it.
    fn delete_chat(&mut self, s: SessionNo, id: i64) -> Result<()>;
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────────────────

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

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait MessagesView {
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

// ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Row id within the session.
    pub id: i64,
    /// Its JID.
    pub jid: GroupJid,
    /// Its name.
    pub subject: String,
    /// Its description.
    pub description: String,
    /// When WhatsApp says it was made.
    pub created_at_wa: Option<Millis>,
    /// Its owner's row, if known.
    pub owner_id: Option<i64>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins edit.
    pub locked: bool,
    /// The account is in it now.
    pub joined: bool,
    /// Members now.
    pub participant_count: u32,
    /// When first seen.
    pub first_seen_at: Millis,
    /// When the row last changed.
    pub updated_at: Millis,
}

/// A membership, present or past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Row id within the session.
    pub id: i64,
    /// The group's row.
    pub group_id: i64,
    /// The person's row.
    pub person_id: i64,
    /// `member`, `admin`, `superadmin`.
    pub role: String,
    /// Nickname in this group.
    pub tag: String,
    /// A member now.
    pub present: bool,
    /// When first seen in it.
    pub first_seen_at: Millis,
    /// When last seen in it.
    pub last_seen_at: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait GroupsView {
    fn group(&self, s: SessionNo, jid: &GroupJid) -> Result<Option<GroupRow>>;
    fn group_by_id(&self, s: SessionNo, id: i64) -> Result<Option<GroupRow>>;
    /// By row id, after `after`.
    fn groups(&self, s: SessionNo, after: i64, limit: usize) -> Result<Vec<GroupRow>>;
    /// Present members by row id, after `after`.
    fn members(
        &self,
        s: SessionNo,
        group_id: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<MemberRow>>;
    fn member(&self, s: SessionNo, group_id: i64, person_id: i64) -> Result<Option<MemberRow>>;
    /// Every membership of a person, present or past.
    fn memberships(&self, s: SessionNo, person_id: i64) -> Result<Vec<MemberRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait GroupsTx {
    fn put_group(&mut self, s: SessionNo, row: &GroupRow) -> Result<()>;
    fn put_member(&mut self, s: SessionNo, row: &MemberRow) -> Result<()>;
    /// When two rows of one group turn out to be one person.
    fn delete_member(&mut self, s: SessionNo, id: i64) -> Result<()>;
}

// ── outbox and idempotency ──────────────────────────────────────────────────────────────────────────────────

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// SHA-256 over session, route and canonical body.
    pub fingerprint: [u8; 32],
    /// Its session.
    pub session: SessionId,
    /// The send it led to.
    pub outbox: OutboxId,
    /// The status answered first (200, 202); a replay repeats it.
    pub http_status: u16,
    /// When accepted.
    pub at: Millis,
}

/// A queued send as the worker weighs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRow {
    /// Its place in the order of acceptance.
    pub place: i64,
    /// Its id.
    pub id: OutboxId,
    /// Its chat.
    pub chat_id: i64,
    /// The session's rates count it.
    pub counted: bool,
    /// Its caller waits.
    pub sync: bool,
    /// How often it was handed over.
    pub attempts: u32,
    /// When its place in the rate was taken.
    pub handed_at: Option<Millis>,
    /// Not after.
    pub expires_at: Option<Millis>,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OutboxView {
    fn outbox(&self, s: SessionNo, id: &OutboxId) -> Result<Option<OutboxRow>>;
    fn outbox_by_message(&self, s: SessionNo, message_id: i64) -> Result<Option<OutboxRow>>;
    /// Queued sends that are due, in order of acceptance, after a place, at most `limit`: none scheduled for later
    /// holds up another.
    fn outbox_queued(
        &self,
        s: SessionNo,
        now: Millis,
        after: i64,
        limit: usize,
    ) -> Result<Vec<QueuedRow>>;
    /// When the next queued send that is not due yet will be.
    fn outbox_next_due(&self, s: SessionNo, now: Millis) -> Result<Option<Millis>>;
    /// Queued sends of all sessions that were never handed over and whose time has run out.
    fn outbox_expired(&self, now: Millis, limit: usize) -> Result<Vec<(SessionScope, OutboxId)>>;
    /// How many are queued in all sessions.
    fn outbox_depth(&self) -> Result<u64>;
    /// SHA-256 (hex) of every file a queued send names, of all sessions.
    fn outbox_files(&self) -> Result<Vec<String>>;
    /// Newest accepted first, of one status or of all; after `before`.
    fn outbox_list(
        &self,
        s: SessionNo,
        status: Option<SendStatus>,
        before: Option<(Millis, OutboxId)>,
        limit: usize,
    ) -> Result<Vec<OutboxRow>>;
    /// Times of sends that count for the rate, since `since`, oldest first: handed over, or synchronous and accepted.
    fn outbox_times(&self, s: SessionNo, since: Millis) -> Result<Vec<Millis>>;
    fn idempotency(&self, org: &OrgId, key: &str) -> Result<Option<IdempotencyRow>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait OutboxTx {
    /// Inserts or replaces by id.
    fn put_outbox(&mut self, s: SessionNo, row: &OutboxRow) -> Result<()>;
    fn put_idempotency(&mut self, org: &OrgId, key: &str, row: &IdempotencyRow) -> Result<()>;
    /// Forgets answers accepted before `before`.
    fn trim_idempotency(&mut self, before: Millis) -> Result<()>;
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// Its place in the log's order.
    pub place: i64,
    /// Whose.
    pub org: OrgId,
    /// Of which session, if of one.
    pub session: Option<SessionId>,
    /// Gapless per session.
    pub seq: Option<i64>,
    /// The contract's type.
    pub kind: String,
    /// When.
    pub at: Millis,
    /// JSON.
    pub payload: String,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait EventsView {
    /// In the log's order, after a place.
    fn events(&self, org: &OrgId, after: i64, limit: usize) -> Result<Vec<EventRow>>;
    fn event_place(&self, org: &OrgId, id: &EventId) -> Result<Option<i64>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait EventsTx {
    /// Appends; the store gives place and, for a session, the next `seq`.
    fn append_event(
        &mut self,
        scope: &SessionScope,
        id: EventId,
        kind: &str,
        at: Millis,
        payload: &str,
    ) -> Result<i64>;
}

// ── device state ────────────────────────────────────────────────────────────────────────────────────────────

/// Opaque, sealed key–value state of a session's device: Signal sessions, prekeys, sender keys, app-state keys.
pub trait DeviceView {
    /// One value.
    fn device_get(&self, s: SessionNo, space: u8, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// All pairs of a space whose key starts so, in key order.
    fn device_scan(
        &self,
        s: SessionNo,
        space: u8,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>>;
}

/// Writing it.
pub trait DeviceTx {
    /// Inserts or replaces.
    fn device_put(&mut self, s: SessionNo, space: u8, key: &[u8], value: &[u8]) -> Result<()>;
    /// Removes; absent is fine.
    fn device_delete(&mut self, s: SessionNo, space: u8, key: &[u8]) -> Result<()>;
    /// Removes a whole space, or with `None` all of the device (logged out, unlinked).
    fn device_clear(&mut self, s: SessionNo, space: Option<u8>) -> Result<()>;
}

// ── the search index ────────────────────────────────────────────────────────────────────────────────────────

/// A segment of the search index: see `search`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its number: the row ids it covers.
    pub segment: i64,
    /// Time of its newest message.
    pub newest: Millis,
    /// Of its oldest.
    pub oldest: Millis,
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SearchView {
    /// The number of the first segment not built; all before it are.
    fn next_segment(&self, s: SessionNo) -> Result<i64>;
    /// By newest message, then by number, both descending; after the given pair.
    fn segments_by_newest(
        &self,
        s: SessionNo,
        after: Option<(Millis, i64)>,
        limit: usize,
    ) -> Result<Vec<SegmentRow>>;
    /// Times and ids of its messages, encoded as `search::segment` says.
    fn segment_docs(&self, s: SessionNo, segment: i64) -> Result<Option<Vec<u8>>>;
    /// Which of its messages hold a term, encoded as `people::posting` says.
    fn search_bits(&self, s: SessionNo, segment: i64, term: i64) -> Result<Option<Vec<u8>>>;
    /// All of a segment's postings, by term.
    fn segment_bits(&self, s: SessionNo, segment: i64) -> Result<Vec<(i64, Vec<u8>)>>;
    /// Deleted chats whose messages are still in segments.
    fn search_purges(&self, s: SessionNo, limit: usize) -> Result<Vec<i64>>;
}

#[expect(missing_docs, reason = "each verb says what it does")]
pub trait SearchTx {
    fn put_segment(
        &mut self,
        s: SessionNo,
        segment: i64,
        newest: Millis,
        oldest: Millis,
        docs: &[u8],
    ) -> Result<()>;
    /// Writes a posting; empty bytes delete it.
    fn put_search_bits(&mut self, s: SessionNo, segment: i64, term: i64, bits: &[u8])
    -> Result<()>;
    fn put_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()>;
    fn delete_search_purge(&mut self, s: SessionNo, chat: i64) -> Result<()>;
}
