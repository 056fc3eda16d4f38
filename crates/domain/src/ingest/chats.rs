//! Chats: who talks where, what is unread, what the phone says of them.

use super::Batch;
use crate::{
    Result,
    chats::{
        STATUS_JID,
        settings::{Setting, hear},
    },
    inbound::{ChatState, InChat, Seen},
    people::flags,
    ports::store::{ChatPeer, ChatRow},
    search::keep,
};
use wharf_types::{Address, ChatJid, Millis};

/// The chat a caller's JID means.
pub(super) fn in_chat(jid: &ChatJid) -> InChat {
    match jid {
        ChatJid::Person(Address::Phone(phone)) => InChat::Person(Seen {
            lid: None,
            phone: Some(phone.clone()),
        }),
        ChatJid::Person(Address::Lid(lid)) => InChat::Person(Seen {
            lid: Some(lid.clone()),
            phone: None,
        }),
        ChatJid::Group(group) => InChat::Group(group.clone()),
        ChatJid::Channel(channel) => InChat::Channel(channel.clone()),
        ChatJid::Status => InChat::Status,
    }
}

impl Batch<'_> {
    /// Whose chat it is; people are resolved, not yet marked.
    fn peer(&mut self, chat: &InChat) -> Result<(ChatPeer, &'static str)> {
        Ok(match chat {
            InChat::Person(seen) => (
                ChatPeer::Person(self.people.resolve(self.tx, seen)?.id),
                "dm",
            ),
            InChat::Group(jid) => (ChatPeer::Jid(jid.as_str().to_owned()), "group"),
            InChat::Channel(jid) => (ChatPeer::Jid(jid.as_str().to_owned()), "channel"),
            InChat::Status => (ChatPeer::Jid(STATUS_JID.to_owned()), "status"),
        })
    }

    /// The stored chat, if there is one.
    pub(super) fn known_chat(&mut self, chat: &InChat) -> Result<Option<ChatRow>> {
        let (peer, _) = self.peer(chat)?;
        self.tx.chat_of(self.s, &peer)
    }

    /// The stored chat, made when there is none.
    pub(super) fn chat(&mut self, chat: &InChat) -> Result<ChatRow> {
        let (peer, kind) = self.peer(chat)?;
        if let Some(known) = self.tx.chat_of(self.s, &peer)? {
            return Ok(known);
        }
        let name = match chat {
            InChat::Group(jid) => self.group_row(jid)?.subject,
            _ => String::new(),
        };
        let row = ChatRow {
            id: self.chat_ids.give(self.tx)?,
            peer,
            kind,
            name,
            archived: false,
            pinned: false,
            muted_until: None,
            unread: 0,
            last_at: None,
        };
        self.tx.put_chat(self.s, &row)?;
        if let ChatPeer::Person(id) = row.peer {
            self.people.flag(self.tx, id, flags::DM, true)?;
        }
        self.added.chats += 1;
        self.chat_changed(row.id);
        Ok(row)
    }

    /// The chat is to be told of, unless the fact at hand is part of a bulk.
    pub(super) fn chat_changed(&mut self, id: i64) {
        if !self.quiet {
            self.changed_chats.insert(id);
        }
    }

    pub(super) fn save_chat(&mut self, was: &ChatRow, is: &ChatRow) -> Result<()> {
        if was == is {
            return Ok(());
        }
        self.tx.put_chat(self.s, is)?;
        self.chat_changed(is.id);
        Ok(())
    }

    pub(super) fn read_elsewhere(&mut self, chat: &InChat) -> Result<()> {
        let Some(was) = self.known_chat(chat)? else {
            return Ok(());
        };
        let is = ChatRow {
            unread: 0,
            ..was.clone()
        };
        self.save_chat(&was, &is)
    }

    /// What history or app state tells of a chat. A state that says nothing makes no chat.
    pub(super) fn chat_state(
        &mut self,
        chat: &InChat,
        state: ChatState,
        at: Option<Millis>,
    ) -> Result<()> {
        let says_something = state.archived == Some(true)
            || state.pinned == Some(true)
            || matches!(state.muted_until, Some(Some(_)))
            || state.unread.is_some_and(|unread| unread > 0)
            || state.last_at.is_some()
            || state.name.is_some();
        let was = match self.known_chat(chat)? {
            Some(known) => known,
            None if says_something => self.chat(chat)?,
            None => return Ok(()),
        };
        let mut is = was.clone();
        let settings = [
            state.archived.map(Setting::Archived),
            state.pinned.map(Setting::Pinned),
            state.muted_until.map(Setting::MutedUntil),
        ];
        for setting in settings.into_iter().flatten() {
            if hear(self.tx, self.s, was.id, setting, at)? {
                setting.on(&mut is);
            }
        }
        is.unread = state.unread.unwrap_or(is.unread);
        is.last_at = is.last_at.max(state.last_at);
        // A group's own metadata knows its name better than history does.
        if let Some(name) = state
            .name
            .filter(|name| !name.is_empty() && (is.kind != "group" || is.name.is_empty()))
        {
            is.name = name;
        }
        self.save_chat(&was, &is)
    }

    pub(super) fn chat_deleted(&mut self, chat: &InChat) -> Result<()> {
        let Some(row) = self.known_chat(chat)? else {
            return Ok(());
        };
        let shown = self.show().chat(&row)?;
        keep::chat_gone(self.tx, self.s, row.id)?;
        self.tx.delete_chat(self.s, row.id)?;
        if let ChatPeer::Person(id) = row.peer {
            self.people.flag(self.tx, id, flags::DM, false)?;
        }
        self.changed_chats.remove(&row.id);
        if self.quiet {
            return Ok(());
        }
        self.log.chat_deleted(self.tx, &shown)
    }
}
