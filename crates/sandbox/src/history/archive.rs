//! What the phone of an account remembers of its chats.
//!
//! It is filled when a companion is due its history: from the crowds around the account, whose past follows from
//! their seed, and from the owner's inbox. Messages are read newest first, as phones send them.

use anyhow::{Context, Result};
use rusqlite::{OptionalExtension, Row, params};

use crate::{crowd::Crowd, ids::Phone, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS history_chats(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, chat TEXT NOT NULL, unread INTEGER NOT NULL DEFAULT 0,
  UNIQUE(owner, chat));
CREATE TABLE IF NOT EXISTS history_messages(
  chat INTEGER NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, sender INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY(chat, at, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS history_messages_id ON history_messages(chat, id);
CREATE TABLE IF NOT EXISTS history_crowds(owner INTEGER NOT NULL, seed INTEGER NOT NULL, next INTEGER NOT NULL,
  PRIMARY KEY(owner, seed)) WITHOUT ROWID;";

/// People and messages taken in by one transaction: nobody waits long for the world.
const BATCH: u32 = 2000;

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Chat {
    Direct(Phone),
    /// The whole JID.
    Group(String),
}

impl Chat {
    /// As the table names it: the phone's JID or the group's.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Direct(phone) => phone.jid().to_string(),
            Self::Group(gid) => gid.clone(),
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        match key.split_once('@')? {
            (phone, "s.whatsapp.net") => phone.parse().ok().map(Self::Direct),
            (_, "g.us") => Some(Self::Group(key.to_owned())),
            _ => None,
        }
    }
}

/// A text message of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub id: String,
    /// Who wrote it; the owner for their own.
    pub sender: Phone,
    /// Unix seconds.
    pub at: i64,
    pub text: String,
}

/// A conversation on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChat {
    pub seq: i64,
    pub chat: Chat,
    pub unread: u32,
}

fn read_chat(r: &Row<'_>) -> rusqlite::Result<KnownChat> {
    let key: String = r.get(1)?;
    let chat = Chat::from_key(&key).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok(KnownChat {
        seq: r.get(0)?,
        chat,
        unread: r.get(2)?,
    })
}

fn read_message(r: &Row<'_>) -> rusqlite::Result<Past> {
    Ok(Past {
        at: r.get(0)?,
        id: r.get(1)?,
        sender: Phone::from_row(r.get(2)?),
        text: r.get(3)?,
    })
}

