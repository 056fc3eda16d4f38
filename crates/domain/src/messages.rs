//! Messages as callers see them.

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    inbound::{Counted, MessageExtra, Votes},
    ingest::CHANNEL,
    ports::store::{ChatRow, MessageRow, StoreExt},
    sessions::SessionScope,
    show::{Show, jid, lid_text, number, person_jid},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use wharf_types::{Address, ChatJid, Millis, SessionId};

/// The contract's Message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Message {
    pub ack_level: i8,
    pub body: String,
    pub chat_id: i64,
    pub chat_jid: String,
    pub contact: Option<Value>,
    pub created_at: Millis,
    pub deleted: bool,
    /// `in` or `out`.
    pub direction: &'static str,
    pub edited: bool,
    pub error: String,
    pub from_me: bool,
    pub has_media: bool,
    pub id: i64,
    pub location: Option<Value>,
    pub media: Option<Value>,
    pub mentions: Vec<String>,
    pub poll: Option<Value>,
    pub quoted_id: String,
    pub reactions: Vec<Value>,
    /// The author's row; `null` for the account itself.
    pub sender_contact_id: Option<i64>,
    pub sender_jid: String,
    pub sender_lid: String,
    pub sender_name: String,
    pub sender_phone: String,
    pub session_id: SessionId,
    /// Of an own message, else "".
    pub status: &'static str,
    pub timestamp: Millis,
    #[serde(rename = "type")]
    pub kind: String,
    pub wa_message_id: String,
}

/// Names one stored message. WhatsApp's ids are unique only within chat and sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAt {
    /// WhatsApp's id.
    pub wa_id: String,
    /// Its chat; `None` = wherever it is.
    pub chat: Option<ChatJid>,
    /// Its author.
    pub sender: Author,
}

/// A message's author, as far as a caller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Whoever it is.
    Any,
    /// The account itself.
    Own,
    /// This person, or the account by its own address.
    By(Address),
}

/// Messages with one id that are looked at before the caller is asked to say which.
const SAME_ID: usize = 100;

