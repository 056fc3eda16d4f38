//! A backup as WhatsApp for Android makes it: the tables, the compression, the encryption, and the header before it. It
//! shares nothing with what reads it.

use aes_gcm::{
    AesGcm,
    aead::{Aead, KeyInit as _, consts::U16},
    aes::Aes256,
};
use flate2::{Compression, write::ZlibEncoder};
use hmac::{Hmac, Mac as _};
use rusqlite::{Connection, params};
use sha2::Sha256;
use std::{io::Write as _, path::Path};

/// As its owner was shown it.
pub const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
const IV: [u8; 16] = *b"sixteen bytes iv";

const TABLES: &str = "
CREATE TABLE jid (_id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, server TEXT NOT NULL, raw_string TEXT);
CREATE TABLE chat (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid_row_id INTEGER UNIQUE, subject TEXT, archived INTEGER);
CREATE TABLE message (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, chat_row_id INTEGER NOT NULL, from_me INTEGER NOT NULL, key_id TEXT NOT NULL,
    sender_jid_row_id INTEGER, status INTEGER, timestamp INTEGER, message_type INTEGER, text_data TEXT);
CREATE TABLE message_media (
    message_row_id INTEGER PRIMARY KEY, mime_type TEXT, media_name TEXT, media_caption TEXT, media_duration INTEGER,
    file_length INTEGER, width INTEGER, height INTEGER);
CREATE TABLE message_quoted (message_row_id INTEGER PRIMARY KEY, key_id TEXT);
CREATE TABLE message_location (
    message_row_id INTEGER PRIMARY KEY, latitude REAL, longitude REAL, place_name TEXT, place_address TEXT);
CREATE TABLE message_poll (message_row_id INTEGER PRIMARY KEY, selectable_options_count INTEGER);
CREATE TABLE message_poll_option (_id INTEGER PRIMARY KEY, message_row_id INTEGER, option_name TEXT);
CREATE INDEX message_poll_option_index ON message_poll_option (message_row_id);
CREATE TABLE message_edit_info (message_row_id INTEGER PRIMARY KEY, edited_timestamp INTEGER);
CREATE TABLE message_mentions (_id INTEGER PRIMARY KEY, message_row_id INTEGER, jid_row_id INTEGER);
CREATE INDEX message_mentions_index ON message_mentions (message_row_id);
CREATE TABLE message_vcard (_id INTEGER PRIMARY KEY, message_row_id INTEGER, vcard TEXT);
CREATE INDEX message_vcard_index ON message_vcard (message_row_id);
CREATE TABLE message_add_on (
    _id INTEGER PRIMARY KEY, from_me INTEGER, sender_jid_row_id INTEGER, parent_message_row_id INTEGER);
CREATE TABLE message_add_on_reaction (message_add_on_row_id INTEGER PRIMARY KEY, reaction TEXT, sender_timestamp INTEGER);
CREATE TABLE jid_map (lid_row_id INTEGER PRIMARY KEY, jid_row_id INTEGER NOT NULL);
CREATE TABLE lid_display_name (lid_row_id INTEGER PRIMARY KEY, display_name TEXT);
CREATE VIEW available_message_view AS SELECT * FROM message WHERE message_type <> 7;
CREATE TRIGGER message_bd BEFORE DELETE ON message BEGIN DELETE FROM message_media WHERE message_row_id = old._id; END;
";

/// A database in the making.
pub struct Builder(pub Connection);

impl Builder {
    /// With the tables, empty.
    pub fn new(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            .unwrap();
        conn.execute_batch(TABLES).unwrap();
        Self(conn)
    }

    /// Someone's row.
    pub fn jid(&self, raw: &str) -> i64 {
        let (user, server) = raw.split_once('@').unwrap();
        self.row(
            "INSERT INTO jid (user, server, raw_string) VALUES (?1, ?2, ?3)",
            params![user, server, raw],
        )
    }

    /// The row of a chat with this jid.
    pub fn chat(&self, jid: i64, subject: Option<&str>) -> i64 {
        self.row(
            "INSERT INTO chat (jid_row_id, subject, archived) VALUES (?1, ?2, 0)",
            params![jid, subject],
        )
    }

    /// Something said in a chat: by the owner when `sender` is `None`.
    pub fn message(
        &self,
        chat: i64,
        sender: Option<i64>,
        key: &str,
        at: i64,
        kind: i64,
        text: &str,
    ) -> i64 {
        let text = (!text.is_empty()).then_some(text);
        self.row(
            "INSERT INTO message (chat_row_id, from_me, key_id, sender_jid_row_id, status, timestamp, message_type, text_data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![chat, sender.is_none(), key, sender, if sender.is_none() { 13 } else { 0 }, at, kind, text],
        )
    }

    /// Any row.
    pub fn row(&self, sql: &str, params: impl rusqlite::Params) -> i64 {
        self.0.prepare_cached(sql).unwrap().execute(params).unwrap();
        self.0.last_insert_rowid()
    }
}

/// Compresses and encrypts a database of the owner whose number ends so.
pub fn seal(plain: &[u8], owner_ends: &str, with_checksum: bool) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(plain).unwrap();
    let compressed = zlib.finish().unwrap();
    let sealed = AesGcm::<Aes256, U16>::new(&key().into())
        .encrypt(&IV.into(), &compressed[..])
        .unwrap();
    let header = header(owner_ends);
    let mut file = vec![u8::try_from(header.len()).unwrap(), 1];
    file.extend(header);
    file.extend(sealed);
    if with_checksum {
        file.extend([0xAB; 16]);
    }
    file
}

/// `key_type = 1, c15_iv { IV }, info { app_version, jidSuffix }`.
fn header(owner_ends: &str) -> Vec<u8> {
    let bytes = |number: u8, value: &[u8]| {
        let length = u8::try_from(value.len()).unwrap();
        [&[number << 3 | 2, length], value].concat()
    };
    let info = [
        bytes(1, b"2.25.1.2"),
        bytes(3, owner_ends.as_bytes()),
        vec![4 << 3, 1],
    ]
    .concat();
    [vec![1 << 3, 1], bytes(3, &bytes(1, &IV)), bytes(4, &info)].concat()
}

fn key() -> [u8; 32] {
    let root: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&KEY[at..at + 2], 16).unwrap())
        .collect();
    let hmac = |key: &[u8], data: &[u8]| -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(data);
        mac.finalize().into_bytes().into()
    };
    hmac(&hmac(&[0; 32], &root), b"backup encryption\x01")
}