impl World<'_> {
    /// The chat's place in the archive of `owner`, made when it is new.
    pub fn remember_chat(&mut self, owner: Phone, chat: &Chat, unread: u32) -> Result<i64> {
        let sql = "INSERT INTO history_chats(owner, chat, unread) VALUES(?1,?2,?3)
                   ON CONFLICT DO UPDATE SET unread = max(unread, excluded.unread) RETURNING seq";
        let seq = self
            .db()
            .prepare_cached(sql)?
            .query_row(params![owner.row(), chat.key(), unread], |r| r.get(0))?;
        Ok(seq)
    }

    /// Adds a message to a chat of the archive; one that is there stays as it is.
    pub fn remember(&mut self, chat: i64, m: &Past) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO history_messages(chat, at, id, sender, text) VALUES(?1,?2,?3,?4,?5)";
        self.db().prepare_cached(sql)?.execute(params![
            chat,
            m.at,
            m.id,
            m.sender.row(),
            m.text
        ])?;
        Ok(())
    }

    /// Takes into the archive what is not there yet, a bounded piece at a time: the past of a crowd, groups
    /// without a word, the owner's inbox. True: there is more.
    pub(super) fn fill_archive(&mut self, owner: Phone) -> Result<bool> {
        for crowd in self.crowds_of(owner)? {
            if self.fill_from_crowd(owner, &crowd)? {
                return Ok(true);
            }
        }
        for g in self.groups_of(owner)? {
            self.remember_chat(owner, &Chat::Group(g.gid), 0)?;
        }
        for e in self.inbox(owner)? {
            let (Some(chat), Some(Chat::Direct(sender))) =
                (Chat::from_key(&e.chat), Chat::from_key(&e.from))
            else {
                continue;
            };
            // What may be seen once does not leave the phone.
            if !e.deleted && !e.detail.contains_key("viewOnce") {
                let seq = self.remember_chat(owner, &chat, 0)?;
                self.remember(
                    seq,
                    &Past {
                        id: e.wa_message_id,
                        sender,
                        at: e.timestamp / 1000,
                        text: e.body,
                    },
                )?;
            }
        }
        Ok(false)
    }

    /// Some more people of a crowd. False: all are in.
    fn fill_from_crowd(&mut self, owner: Phone, crowd: &Crowd) -> Result<bool> {
        let spec = crowd.spec();
        let at = params![owner.row(), spec.seed.cast_signed()];
        let sql = "SELECT next FROM history_crowds WHERE owner = ?1 AND seed = ?2";
        let mut next: u32 = self
            .db()
            .query_row(sql, at, |r| r.get(0))
            .optional()?
            .unwrap_or(0);
        if next >= spec.people {
            return Ok(false);
        }
        let mut room = BATCH;
        while room > 0
            && let Some(person) = crowd.person(next)
        {
            next += 1;
            room -= 1;
            if !person.direct_chat {
                continue;
            }
            let them: Phone = person.phone.parse()?;
            let chat =
                self.remember_chat(owner, &Chat::Direct(them), crowd.unread_count(&person))?;
            for m in crowd.messages(&person) {
                let sender = if m.from_me { owner } else { them };
                self.remember(
                    chat,
                    &Past {
                        id: m.id,
                        sender,
                        at: i64::try_from(m.timestamp)?,
                        text: m.text,
                    },
                )?;
                room = room.saturating_sub(1);
            }
        }
        let sql = "INSERT INTO history_crowds(owner, seed, next) VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET next = excluded.next";
        self.db()
            .execute(sql, params![owner.row(), spec.seed.cast_signed(), next])?;
        Ok(true)
    }

    /// Chats after `seq`, oldest entry first.
    pub(super) fn archive_chats(
        &self,
        owner: Phone,
        after: i64,
        limit: u32,
    ) -> Result<Vec<KnownChat>> {
        let sql = "SELECT seq, chat, unread FROM history_chats WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
        let mut q = self.db().prepare_cached(sql)?;
        let chats = q
            .query_map(params![owner.row(), after, limit], read_chat)?
            .collect::<Result<_, _>>()?;
        Ok(chats)
    }

    pub(super) fn archive_chat(&self, owner: Phone, chat: &Chat) -> Result<Option<KnownChat>> {
        let sql = "SELECT seq, chat, unread FROM history_chats WHERE owner = ?1 AND chat = ?2";
        Ok(self
            .db()
            .query_row(sql, params![owner.row(), chat.key()], read_chat)
            .optional()?)
    }

    /// Messages of a chat, newest first, after the first `skip`.
    pub(super) fn archive_messages(&self, chat: i64, skip: u32, limit: u32) -> Result<Vec<Past>> {
        let sql = "SELECT at, id, sender, text FROM history_messages WHERE chat = ?1 ORDER BY at DESC, id DESC LIMIT ?3 OFFSET ?2";
        let mut q = self.db().prepare_cached(sql)?;
        let messages = q
            .query_map(params![chat, skip, limit], read_message)?
            .collect::<Result<_, _>>()?;
        Ok(messages)
    }

    /// Messages of a chat before the one with this id (or before a moment), newest first.
    pub(super) fn archive_before(
        &self,
        chat: i64,
        id: &str,
        at: i64,
        limit: u32,
    ) -> Result<Vec<Past>> {
        let known = self
            .db()
            .query_row(
                "SELECT at FROM history_messages WHERE chat = ?1 AND id = ?2",
                params![chat, id],
                |r| r.get(0),
            )
            .optional()?;
        let (at, id) = known.map_or((at, ""), |at: i64| (at, id));
        let sql = "SELECT at, id, sender, text FROM history_messages WHERE chat = ?1 AND (at, id) < (?2, ?3)
                   ORDER BY at DESC, id DESC LIMIT ?4";
        let mut q = self.db().prepare_cached(sql)?;
        let messages = q
            .query_map(params![chat, at, id, limit], read_message)?
            .collect::<Result<_, _>>()?;
        Ok(messages)
    }

    pub(super) fn archive_message(&self, chat: i64, id: &str) -> Result<Option<Past>> {
        let sql = "SELECT at, id, sender, text FROM history_messages WHERE chat = ?1 AND id = ?2";
        Ok(self
            .db()
            .query_row(sql, params![chat, id], read_message)
            .optional()?)
    }

    pub(super) fn archive_count(&self, owner: Phone) -> Result<u32> {
        let sql = "SELECT count(*) FROM history_messages WHERE chat IN (SELECT seq FROM history_chats WHERE owner = ?1)";
        self.db()
            .query_row(sql, [owner.row()], |r| r.get(0))
            .context("count the archive")
    }

    /// Everybody the owner has a direct chat or a group with, and whether their number is shown to the owner.
    pub(super) fn archive_people(&self, owner: Phone) -> Result<Vec<KnownPerson>> {
        let sql = "
            SELECT a.phone, a.lid, a.name, max(k.shown), max(k.direct) FROM accounts a JOIN (
              SELECT CAST(substr(chat, 1, instr(chat, '@') - 1) AS INTEGER) AS phone, 1 AS shown, 1 AS direct
                FROM history_chats WHERE owner = ?1 AND chat LIKE '%@s.whatsapp.net'
              UNION ALL
              SELECT m.phone, m.hidden <> 1, 0 FROM group_members m
                WHERE m.gid IN (SELECT gid FROM group_members WHERE phone = ?1)
            ) k ON k.phone = a.phone WHERE a.phone <> ?1 GROUP BY a.phone ORDER BY a.phone";
        let mut q = self.db().prepare_cached(sql)?;
        let read = |r: &Row<'_>| {
            Ok(KnownPerson {
                phone: Phone::from_row(r.get(0)?),
                lid: crate::ids::Lid::from_row(r.get(1)?),
                name: r.get(2)?,
                number_shown: r.get(3)?,
                direct: r.get(4)?,
            })
        };
        let people = q
            .query_map([owner.row()], read)?
            .collect::<Result<_, _>>()?;
        Ok(people)
    }
}

/// Somebody the phone knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownPerson {
    pub phone: Phone,
    pub lid: crate::ids::Lid,
    pub name: String,
    pub number_shown: bool,
    /// In a direct chat, not only in groups.
    pub direct: bool,
}