impl Show<'_> {
    /// The stored message and its chat. 404 when there is none, 400 when several match.
    pub(crate) fn find(&self, at: &MessageAt) -> Result<(ChatRow, MessageRow)> {
        let missing = || Error::NotFound("message");
        let sender = match &at.sender {
            Author::Any => None,
            Author::Own => Some(0),
            Author::By(address) => Some(self.author_at(address)?.ok_or_else(missing)?),
        };
        let (mut rows, undecided) = match &at.chat {
            Some(jid) => {
                let chat = self.chat_at(jid)?.ok_or(Error::NotFound("chat"))?;
                let rows = self.view.messages_by_wa_id(self.no(), chat.id, &at.wa_id)?;
                (rows, "sender")
            }
            None => {
                let rows = self.view.messages_anywhere(self.no(), &at.wa_id, SAME_ID)?;
                (rows, "chat")
            }
        };
        rows.retain(|row| sender.is_none_or(|sender| row.sender_id == sender));
        let row = rows.pop().ok_or_else(missing)?;
        if !rows.is_empty() {
            return Err(Error::invalid(
                undecided,
                "several messages have this id: say which",
            ));
        }
        let chat = self.view.chat(self.no(), row.chat_id)?;
        Ok((chat.ok_or_else(missing)?, row))
    }

    /// The row of an author: 0 for the account itself.
    fn author_at(&self, address: &Address) -> Result<Option<i64>> {
        let own = match address {
            Address::Lid(lid) => self.own.is(Some(lid), None),
            Address::Phone(phone) => self.own.is(None, Some(phone)),
        };
        if own {
            return Ok(Some(0));
        }
        Ok(self.person_at(address)?.map(|person| person.id))
    }

    /// The JID of a person who did something to a message; 0 is the account itself.
    fn party_jid(&self, id: i64) -> Result<String> {
        if id == 0 {
            return Ok(jid(self.own.phone.as_ref(), self.own.lid.as_ref()));
        }
        Ok(self
            .person(id)?
            .as_ref()
            .map(person_jid)
            .unwrap_or_default())
    }

    fn channel_name(&self, jid: &str) -> Result<String> {
        let channel = match jid.parse() {
            Ok(jid) => self.view.channel(self.no(), &jid)?,
            Err(_) => None,
        };
        Ok(channel.map(|channel| channel.name).unwrap_or_default())
    }

    /// Counts of a channel's post, as they go on where the account's own reaction ends.
    fn counts(counts: &[Counted], own: Option<&str>) -> impl Iterator<Item = Value> {
        counts.iter().filter_map(move |counted| {
            let count = counted
                .count
                .saturating_sub(u64::from(own == Some(&counted.emoji)));
            let shown = json!({
                "emoji": counted.emoji,
                "senderJid": "",
                "timestamp": null,
                "count": count,
            });
            (count > 0).then_some(shown)
        })
    }

    /// `[{emoji, senderJid, timestamp}]`, one a person, those taken back left out. Of a channel's post only the account's
    /// own has a sender; the others are counted.
    fn reactions(&self, extra: &MessageExtra) -> Result<Vec<Value>> {
        let reactions = &extra.reactions;
        let mut seen = HashSet::new();
        let mut shown = Vec::new();
        // Newest first: two rows that turned out to be one person show what that person said last.
        for reaction in reactions.iter().rev() {
            let sender = self.party_jid(reaction.by)?;
            if seen.insert(sender.clone()) && !reaction.emoji.is_empty() {
                shown.push(json!({
                    "emoji": reaction.emoji,
                    "senderJid": sender,
                    "timestamp": reaction.at,
                    "count": 1,
                }));
            }
        }
        shown.reverse();
        let own = reactions.iter().rev().find(|reaction| reaction.by == 0);
        let own = own.map(|own| own.emoji.as_str());
        shown.extend(Self::counts(&extra.counts, own));
        Ok(shown)
    }

    /// A stored poll with the voters of each option. Options are stored as bare texts or as objects.
    fn poll(&self, mut poll: Value, votes: &[Votes]) -> Result<Value> {
        let mut voters: Vec<(String, &[usize])> = Vec::new();
        for vote in votes.iter().rev() {
            let voter = self.party_jid(vote.by)?;
            if !voters.iter().any(|(known, _)| *known == voter) {
                voters.push((voter, &vote.options));
            }
        }
        voters.reverse();
        if let Some(options) = poll.get_mut("options").and_then(Value::as_array_mut) {
            for (place, option) in options.iter_mut().enumerate() {
                let text = option
                    .as_str()
                    .or_else(|| option.get("text").and_then(Value::as_str))
                    .unwrap_or_default();
                let chose: Vec<&str> = voters
                    .iter()
                    .filter(|(_, chosen)| chosen.contains(&place))
                    .map(|(voter, _)| voter.as_str())
                    .collect();
                *option = json!({"text": text, "voters": chose});
            }
        }
        Ok(poll)
    }

    /// A message of the chat with this JID.
    pub(crate) fn message(&self, row: MessageRow, chat_jid: &str) -> Result<Message> {
        let sender = if row.from_me {
            None
        } else {
            self.person(row.sender_id)?
        };
        let channel_name = match row.sender_id == CHANNEL {
            true => self.channel_name(chat_jid)?,
            false => String::new(),
        };
        let (sender_jid, lid, phone, name) = match &sender {
            Some(person) => (
                person_jid(person),
                person.lid.as_ref(),
                person.phone.as_ref(),
                person.names.shown(),
            ),
            None if row.from_me => (
                jid(self.own.phone.as_ref(), self.own.lid.as_ref()),
                self.own.lid.as_ref(),
                self.own.phone.as_ref(),
                self.own.push_name.as_str(),
            ),
            None if row.sender_id == CHANNEL => {
                (chat_jid.to_owned(), None, None, channel_name.as_str())
            }
            None => (String::new(), None, None, ""),
        };
        let reactions = self.reactions(&row.extra)?;
        Ok(Message {
            ack_level: row.ack_level,
            body: row.body,
            chat_id: row.chat_id,
            chat_jid: chat_jid.to_owned(),
            contact: row.extra.contact,
            created_at: row.created_at,
            deleted: row.deleted,
            direction: if row.from_me { "out" } else { "in" },
            edited: row.edited,
            error: row.error,
            from_me: row.from_me,
            has_media: row.extra.media.is_some(),
            id: row.id,
            location: row.extra.location,
            media: row.extra.media,
            mentions: row.extra.mentions,
            poll: match row.extra.poll {
                Some(poll) => Some(self.poll(poll, &row.extra.votes)?),
                None => None,
            },
            quoted_id: row.extra.quoted_id,
            reactions,
            sender_contact_id: sender.as_ref().map(|person| person.id),
            sender_jid,
            sender_lid: lid_text(lid),
            sender_name: name.to_owned(),
            sender_phone: number(phone),
            session_id: self.scope.id,
            status: row.status.map_or("", wharf_types::SendStatus::as_str),
            timestamp: row.at,
            kind: row.kind,
            wa_message_id: row.wa_id,
        })
    }
}

impl Domain {
    /// One stored message.
    pub async fn get_message(&self, scope: SessionScope, at: MessageAt) -> Result<Message> {
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let (chat, row) = show.find(&at)?;
                show.message(row, &show.chat_jid(&chat)?)
            })
            .await
    }

    /// Stored messages of a chat, newest first.
    pub async fn list_chat_messages(
        &self,
        scope: SessionScope,
        chat: ChatJid,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Message>> {
        // The place names the chat's row, not the text it was asked by: both ids of a person address one chat.
        let sealer = self.sealer(Binding::new("messages", scope.id));
        let after: Option<(i64, Millis, i64)> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let chat = show.chat_at(&chat)?.ok_or(Error::NotFound("chat"))?;
                if after.is_some_and(|(of, ..)| of != chat.id) {
                    return Err(Error::invalid("cursor", "is a cursor of another chat"));
                }
                let after = after.map(|(_, at, id)| (at, id));
                let chat_jid = show.chat_jid(&chat)?;
                view.messages(scope.no, chat.id, after, limit + 1)?
                    .into_iter()
                    .map(|row| show.message(row, &chat_jid))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        sealer.page(
            rows,
            limit,
            |row| (row.chat_id, row.timestamp, row.id),
            |row| row,
        )
    }
}
