//! Chats as callers see them, and their lists. What callers do to them is in [`change`], what becomes of it at
//! WhatsApp in [`settings`].

pub mod change;
pub mod settings;

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page, parse_limit},
    messages::Message,
    people::names::{Search, fold},
    ports::store::{ChatFilter, ChatPeer, ChatPlace, ChatRow, StoreExt},
    sessions::SessionScope,
    show::{Show, person_jid},
    wrong::Wrong,
};
use serde::Serialize;
use wharf_types::{ChatJid, Millis, SessionId};

/// Chats looked through at once while a search text is checked.
const LOOKED_THROUGH: usize = 256;

/// The contract's Chat.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Chat {
    pub archived: bool,
    pub id: i64,
    pub jid: String,
    pub last_message: Option<Message>,
    pub last_message_at: Option<Millis>,
    pub muted_until: Option<Millis>,
    pub name: String,
    pub pinned: bool,
    pub session_id: SessionId,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub unread_count: u32,
}

/// The query of listChats as it came in; "" = absent.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the contract's parameters")]
pub struct ChatParams<'a> {
    pub kind: &'a str,
    pub archived: &'a str,
    pub unread: &'a str,
    pub q: &'a str,
    pub limit: &'a str,
    pub cursor: &'a str,
}

/// A query of listChats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatQuery {
    /// By what a chat's row says.
    pub filter: ChatFilter,
    /// By its name, or the number of a direct chat.
    pub search: Option<Search>,
    /// Rows a page.
    pub limit: usize,
    /// Where the page before ended, "" = the start.
    pub cursor: String,
}

/// A parameter that says yes or no, "" neither.
fn truth(field: &str, text: &str) -> Result<Option<bool>> {
    match text {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(Error::invalid(field, "must be true or false")),
    }
}

impl ChatQuery {
    /// Reads the parameters; the error names every one that is wrong.
    pub fn parse(params: ChatParams<'_>) -> Result<Self> {
        let mut wrong = Wrong::default();
        let archived = wrong.take(truth("archived", params.archived));
        let unread = wrong.take(truth("unread", params.unread));
        if !matches!(params.kind, "" | "dm" | "group" | "channel" | "status") {
            wrong.note("type", "must be dm, group, channel or status");
        }
        let search = wrong.take(Search::parse(params.q));
        let limit = wrong.take(parse_limit(params.limit));
        wrong.none()?;
        Ok(Self {
            filter: ChatFilter {
                kind: Some(params.kind.to_owned()).filter(|kind| !kind.is_empty()),
                archived,
                unread,
            },
            search,
            limit,
            cursor: params.cursor.to_owned(),
        })
    }

    fn binding(&self, scope: &SessionScope) -> Binding {
        let truth = |told: Option<bool>| told.map_or("", |yes| if yes { "true" } else { "false" });
        Binding::new("chats", scope.id)
            .with("type", self.filter.kind.as_deref().unwrap_or_default())
            .with("archived", truth(self.filter.archived))
            .with("unread", truth(self.filter.unread))
            .with("q", self.search.as_ref().map_or("", |search| &search.text))
    }
}

/// What addresses a chat that is no direct one.
pub(crate) const STATUS_JID: &str = "status@broadcast";

