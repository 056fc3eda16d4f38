//! What is done to messages: edited, taken back, reacted to, voted on ([`super::tally`]).
//!
//! - Each is told apart from the message, and may be told first (offline order, history behind live): then it waits
//!   under the message's id until the message is stored ([`Batch::catch_up`]), within bounds of age and number.
//! - Only its author edits a message; its author or a group's admin takes it back. A client checks that itself: the
//!   server cannot read what is encrypted.
//! - Each carries its doer's time. An older one that comes late changes nothing.

use super::{
    Batch,
    messages::{OWN, one_person},
};
use crate::{
    Error, Result,
    contacts::PersonRef,
    events::ReactionPayload,
    inbound::{Act, Deed, InChat, MessageExtra, Origin, Party, Reaction, Seen},
    ports::{
        ids::Ids,
        store::{ChatPeer, ChatRow, MessageRow, Tx},
    },
    search::keep::reworded,
    sessions::SessionScope,
};
use std::sync::Arc;
use wharf_types::{GroupJid, Millis};

/// How long something done to an unknown message waits for it.
const PATIENCE: Millis = 30 * 24 * 3_600_000;
/// How many may wait in one session.
const MOST_WAITING: usize = 10_000;

impl Batch<'_> {
    pub(super) fn deed(&mut self, deed: &Deed) -> Result<()> {
        let by = self.doer(deed)?;
        match self.target(deed, by)? {
            Some((chat, row)) => self.done(&chat, row, by, deed),
            None => self.wait_for_message(deed),
        }
    }

    /// What waited for a message that is stored now.
    pub(super) fn catch_up(&mut self, row: &MessageRow) -> Result<()> {
        for (place, document) in self.tx.waiting_deeds(self.s, &row.wa_id)? {
            let deed: Deed = serde_json::from_str(&document)
                .map_err(|error| Error::Internal(format!("what waits for a message: {error}")))?;
            let by = self.doer(&deed)?;
            // The same id in another chat is another message.
            let Some((chat, found)) = self.target(&deed, by)? else {
                continue;
            };
            if found.id == row.id {
                self.tx.drop_waiting_deed(self.s, place)?;
                let quiet = self.quiet;
                self.set_quiet(deed.origin == Origin::Bulk);
                self.done(&chat, found, by, &deed)?;
                self.set_quiet(quiet);
            }
        }
        Ok(())
    }

    fn wait_for_message(&mut self, deed: &Deed) -> Result<()> {
        let document = serde_json::to_string(deed)
            .map_err(|error| Error::Internal(format!("what waits for a message: {error}")))?;
        let known = self.tx.waiting_deeds(self.s, &deed.wa_id)?;
        // The offline queue and history tell the same thing more than once.
        if known.iter().any(|(_, waiting)| *waiting == document) {
            return Ok(());
        }
        self.tx
            .put_waiting_deed(self.s, &deed.wa_id, self.now, &document)?;
        self.tx
            .trim_waiting_deeds(self.s, self.now - PATIENCE, MOST_WAITING)
    }

    /// The row of who does it.
    fn doer(&mut self, deed: &Deed) -> Result<i64> {
        let Party::Other(by) = &deed.by else {
            return Ok(OWN);
        };
        let both = match &deed.chat {
            InChat::Person(peer) => one_person(peer, by),
            _ => None,
        };
        let row = self.people.resolve(self.tx, both.as_ref().unwrap_or(by))?;
        Ok(row.id)
    }

    /// The message it is done to, if that is stored.
    fn target(&mut self, deed: &Deed, by: i64) -> Result<Option<(ChatRow, MessageRow)>> {
        let Some(chat) = self.known_chat(&deed.chat)? else {
            return Ok(None);
        };
        let author = match &deed.author {
            Party::Own => Some(OWN),
            Party::Other(seen) => self.row_of(seen)?,
            Party::Unknown => None,
        };
        if let Some(author) = author
            && let Some(row) = self
                .tx
                .message_by_wa_id(self.s, chat.id, author, &deed.wa_id)?
        {
            return Ok(Some((chat, row)));
        }
        // Named under an id we do not know the author by: an id that only one message has still names it.
        let mut found = self
            .tx
            .messages_by_wa_id(self.s, chat.id, &deed.wa_id)?
            .into_iter()
            .filter(|row| row.sender_id == by || !matches!(deed.author, Party::Own));
        Ok(match (found.next(), found.next()) {
            (Some(row), None) => Some((chat, row)),
            _ => None,
        })
    }

    /// A person's row, made for nobody.
    fn row_of(&self, seen: &Seen) -> Result<Option<i64>> {
        let by_lid = match &seen.lid {
            Some(lid) => self.tx.person_by_lid(self.s, lid)?,
            None => None,
        };
        match (by_lid, &seen.phone) {
            (None, Some(phone)) => self.tx.person_by_phone(self.s, phone),
            (found, _) => Ok(found),
        }
    }

    fn done(&mut self, chat: &ChatRow, row: MessageRow, by: i64, deed: &Deed) -> Result<()> {
        // Whoever was resolved since may have joined the doer with somebody.
        let by = match by {
            OWN => OWN,
            id => self.people.current(self.tx, id)?.id,
        };
        // What is done to posts comes from the server, which has judged it.
        let judged = chat.kind == "channel";
        match &deed.act {
            Act::Edited { body, mentions } => {
                if judged || row.sender_id == by {
                    self.edited(chat, row, body, mentions, deed.at)?;
                }
                Ok(())
            }
            Act::Revoked => {
                if judged || row.sender_id == by || self.may_take_back(chat, by)? {
                    self.revoked(chat, row)?;
                }
                Ok(())
            }
            Act::Reacted { emoji } => self.reacted(chat, row, by, emoji, deed.at),
            Act::Voted(ballot) => self.voted(chat, row, by, ballot, deed.at),
        }
    }

    /// Whether somebody may take back others' messages here: not whom we know for a plain member.
    fn may_take_back(&self, chat: &ChatRow, by: i64) -> Result<bool> {
        let ChatPeer::Jid(jid) = &chat.peer else {
            return Ok(false);
        };
        let Ok(gid) = jid.parse::<GroupJid>() else {
            return Ok(false);
        };
        let Some(group) = self.tx.group(self.s, &gid)? else {
            return Ok(true);
        };
        if by == OWN {
            return Ok(true);
        }
        let member = self.tx.member(self.s, group.id, by)?;
        Ok(member.is_none_or(|member| member.role != "member"))
    }

    pub(super) fn edited(
        &mut self,
        chat: &ChatRow,
        mut row: MessageRow,
        body: &str,
        mentions: &[String],
        at: Millis,
    ) -> Result<()> {
        let same = row.edited && row.body == body;
        if row.deleted || same || at < row.extra.edited_at {
            return Ok(());
        }
        let was = row.clone();
        body.clone_into(&mut row.body);
        row.edited = true;
        row.extra.edited_at = at;
        row.extra.mentions = mentions.to_vec();
        if let Some(media) = row.extra.media.as_mut().and_then(|m| m.as_object_mut()) {
            media.insert("caption".into(), body.into());
        }
        self.tx.put_message(self.s, &row)?;
        reworded(self.tx, self.s, &was, &row)?;
        self.chat_changed(chat.id);
        if self.quiet {
            return Ok(());
        }
        let shown = self.shown(chat, row)?;
        self.log.message_edited(self.tx, &shown)
    }

    /// Deleted for everyone: its content goes here too.
    pub(super) fn revoked(&mut self, chat: &ChatRow, mut row: MessageRow) -> Result<()> {
        if row.deleted {
            return Ok(());
        }
        let was = row.clone();
        row.deleted = true;
        row.body = String::new();
        row.extra = MessageExtra::default();
        self.tx.put_message(self.s, &row)?;
        reworded(self.tx, self.s, &was, &row)?;
        self.chat_changed(chat.id);
        if self.quiet {
            return Ok(());
        }
        let shown = self.shown(chat, row)?;
        self.log.message_deleted(self.tx, &shown)
    }

    fn reacted(
        &mut self,
        chat: &ChatRow,
        mut row: MessageRow,
        by: i64,
        emoji: &str,
        at: Millis,
    ) -> Result<()> {
        if row.deleted {
            return Ok(());
        }
        let mut former = String::new();
        let mut others = Vec::with_capacity(row.extra.reactions.len() + 1);
        for reaction in row.extra.reactions {
            if !self.same_person(reaction.by, by)? {
                others.push(reaction);
            } else if reaction.at > at {
                return Ok(());
            } else {
                former = reaction.emoji;
            }
        }
        let news = former != emoji;
        others.push(Reaction {
            by,
            emoji: emoji.to_owned(),
            at,
        });
        row.extra.reactions = others;
        self.tx.put_message(self.s, &row)?;
        if self.quiet || !news {
            return Ok(());
        }
        let payload = ReactionPayload {
            chat_id: chat.id,
            chat_jid: self.show().chat_jid(chat)?,
            wa_message_id: row.wa_id,
            emoji: emoji.to_owned(),
            sender: self.person_ref(by)?,
        };
        self.log.message_reaction(self.tx, &payload)
    }

    /// Whether two rows, as they were once stored, are one person now.
    pub(super) fn same_person(&self, one: i64, other: i64) -> Result<bool> {
        if one == other || one == OWN || other == OWN {
            return Ok(one == other);
        }
        Ok(self.people.current(self.tx, one)?.id == self.people.current(self.tx, other)?.id)
    }

    /// Somebody as payloads name them; the account itself by its own row.
    pub(super) fn person_ref(&self, id: i64) -> Result<PersonRef> {
        if id != OWN {
            return Ok(PersonRef::from(&self.people.current(self.tx, id)?));
        }
        let own = Seen {
            lid: self.own.lid.clone(),
            phone: self.own.phone.clone(),
        };
        let row = match self.row_of(&own)? {
            Some(id) => Some(self.people.current(self.tx, id)?),
            None => None,
        };
        Ok(PersonRef {
            contact_id: row.map_or(0, |row| row.id),
            lid: crate::show::lid_text(own.lid.as_ref()),
            phone_number: crate::show::number(own.phone.as_ref()),
            name: self.own.push_name.clone(),
        })
    }
}

