//! Chats, and what a caller set on them.

use crate::{
    Result,
    chats::settings::{Setting, SettingKind},
    sessions::SessionNo,
};
use wharf_types::Millis;

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
