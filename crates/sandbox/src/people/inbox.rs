//! What the owner of a phone sees: one line for each (chat, sender, id), in order of arrival.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::{ids::Phone, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS inbox(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL,
  type TEXT NOT NULL, body TEXT NOT NULL, media TEXT, edited INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL, UNIQUE(owner, chat, sender, id));";

/// One line, as `GET /accounts/{phone}/inbox` shows it.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
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
}

fn read(r: &Row<'_>) -> rusqlite::Result<Entry> {
    let media: Option<String> = r.get(5)?;
    Ok(Entry {
        wa_message_id: r.get(0)?,
        from: r.get(1)?,
        chat: r.get(2)?,
        kind: r.get(3)?,
        body: r.get(4)?,
        media: media.and_then(|m| serde_json::from_str(&m).ok()),
        edited: r.get(6)?,
        deleted: r.get(7)?,
        timestamp: r.get(8)?,
    })
}

const COLUMNS: &str = "id, sender, chat, type, body, media, edited, deleted, at";

impl World<'_> {
    /// Shows a message. False: it was there already (a resend), and is not shown again.
    pub fn show(&mut self, owner: Phone, e: &Entry) -> Result<bool> {
        let n = self.db().execute(
            "INSERT OR IGNORE INTO inbox(owner, chat, sender, id, type, body, media, at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
            params![owner.row(), e.chat, e.from, e.wa_message_id, e.kind, e.body, e.media.as_ref().map(Value::to_string), e.timestamp],
        )?;
        Ok(n > 0)
    }

    pub fn edit_shown(&mut self, owner: Phone, sender: &str, id: &str, body: &str) -> Result<bool> {
        let sql = "UPDATE inbox SET body = ?4, edited = 1 WHERE owner = ?1 AND sender = ?2 AND id = ?3 AND deleted = 0";
        Ok(self
            .db()
            .execute(sql, params![owner.row(), sender, id, body])?
            > 0)
    }

    pub fn delete_shown(&mut self, owner: Phone, chat: &str, id: &str) -> Result<bool> {
        let sql = "UPDATE inbox SET deleted = 1, body = '', media = NULL WHERE owner = ?1 AND chat = ?2 AND id = ?3";
        Ok(self.db().execute(sql, params![owner.row(), chat, id])? > 0)
    }

    pub fn shown(&self, owner: Phone, chat: &str, id: &str) -> Result<Option<Entry>> {
        let sql = format!("SELECT {COLUMNS} FROM inbox WHERE owner = ?1 AND chat = ?2 AND id = ?3");
        Ok(self
            .db()
            .query_row(&sql, params![owner.row(), chat, id], read)
            .optional()?)
    }

    pub fn inbox(&self, owner: Phone) -> Result<Vec<Entry>> {
        let mut q = self.db().prepare_cached(&format!(
            "SELECT {COLUMNS} FROM inbox WHERE owner = ?1 ORDER BY seq"
        ))?;
        let rows = q
            .query_map([owner.row()], read)?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
