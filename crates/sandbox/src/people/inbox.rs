//! What the owner of a phone sees: one line for each (chat, sender, id), in order of arrival, with the reactions
//! to it and the votes on it.

use anyhow::Result;
use buffa::Message as _;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};
use waproto::whatsapp as wa;

use super::act::with_text;
use crate::{ids::Phone, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS inbox(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL,
  type TEXT NOT NULL, body TEXT NOT NULL, media TEXT, edited INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL, UNIQUE(owner, chat, sender, id));
CREATE TABLE IF NOT EXISTS inbox_details(
  seq INTEGER PRIMARY KEY REFERENCES inbox(seq), detail TEXT NOT NULL, message BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_reactions(
  seq INTEGER NOT NULL REFERENCES inbox(seq), by TEXT NOT NULL, emoji TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(seq, by)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_votes(
  seq INTEGER NOT NULL REFERENCES inbox(seq), by TEXT NOT NULL, options TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(seq, by)) WITHOUT ROWID;";

/// One line, as `GET /accounts/{phone}/inbox` shows it.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(skip)]
    pub seq: i64,
    pub wa_message_id: String,
    /// The sender's phone JID.
    pub from: String,
    /// The sender's phone JID, or the group's.
    pub chat: String,
    /// As in the gateway's contract: `text`, `image`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub body: String,
    pub media: Option<Value>,
    pub edited: bool,
    pub deleted: bool,
    /// Milliseconds.
    pub timestamp: i64,
    pub reactions: Vec<Reaction>,
    /// What some types have beside: see [`super::detail`].
    #[serde(flatten)]
    pub detail: Map<String, Value>,
}

#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    pub emoji: String,
    /// The phone JID of who reacted.
    pub sender_jid: String,
    pub timestamp: i64,
}

/// What somebody chose in a poll.
pub struct Vote {
    /// The voter's phone JID.
    pub by: String,
    /// By their words.
    pub options: Vec<String>,
    /// Milliseconds.
    pub at: i64,
}

/// A message about to be shown.
pub struct Line<'a> {
    pub id: &'a str,
    pub from: &'a str,
    pub chat: &'a str,
    pub kind: &'a str,
    pub body: &'a str,
    pub media: Option<&'a Value>,
    pub detail: &'a Map<String, Value>,
    pub message: &'a wa::Message,
}

fn read(r: &Row<'_>) -> rusqlite::Result<Entry> {
    let json = |s: Option<String>| s.and_then(|s| serde_json::from_str(&s).ok());
    let detail: Option<Value> = json(r.get(10)?);
    Ok(Entry {
        wa_message_id: r.get(0)?,
        from: r.get(1)?,
        chat: r.get(2)?,
        kind: r.get(3)?,
        body: r.get(4)?,
        media: json(r.get(5)?),
        edited: r.get(6)?,
        deleted: r.get(7)?,
        timestamp: r.get(8)?,
        seq: r.get(9)?,
        reactions: Vec::new(),
        detail: match detail {
            Some(Value::Object(o)) => o,
            _ => Map::new(),
        },
    })
}

const SELECT: &str =
    "SELECT id, sender, chat, type, body, media, edited, deleted, at, inbox.seq, detail
  FROM inbox LEFT JOIN inbox_details USING(seq) WHERE owner = ?1";

