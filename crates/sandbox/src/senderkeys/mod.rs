//! Sender keys of scripted people: one key a person and group to write with, one a sending device to read with.
//!
//! A person's phone tells its key to each companion in the group that lacks it, inside a pairwise message, and
//! remembers whom it told. When somebody leaves, every key of the group is dropped, as phones do, and told anew
//! with the next message. People write to people without ciphertext: the world hands the text over.
//!
//! Strictness: (sender, group, chain, iteration) of every `skmsg` a client sends is kept; other bytes under the same
//! four are a reused message key.

pub(crate) mod cipher;
mod slot;

use anyhow::{Context, Result, anyhow};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::{
    ids::{DeviceAddr, Phone},
    people::signal::Unreadable,
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS sender_keys_own(
  phone INTEGER NOT NULL, gid TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY(gid, phone)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sender_keys_told(
  phone INTEGER NOT NULL, gid TEXT NOT NULL, remote INTEGER NOT NULL, remote_n INTEGER NOT NULL,
  PRIMARY KEY(gid, phone, remote, remote_n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sender_keys_held(
  holder INTEGER NOT NULL, gid TEXT NOT NULL, sender INTEGER NOT NULL, sender_n INTEGER NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY(gid, holder, sender, sender_n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sender_message_keys(
  sender INTEGER NOT NULL, sender_n INTEGER NOT NULL, gid TEXT NOT NULL, chain INTEGER NOT NULL, iteration INTEGER NOT NULL,
  digest BLOB NOT NULL, PRIMARY KEY(sender, sender_n, gid, chain, iteration)) WITHOUT ROWID;";

impl World<'_> {
    /// A person's key for a group as a distribution message; drawn when there is none.
    pub fn sender_key_distribution(&mut self, from: Phone, gid: &str) -> Result<Vec<u8>> {
        let (told, record) = cipher::distribution(self.own_sender_key(from, gid)?.as_deref())?;
        self.save_own_sender_key(from, gid, &record)?;
        Ok(told)
    }

    /// Encrypts padded bytes for a group: the content of a `skmsg`. The key must have been told before.
    pub fn group_encrypt(&mut self, from: Phone, gid: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let record = self
            .own_sender_key(from, gid)?
            .context("no sender key was told yet")?;
        let (bytes, record) = cipher::encrypt(&record, plain)?;
        self.save_own_sender_key(from, gid, &record)?;
        Ok(bytes)
    }

    /// Whether `to` was told a person's present key.
    pub fn was_told_sender_key(&self, from: Phone, gid: &str, to: DeviceAddr) -> Result<bool> {
        Ok(self
            .db()
            .prepare_cached("SELECT 1 FROM sender_keys_told WHERE gid = ?1 AND phone = ?2 AND remote = ?3 AND remote_n = ?4")?
            .exists(params![gid, from.row(), to.phone.row(), to.n])?)
    }

    pub fn note_sender_key_told(&mut self, from: Phone, gid: &str, to: DeviceAddr) -> Result<()> {
        self.db()
            .prepare_cached("INSERT OR IGNORE INTO sender_keys_told(gid, phone, remote, remote_n) VALUES(?1,?2,?3,?4)")?
            .execute(params![gid, from.row(), to.phone.row(), to.n])?;
        Ok(())
    }

    /// Somebody left: nobody writes with an old key again.
    pub fn drop_sender_keys(&mut self, gid: &str) -> Result<()> {
        for table in ["sender_keys_own", "sender_keys_told"] {
            self.db()
                .execute(&format!("DELETE FROM {table} WHERE gid = ?1"), [gid])?;
        }
        Ok(())
    }

    /// A person takes in the key of a device that writes to the group.
    pub fn learn_sender_key(
        &mut self,
        holder: Phone,
        gid: &str,
        from: DeviceAddr,
        distribution: &[u8],
    ) -> Result<()> {
        let record = cipher::learn(
            self.held_sender_key(holder, gid, from)?.as_deref(),
            distribution,
        )?;
        self.save_held_sender_key(holder, gid, from, &record)
    }

    /// Reads a `skmsg` with the key `from` told this person: the padded plaintext.
    pub fn group_decrypt(
        &mut self,
        holder: Phone,
        gid: &str,
        from: DeviceAddr,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Unreadable> {
        let (plain, record) =
            cipher::decrypt(self.held_sender_key(holder, gid, from)?.as_deref(), bytes)?;
        self.save_held_sender_key(holder, gid, from, &record)?;
        Ok(plain)
    }

    /// Keeps the key a `skmsg` was made with. False: that key encrypted something else before.
    pub fn note_sender_message_key(
        &mut self,
        from: DeviceAddr,
        gid: &str,
        bytes: &[u8],
    ) -> Result<bool> {
        let (chain, iteration) = cipher::message_key(bytes)?;
        let digest = Sha256::digest(bytes).to_vec();
        let new = self
            .db()
            .prepare_cached("INSERT OR IGNORE INTO sender_message_keys(sender, sender_n, gid, chain, iteration, digest) VALUES(?1,?2,?3,?4,?5,?6)")?
            .execute(params![from.phone.row(), from.n, gid, chain, iteration, digest])?;
        if new > 0 {
            return Ok(true);
        }
        let seen: Vec<u8> = self.db().query_row(
            "SELECT digest FROM sender_message_keys WHERE sender=?1 AND sender_n=?2 AND gid=?3 AND chain=?4 AND iteration=?5",
            params![from.phone.row(), from.n, gid, chain, iteration],
            |r| r.get(0),
        )?;
        Ok(seen == digest)
    }

    fn own_sender_key(&self, phone: Phone, gid: &str) -> Result<Option<Vec<u8>>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT record FROM sender_keys_own WHERE gid = ?1 AND phone = ?2")?;
        q.query_row(params![gid, phone.row()], |r| r.get(0))
            .optional()
            .map_err(|e| anyhow!(e))
    }

    fn save_own_sender_key(&self, phone: Phone, gid: &str, record: &[u8]) -> Result<()> {
        self.db()
            .prepare_cached("INSERT INTO sender_keys_own(gid, phone, record) VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET record = ?3")?
            .execute(params![gid, phone.row(), record])?;
        Ok(())
    }

    fn held_sender_key(
        &self,
        holder: Phone,
        gid: &str,
        from: DeviceAddr,
    ) -> Result<Option<Vec<u8>>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT record FROM sender_keys_held WHERE gid = ?1 AND holder = ?2 AND sender = ?3 AND sender_n = ?4")?;
        q.query_row(params![gid, holder.row(), from.phone.row(), from.n], |r| {
            r.get(0)
        })
        .optional()
        .map_err(|e| anyhow!(e))
    }

    fn save_held_sender_key(
        &self,
        holder: Phone,
        gid: &str,
        from: DeviceAddr,
        record: &[u8],
    ) -> Result<()> {
        self.db()
            .prepare_cached("INSERT INTO sender_keys_held(gid, holder, sender, sender_n, record) VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET record = ?5")?
            .execute(params![gid, holder.row(), from.phone.row(), from.n, record])?;
        Ok(())
    }
}
