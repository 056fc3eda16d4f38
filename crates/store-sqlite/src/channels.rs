//! Channels and the numbers of their posts.

use crate::{
    columns::{known, limit, parsed},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Error, Result,
    inbound::ChannelRole,
    ports::store::{ChannelRow, ChannelsTx, ChannelsView},
    sessions::SessionNo,
};
use wharf_types::ChannelJid;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT jid, name, description, invite, role, muted, followers, created_at_wa, first_seen_at, updated_at
             FROM channels ",
            $rest
        )
    };
}

fn channel_row(row: &Row<'_>) -> Result<ChannelRow, Fault> {
    Ok(ChannelRow {
        jid: parsed(row, 0, "channel JID")?,
        name: row.get(1)?,
        description: row.get(2)?,
        invite: row.get(3)?,
        role: known(row, 4, ChannelRole::parse, "role in a channel")?,
        muted: row.get(5)?,
        followers: number(row, 6)?,
        created_at_wa: row.get(7)?,
        first_seen_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Fault::Corrupt("count"))
}

/// As SQLite holds it.
fn signed(number: u64) -> Result<i64> {
    i64::try_from(number)
        .map_err(|_| Error::Internal("a number beyond all that WhatsApp gives".into()))
}

impl ChannelsView for Rows<'_> {
    fn channel(&self, s: SessionNo, jid: &ChannelJid) -> Result<Option<ChannelRow>> {
        self.one(
            select!("WHERE session = ?1 AND jid = ?2"),
            params![s.0, jid.as_str()],
            channel_row,
        )
    }

    fn channels(&self, s: SessionNo, after: &str, rows: usize) -> Result<Vec<ChannelRow>> {
        self.many(
            select!("WHERE session = ?1 AND jid > ?2 ORDER BY jid LIMIT ?3"),
            params![s.0, after, limit(rows)],
            channel_row,
        )
    }

    fn post(&self, s: SessionNo, chat_id: i64, number: u64) -> Result<Option<i64>> {
        self.one(
            "SELECT message FROM posts WHERE session = ?1 AND chat = ?2 AND number = ?3",
            params![s.0, chat_id, signed(number)?],
            |row| Ok(row.get(0)?),
        )
    }

    fn newest_post(&self, s: SessionNo, chat_id: i64) -> Result<Option<u64>> {
        self.one(
            "SELECT number FROM posts WHERE session = ?1 AND chat = ?2 ORDER BY number DESC LIMIT 1",
            params![s.0, chat_id],
            |row| number(row, 0),
        )
    }
}

impl ChannelsTx for Rows<'_> {
    fn put_channel(&mut self, s: SessionNo, row: &ChannelRow) -> Result<()> {
        self.run(
            "INSERT INTO channels
                 (session, jid, name, description, invite, role, muted, followers, created_at_wa, first_seen_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (session, jid) DO UPDATE SET
                 name = excluded.name, description = excluded.description, invite = excluded.invite,
                 role = excluded.role, muted = excluded.muted, followers = excluded.followers,
                 created_at_wa = excluded.created_at_wa, first_seen_at = excluded.first_seen_at,
                 updated_at = excluded.updated_at",
            params![
                s.0,
                row.jid.as_str(),
                row.name,
                row.description,
                row.invite,
                row.role.as_str(),
                row.muted,
                signed(row.followers)?,
                row.created_at_wa,
                row.first_seen_at,
                row.updated_at,
            ],
        )?;
        Ok(())
    }

    fn put_post(&mut self, s: SessionNo, chat_id: i64, number: u64, message_id: i64) -> Result<()> {
        self.run(
            "INSERT INTO posts (session, chat, number, message) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, chat, number) DO UPDATE SET message = excluded.message",
            params![s.0, chat_id, signed(number)?, message_id],
        )?;
        Ok(())
    }
}