/// Something the account did through the API, now that WhatsApp has it.
pub enum OwnDeed {
    /// New words.
    Edited(String),
    /// Taken back.
    Revoked,
    /// An emoji, "" = none.
    Reacted(String),
    /// Places in the poll's options.
    Voted(Vec<usize>),
}

/// Does to a stored message what the account did to it.
pub fn own_deed(
    tx: &mut dyn Tx,
    scope: SessionScope,
    ids: Arc<dyn Ids>,
    now: Millis,
    message: i64,
    deed: OwnDeed,
    at: Millis,
) -> Result<()> {
    let mut batch = Batch::new(tx, scope, ids, now)?;
    let Some(row) = batch.tx.message(scope.no, message)? else {
        return Ok(());
    };
    let Some(chat) = batch.tx.chat(scope.no, row.chat_id)? else {
        return Ok(());
    };
    match deed {
        OwnDeed::Edited(body) => batch.edited(&chat, row, &body, &[], at)?,
        OwnDeed::Revoked => batch.revoked(&chat, row)?,
        OwnDeed::Reacted(emoji) => batch.reacted(&chat, row, OWN, &emoji, at)?,
        OwnDeed::Voted(options) => batch.tallied(&chat, row, OWN, options, at)?,
    }
    batch.finish()
}