impl Show<'_> {
    /// The stored chat of a JID; both ids of a person lead to the same.
    pub(crate) fn chat_at(&self, jid: &ChatJid) -> Result<Option<ChatRow>> {
        let peer = match jid {
            ChatJid::Person(address) => match self.person_at(address)? {
                Some(person) => ChatPeer::Person(person.id),
                None => return Ok(None),
            },
            ChatJid::Group(group) => ChatPeer::Jid(group.as_str().to_owned()),
            ChatJid::Channel(channel) => ChatPeer::Jid(channel.as_str().to_owned()),
            ChatJid::Status => ChatPeer::Jid(STATUS_JID.to_owned()),
        };
        self.view.chat_of(self.no(), &peer)
    }

    /// The JID that callers see.
    pub(crate) fn chat_jid(&self, row: &ChatRow) -> Result<String> {
        Ok(match &row.peer {
            ChatPeer::Jid(jid) => jid.clone(),
            ChatPeer::Person(id) => self
                .person(*id)?
                .as_ref()
                .map(person_jid)
                .unwrap_or_default(),
        })
    }

    fn chat_name(&self, row: &ChatRow) -> Result<String> {
        Ok(match &row.peer {
            ChatPeer::Jid(_) => row.name.clone(),
            ChatPeer::Person(id) => match self.person(*id)? {
                Some(person) if !person.names.shown().is_empty() => person.names.shown().to_owned(),
                _ => row.name.clone(),
            },
        })
    }

    /// A chat with its newest message.
    pub(crate) fn chat(&self, row: &ChatRow) -> Result<Chat> {
        let jid = self.chat_jid(row)?;
        let last_message = match self.view.messages(self.no(), row.id, None, 1)?.pop() {
            Some(message) => Some(self.message(message, &jid)?),
            None => None,
        };
        Ok(Chat {
            archived: row.archived,
            id: row.id,
            jid,
            last_message,
            last_message_at: row.last_at,
            muted_until: row.muted_until,
            name: self.chat_name(row)?,
            pinned: row.pinned,
            session_id: self.scope.id,
            kind: row.kind,
            unread_count: row.unread,
        })
    }

    fn chat_matches(&self, row: &ChatRow, search: &Search) -> Result<bool> {
        if fold(&self.chat_name(row)?).contains(&search.name) {
            return Ok(true);
        }
        Ok(match &row.peer {
            ChatPeer::Person(id) => self
                .person(*id)?
                .is_some_and(|person| search.matches(&person)),
            ChatPeer::Jid(_) => false,
        })
    }

    /// Chats after a place, searched if asked, at most `limit`.
    fn chats(
        &self,
        mut after: Option<ChatPlace>,
        query: &ChatQuery,
        limit: usize,
    ) -> Result<Vec<ChatRow>> {
        let Some(search) = &query.search else {
            return self.view.chats(self.no(), after, &query.filter, limit);
        };
        let mut found = Vec::new();
        loop {
            let rows = self
                .view
                .chats(self.no(), after, &query.filter, LOOKED_THROUGH)?;
            let ended = rows.len() < LOOKED_THROUGH;
            after = rows.last().map(place).or(after);
            for row in rows {
                if self.chat_matches(&row, search)? {
                    found.push(row);
                }
            }
            if ended || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }
}

fn place(row: &ChatRow) -> ChatPlace {
    ChatPlace {
        pinned: row.pinned,
        last_at: row.last_at.unwrap_or(0),
        id: row.id,
    }
}

impl Domain {
    /// Pinned first, then newest activity.
    pub async fn list_chats(&self, scope: SessionScope, query: ChatQuery) -> Result<Page<Chat>> {
        let sealer = self.sealer(query.binding(&scope));
        let after: Option<(bool, Millis, i64)> = sealer.place(&query.cursor)?;
        let limit = query.limit;
        let rows = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let after = after.map(|(pinned, last_at, id)| ChatPlace {
                    pinned,
                    last_at,
                    id,
                });
                show.chats(after, &query, limit + 1)?
                    .into_iter()
                    .map(|row| Ok((place(&row), show.chat(&row)?)))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(
            rows,
            limit,
            |(place, _)| (place.pinned, place.last_at, place.id),
            |(_, chat)| chat,
        )
    }

    /// One chat.
    pub async fn get_chat(&self, scope: SessionScope, jid: ChatJid) -> Result<Chat> {
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let row = show.chat_at(&jid)?.ok_or(Error::NotFound("chat"))?;
                show.chat(&row)
            })
            .await
    }
}
