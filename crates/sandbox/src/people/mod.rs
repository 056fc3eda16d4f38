//! Scripted people: the owners of primary phones. They have no client; the sandbox encrypts, reads
//! and answers in their place, with keys derived from the seed and sessions kept in the world.

pub mod absorb;
pub mod act;
pub mod attach;
pub mod attached;
pub mod compose;
pub mod content;
pub mod cover;
pub mod detail;
pub mod inbox;
pub mod profile;
pub mod read;
pub mod sealed;
pub mod signal;
pub mod stores;
pub mod votes;
pub mod write;

/// What people remember of what they wrote and could not read.
pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS written(
  phone INTEGER NOT NULL, id TEXT NOT NULL, peer INTEGER NOT NULL, kind TEXT NOT NULL, hide INTEGER NOT NULL, edit TEXT,
  body BLOB NOT NULL, PRIMARY KEY(phone, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retries(
  owner INTEGER NOT NULL, sender INTEGER NOT NULL, sender_n INTEGER NOT NULL, id TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY(owner, sender, sender_n, id)) WITHOUT ROWID;";
