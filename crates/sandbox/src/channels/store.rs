//! Channels, followers and posts in the world's database.

use anyhow::{Context, Result};
use rusqlite::{OptionalExtension, Row, params};

use crate::{ids::Phone, world::World};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS channels(
  jid TEXT PRIMARY KEY, owner INTEGER NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, invite TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 100) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel_followers(
  jid TEXT NOT NULL, phone INTEGER NOT NULL, muted INTEGER NOT NULL DEFAULT 1, PRIMARY KEY(jid, phone)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel_posts(
  jid TEXT NOT NULL, server_id INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, body BLOB,
  PRIMARY KEY(jid, server_id), UNIQUE(jid, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel_reactions(
  jid TEXT NOT NULL, server_id INTEGER NOT NULL, phone INTEGER NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY(jid, server_id, phone)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel_live(
  jid TEXT NOT NULL, phone INTEGER NOT NULL, n INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(jid, phone, n)) WITHOUT ROWID;";

#[derive(Clone, Debug)]
pub struct Channel {
    /// `<digits>@newsletter`
    pub jid: String,
    pub owner: Phone,
    pub name: String,
    pub description: String,
    pub invite: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// What somebody is to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Owner,
    Follower { muted: bool },
    Guest,
}

#[derive(Clone, Debug)]
pub struct Post {
    pub server_id: i64,
    pub id: String,
    /// The stanza's `type`.
    pub kind: String,
    /// Unix seconds.
    pub at: i64,
    /// The message; None once it was taken back.
    pub body: Option<Vec<u8>>,
}

fn read(r: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        jid: r.get(0)?,
        owner: Phone::from_row(r.get(1)?),
        name: r.get(2)?,
        description: r.get(3)?,
        invite: r.get(4)?,
        created_at: r.get(5)?,
    })
}

fn read_post(r: &Row<'_>) -> rusqlite::Result<Post> {
    Ok(Post {
        server_id: r.get(0)?,
        id: r.get(1)?,
        kind: r.get(2)?,
        at: r.get(3)?,
        body: r.get(4)?,
    })
}

const SELECT: &str = "SELECT jid, owner, name, description, invite, created_at FROM channels";

impl World<'_> {
    pub fn add_channel(&mut self, owner: Phone, name: &str, description: &str) -> Result<Channel> {
        let jid = format!(
            "1203634{:011}@newsletter",
            rand::random::<u64>() % 100_000_000_000
        );
        let invite = format!("0029{:016X}", rand::random::<u64>());
        self.db().execute(
            "INSERT INTO channels(jid, owner, name, description, invite, created_at) VALUES(?1,?2,?3,?4,?5,?6)",
            params![jid, owner.row(), name, description, invite, self.now()],
        )?;
        self.channel(&jid)?.context("the channel just made")
    }

    pub fn channel(&self, jid: &str) -> Result<Option<Channel>> {
        let sql = format!("{SELECT} WHERE jid = ?1");
        Ok(self.db().query_row(&sql, [jid], read).optional()?)
    }

    pub fn channel_by_invite(&self, invite: &str) -> Result<Option<Channel>> {
        let sql = format!("{SELECT} WHERE invite = ?1");
        Ok(self.db().query_row(&sql, [invite], read).optional()?)
    }

    pub fn channels(&self) -> Result<Vec<Channel>> {
        let mut q = self
            .db()
            .prepare_cached(&format!("{SELECT} ORDER BY created_at, jid"))?;
        Ok(q.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// Those somebody owns or follows.
    pub fn channels_of(&self, who: Phone) -> Result<Vec<Channel>> {
        let sql = format!(
            "{SELECT} WHERE owner = ?1 OR jid IN (SELECT jid FROM channel_followers WHERE phone = ?1) ORDER BY created_at, jid"
        );
        let mut q = self.db().prepare_cached(&sql)?;
        Ok(q.query_map([who.row()], read)?.collect::<Result<_, _>>()?)
    }

    pub fn rename_channel(&mut self, c: &Channel) -> Result<()> {
        self.db().execute(
            "UPDATE channels SET name = ?2, description = ?3 WHERE jid = ?1",
            params![c.jid, c.name, c.description],
        )?;
        Ok(())
    }

    pub fn channel_role(&self, c: &Channel, who: Phone) -> Result<Role> {
        if c.owner == who {
            return Ok(Role::Owner);
        }
        let sql = "SELECT muted FROM channel_followers WHERE jid = ?1 AND phone = ?2";
        let muted: Option<bool> = self
            .db()
            .query_row(sql, params![c.jid, who.row()], |r| r.get(0))
            .optional()?;
        Ok(muted.map_or(Role::Guest, |muted| Role::Follower { muted }))
    }

    /// New followers are muted, as WhatsApp makes them.
    pub fn follow(&mut self, jid: &str, who: Phone) -> Result<()> {
        self.db().execute(
            "INSERT OR IGNORE INTO channel_followers(jid, phone) VALUES(?1, ?2)",
            params![jid, who.row()],
        )?;
        Ok(())
    }

    /// False: they did not follow it.
    pub fn unfollow(&mut self, jid: &str, who: Phone) -> Result<bool> {
        let sql = "DELETE FROM channel_followers WHERE jid = ?1 AND phone = ?2";
        Ok(self.db().execute(sql, params![jid, who.row()])? > 0)
    }

    pub fn mute_channel(&mut self, jid: &str, who: Phone, muted: bool) -> Result<()> {
        self.db().execute(
            "UPDATE channel_followers SET muted = ?3 WHERE jid = ?1 AND phone = ?2",
            params![jid, who.row(), muted],
        )?;
        Ok(())
    }

    pub fn followers(&self, jid: &str) -> Result<Vec<Phone>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT phone FROM channel_followers WHERE jid = ?1 ORDER BY phone")?;
        let rows = q.query_map([jid], |r| Ok(Phone::from_row(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Followers whose phones hear nothing of new posts.
    pub fn muting(&self, jid: &str) -> Result<Vec<Phone>> {
        let mut q = self.db().prepare_cached(
            "SELECT phone FROM channel_followers WHERE jid = ?1 AND muted = 1 ORDER BY phone",
        )?;
        let rows = q.query_map([jid], |r| Ok(Phone::from_row(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The post, and whether it is new: the same id again is the same post.
    pub fn add_post(
        &mut self,
        jid: &str,
        id: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<(Post, bool)> {
        if let Some(p) = self.post_by_id(jid, id)? {
            return Ok((p, false));
        }
        let sql = "UPDATE channels SET next = next + 1 WHERE jid = ?1 RETURNING next";
        let server_id: i64 = self.db().query_row(sql, [jid], |r| r.get(0))?;
        self.db().execute(
            "INSERT INTO channel_posts(jid, server_id, id, type, at, body) VALUES(?1,?2,?3,?4,?5,?6)",
            params![jid, server_id, id, kind, self.now(), body],
        )?;
        let p = self.post(jid, server_id)?.context("the post just made")?;
        Ok((p, true))
    }

    /// New content; None takes the post back.
    pub fn change_post(&mut self, jid: &str, server_id: i64, body: Option<&[u8]>) -> Result<()> {
        self.db().execute(
            "UPDATE channel_posts SET body = ?3 WHERE jid = ?1 AND server_id = ?2",
            params![jid, server_id, body],
        )?;
        Ok(())
    }

    pub fn post(&self, jid: &str, server_id: i64) -> Result<Option<Post>> {
        let sql = "SELECT server_id, id, type, at, body FROM channel_posts WHERE jid = ?1 AND server_id = ?2";
        Ok(self
            .db()
            .query_row(sql, params![jid, server_id], read_post)
            .optional()?)
    }

    pub fn post_by_id(&self, jid: &str, id: &str) -> Result<Option<Post>> {
        let sql =
            "SELECT server_id, id, type, at, body FROM channel_posts WHERE jid = ?1 AND id = ?2";
        Ok(self
            .db()
            .query_row(sql, params![jid, id], read_post)
            .optional()?)
    }

    /// The newest before a number, oldest first.
    pub fn posts(&self, jid: &str, before: Option<i64>, count: u32) -> Result<Vec<Post>> {
        let mut q = self.db().prepare_cached(
            "SELECT server_id, id, type, at, body FROM channel_posts WHERE jid = ?1 AND server_id < ?2
             ORDER BY server_id DESC LIMIT ?3",
        )?;
        let rows = q.query_map(params![jid, before.unwrap_or(i64::MAX), count], read_post)?;
        let mut out: Vec<Post> = rows.collect::<Result<_, _>>()?;
        out.reverse();
        Ok(out)
    }

    /// An empty code takes the reaction back.
    pub fn react_to_post(
        &mut self,
        jid: &str,
        server_id: i64,
        who: Phone,
        code: &str,
    ) -> Result<()> {
        let db = self.db();
        db.execute(
            "DELETE FROM channel_reactions WHERE jid = ?1 AND server_id = ?2 AND phone = ?3",
            params![jid, server_id, who.row()],
        )?;
        if !code.is_empty() {
            db.execute(
                "INSERT INTO channel_reactions(jid, server_id, phone, code) VALUES(?1,?2,?3,?4)",
                params![jid, server_id, who.row(), code],
            )?;
        }
        Ok(())
    }

    /// How many reacted with what.
    pub fn post_reactions(&self, jid: &str, server_id: i64) -> Result<Vec<(String, u32)>> {
        let mut q = self.db().prepare_cached(
            "SELECT code, count(*) FROM channel_reactions WHERE jid = ?1 AND server_id = ?2 GROUP BY code ORDER BY 2 DESC, 1",
        )?;
        let rows = q.query_map(params![jid, server_id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