impl World<'_> {
    /// Shows a message. False: it was there already (a resend), and is not shown again.
    pub fn show(&mut self, owner: Phone, l: &Line<'_>) -> Result<bool> {
        let n = self.db().execute(
            "INSERT OR IGNORE INTO inbox(owner, chat, sender, id, type, body, media, at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
            params![owner.row(), l.chat, l.from, l.id, l.kind, l.body, l.media.map(Value::to_string), self.now_ms()],
        )?;
        if n > 0 {
            self.db().execute(
                "INSERT INTO inbox_details(seq, detail, message) VALUES(last_insert_rowid(), ?1, ?2)",
                params![serde_json::to_string(l.detail)?, l.message.encode_to_vec()],
            )?;
        }
        Ok(n > 0)
    }

    /// New text in a line.
    pub fn edit_shown(&mut self, seq: i64, body: &str) -> Result<()> {
        let sql = "UPDATE inbox SET body = ?2, edited = 1 WHERE seq = ?1 AND deleted = 0";
        self.db().execute(sql, params![seq, body])?;
        Ok(())
    }

    /// A line whose message was taken back keeps its place alone.
    pub fn delete_shown(&mut self, seq: i64) -> Result<()> {
        let db = self.db();
        db.execute(
            "UPDATE inbox SET deleted = 1, body = '', media = NULL WHERE seq = ?1",
            [seq],
        )?;
        db.execute("DELETE FROM inbox_details WHERE seq = ?1", [seq])?;
        db.execute("DELETE FROM inbox_reactions WHERE seq = ?1", [seq])?;
        db.execute("DELETE FROM inbox_votes WHERE seq = ?1", [seq])?;
        Ok(())
    }

    /// One reaction for each person: the newest, or none.
    pub fn react_shown(&mut self, seq: i64, by: &str, emoji: &str, at: i64) -> Result<()> {
        self.replace(
            "inbox_reactions",
            "emoji",
            (seq, by, emoji, at),
            emoji.is_empty(),
        )
    }

    /// One vote for each person: the newest, or none.
    pub fn vote_shown(&mut self, seq: i64, by: &str, options: &[String], at: i64) -> Result<()> {
        let json = serde_json::to_string(options)?;
        self.replace("inbox_votes", "options", (seq, by, &json, at), false)
    }

    fn replace(
        &mut self,
        table: &str,
        column: &str,
        (seq, by, value, at): (i64, &str, &str, i64),
        gone: bool,
    ) -> Result<()> {
        let db = self.db();
        let sql = format!("DELETE FROM {table} WHERE seq = ?1 AND by = ?2 AND at <= ?3");
        db.execute(&sql, params![seq, by, at])?;
        if !gone {
            let sql =
                format!("INSERT OR IGNORE INTO {table}(seq, by, {column}, at) VALUES(?1,?2,?3,?4)");
            db.execute(&sql, params![seq, by, value, at])?;
        }
        Ok(())
    }

    /// The line of a message in a chat, without its reactions and votes.
    pub fn shown(&self, owner: Phone, chat: &str, id: &str) -> Result<Option<Entry>> {
        let sql = format!("{SELECT} AND chat = ?2 AND id = ?3");
        Ok(self
            .db()
            .query_row(&sql, params![owner.row(), chat, id], read)
            .optional()?)
    }

    /// The message of a line, as it was read.
    pub fn message_shown(&self, seq: i64) -> Result<Option<wa::Message>> {
        let sql = "SELECT message FROM inbox_details WHERE seq = ?1";
        let row: Option<Vec<u8>> = self.db().query_row(sql, [seq], |r| r.get(0)).optional()?;
        Ok(row
            .map(|b| wa::Message::decode_from_slice(&b))
            .transpose()?)
    }

    pub fn has_inbox(&self, owner: Phone) -> Result<bool> {
        let sql = "SELECT EXISTS(SELECT 1 FROM inbox WHERE owner = ?1)";
        Ok(self.db().query_row(sql, [owner.row()], |r| r.get(0))?)
    }

    /// A message as the phone hands it on to new companions: in its newest words.
    pub fn told_again(&self, owner: Phone, chat: &str, id: &str) -> Result<Option<wa::Message>> {
        let Some(line) = self.shown(owner, chat, id)? else {
            return Ok(None);
        };
        let Some(m) = self.message_shown(line.seq)? else {
            return Ok(None);
        };
        if !line.edited {
            return Ok(Some(m));
        }
        let secret = m.message_context_info.clone();
        let edited = with_text(m, line.body);
        Ok(edited.map(|mut m| {
            m.message_context_info = secret;
            m
        }))
    }

    pub fn inbox(&self, owner: Phone) -> Result<Vec<Entry>> {
        let mut q = self
            .db()
            .prepare_cached(&format!("{SELECT} ORDER BY inbox.seq"))?;
        let mut out: Vec<Entry> = q
            .query_map([owner.row()], read)?
            .collect::<Result<_, _>>()?;
        for e in &mut out {
            e.reactions = self.reactions(e.seq)?;
            if let Some(poll) = e.detail.get_mut("poll") {
                self.tally(e.seq, poll)?;
            }
        }
        Ok(out)
    }

    pub fn reactions(&self, seq: i64) -> Result<Vec<Reaction>> {
        let mut q = self.db().prepare_cached(
            "SELECT emoji, by, at FROM inbox_reactions WHERE seq = ?1 ORDER BY at, by",
        )?;
        let rows = q
            .query_map([seq], |r| {
                Ok(Reaction {
                    emoji: r.get(0)?,
                    sender_jid: r.get(1)?,
                    timestamp: r.get(2)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The newest vote of each person, in order of voting.
    pub fn votes(&self, seq: i64) -> Result<Vec<Vote>> {
        let sql = "SELECT by, options, at FROM inbox_votes WHERE seq = ?1 ORDER BY at, by";
        let mut q = self.db().prepare_cached(sql)?;
        let rows = q.query_map([seq], |r| {
            let options: String = r.get(1)?;
            Ok(Vote {
                by: r.get(0)?,
                options: serde_json::from_str(&options).unwrap_or_default(),
                at: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Fills `options[].voters` with phone JIDs.
    fn tally(&self, seq: i64, poll: &mut Value) -> Result<()> {
        let mut options = poll.get_mut("options").and_then(Value::as_array_mut);
        for Vote {
            by,
            options: chosen,
            ..
        } in self.votes(seq)?
        {
            for o in options.iter_mut().flat_map(|o| o.iter_mut()) {
                let picked = o.get("text").and_then(Value::as_str);
                let picked = picked.is_some_and(|t| chosen.iter().any(|c| c == t));
                if let Some(v) = o.get_mut("voters").and_then(Value::as_array_mut)
                    && picked
                {
                    v.push(by.as_str().into());
                }
            }
        }
        Ok(())
    }
}
