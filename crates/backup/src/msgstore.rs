//! The plain database, as facts.
//!
//! A stranger made it. It is opened read-only and defensively, its schema is not trusted, and every statement of ours is
//! prepared under an authorizer that lets it read the columns named here of plain tables and nothing else: what comes by
//! way of a view, a trigger or a virtual table is refused. Values are bounded, and so is the time a statement takes.

use crate::{
    fault::Result,
    kinds,
    kinds::Kind,
    tables::{Table, Tables},
};
use rusqlite::{
    Connection, OpenFlags, Params, Row,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};
use serde_json::json;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use wharf_domain::{
    imports::{Part, Piece, Place},
    inbound::{
        Act, ChatState, Deed, InChat, InMessage, Inbound, MessageExtra, NameSource, Origin, Party,
        Seen,
    },
    vcard,
};
use wharf_types::{Address, ChatJid};

/// Rows of a piece.
const ROWS: i64 = 500;
/// How long one statement may take: each is a walk by row id.
const LONGEST: Duration = Duration::from_secs(30);
/// Bytes of a value, and of a statement: a message has at most 64 KiB of text.
const VALUE: i32 = 1 << 20;
/// Bytes of an id: WhatsApp's have some thirty.
const LONGEST_ID: usize = 128;
/// Instructions between two looks at the clock.
const STEPS: i32 = 100_000;

/// An opened backup.
pub(crate) struct MsgStore {
    conn: Connection,
    tables: Tables,
    deadline: Arc<Mutex<Instant>>,
}

impl MsgStore {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(path, flags)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE)?;
        conn.pragma_update(None, "cell_size_check", true)?;
        conn.pragma_update(None, "mmap_size", 0)?;
        let deadline = Arc::new(Mutex::new(Instant::now() + LONGEST));
        let watched = Arc::clone(&deadline);
        let late = move || Instant::now() > *watched.lock().unwrap_or_else(PoisonError::into_inner);
        conn.progress_handler(STEPS, Some(late))?;
        let tables = Tables::of(&conn)?;
        conn.authorizer(Some(may))?;
        Ok(Self {
            conn,
            tables,
            deadline,
        })
    }

    /// The highest row id of a message, by which progress is told.
    pub(crate) fn last(&self) -> Result<i64> {
        let last = self.many(
            "SELECT _id FROM message ORDER BY _id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )?;
        Ok(last.first().copied().unwrap_or(0))
    }

    /// What comes after a place, and the place after that; `None` at the end.
    pub(crate) fn next(&self, place: Place) -> Result<Option<Piece>> {
        let (facts, last) = match place.part {
            Part::Mappings => self.mappings(place.row)?,
            Part::Names => self.names(place.row)?,
            Part::Chats => self.chats(place.row)?,
            Part::Messages => self.messages(place.row)?,
            Part::Reactions => self.reactions(place.row)?,
        };
        let next = match last {
            Some(row) => Some(Place { row, ..place }),
            None => place.part.next().map(|part| Place { part, row: 0 }),
        };
        Ok(next.map(|next| Piece { facts, next }))
    }

    fn mappings(&self, after: i64) -> Found {
        if !self.tables.has(Table::JidMap) {
            return Ok((Vec::new(), None));
        }
        let rows = self.many(
            "SELECT m.rowid, l.user, p.user FROM jid_map m
                 JOIN jid l ON l._id = m.lid_row_id AND l.server = 'lid'
                 JOIN jid p ON p._id = m.jid_row_id AND p.server = 's.whatsapp.net'
             WHERE m.rowid > ?1 ORDER BY m.rowid LIMIT ?2",
            (after, ROWS),
            |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?, text(row, 2)?)),
        )?;
        let last = rows.last().map(|(id, ..)| *id);
        let facts = rows.iter().filter_map(|(_, lid, phone)| {
            Some(Inbound::SamePerson {
                lid: format!("{lid}@lid").parse().ok()?,
                phone: phone.parse().ok()?,
            })
        });
        Ok((facts.collect(), last))
    }

    fn names(&self, after: i64) -> Found {
        if !self.tables.has(Table::LidDisplayName) {
            return Ok((Vec::new(), None));
        }
        let rows = self.many(
            "SELECT n.lid_row_id, l.raw_string, n.display_name FROM lid_display_name n
                 JOIN jid l ON l._id = n.lid_row_id
             WHERE n.lid_row_id > ?1 ORDER BY n.lid_row_id LIMIT ?2",
            (after, ROWS),
            |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?, text(row, 2)?)),
        )?;
        let last = rows.last().map(|(id, ..)| *id);
        let facts = rows.into_iter().filter_map(|(_, jid, name)| {
            (!name.is_empty()).then_some(Inbound::Name {
                who: person(&jid)?,
                source: NameSource::Push,
                name,
                origin: Origin::Bulk,
            })
        });
        Ok((facts.collect(), last))
    }

    fn chats(&self, after: i64) -> Found {
        let rows = self.many(
            "SELECT c._id, j.raw_string, c.subject FROM chat c JOIN jid j ON j._id = c.jid_row_id
             WHERE c._id > ?1 ORDER BY c._id LIMIT ?2",
            (after, ROWS),
            |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?, text(row, 2)?)),
        )?;
        let last = rows.last().map(|(id, ..)| *id);
        let facts = rows.into_iter().filter_map(|(_, jid, subject)| {
            let chat = chat(&jid).filter(|chat| matches!(chat, InChat::Group(_)))?;
            (!subject.is_empty()).then_some(Inbound::Chat {
                chat,
                state: ChatState {
                    name: Some(subject),
                    ..ChatState::default()
                },
                at: None,
                origin: Origin::Bulk,
            })
        });
        Ok((facts.collect(), last))
    }

    fn messages(&self, after: i64) -> Found {
        let sql = format!(
            "SELECT m._id, c.raw_string, s.raw_string, m.from_me, m.key_id, m.timestamp, m.message_type, m.text_data,
                    m.status, {} FROM message m
                 JOIN chat h ON h._id = m.chat_row_id JOIN jid c ON c._id = h.jid_row_id
                 LEFT JOIN jid s ON s._id = m.sender_jid_row_id {}
             WHERE m._id > ?1 ORDER BY m._id LIMIT ?2",
            self.tables.columns(),
            self.tables.joins(),
        );
        let rows = self.many(&sql, (after, ROWS), Stored::read)?;
        let Some(last) = rows.last().map(|row| row.id) else {
            return Ok((Vec::new(), None));
        };
        let mut beside = Beside {
            mentions: self.beside(Table::Mentions, after, last)?,
            options: self.beside(Table::PollOption, after, last)?,
            cards: self.beside(Table::Vcard, after, last)?,
        };
        let facts = rows.into_iter().flat_map(|row| row.facts(&mut beside));
        Ok((facts.collect(), Some(last)))
    }

    /// What a table has beside the messages after one row and up to another: some texts for each.
    fn beside(&self, table: Table, after: i64, last: i64) -> Result<Texts> {
        let mut texts = Texts::new();
        let sql = match table {
            _ if !self.tables.has(table) => return Ok(texts),
            Table::Mentions => {
                "SELECT t.message_row_id, j.raw_string FROM message_mentions t JOIN jid j ON j._id = t.jid_row_id
                 WHERE t.message_row_id > ?1 AND t.message_row_id <= ?2"
            }
            Table::PollOption => {
                "SELECT message_row_id, option_name FROM message_poll_option
                 WHERE message_row_id > ?1 AND message_row_id <= ?2"
            }
            _ => {
                "SELECT message_row_id, vcard FROM message_vcard
                 WHERE message_row_id > ?1 AND message_row_id <= ?2"
            }
        };
        for (id, text) in self.many(sql, (after, last), |row| {
            Ok((row.get::<_, i64>(0)?, text(row, 1)?))
        })? {
            texts.entry(id).or_default().push(text);
        }
        Ok(texts)
    }

    fn reactions(&self, after: i64) -> Found {
        if !self.tables.has(Table::Reaction) || !self.tables.has(Table::AddOn) {
            return Ok((Vec::new(), None));
        }
        let rows = self.many(
            "SELECT r.message_add_on_row_id, c.raw_string, m.key_id, m.from_me, s.raw_string, a.from_me, b.raw_string,
                    r.reaction, r.sender_timestamp
             FROM message_add_on_reaction r
                 JOIN message_add_on a ON a._id = r.message_add_on_row_id
                 JOIN message m ON m._id = a.parent_message_row_id
                 JOIN chat h ON h._id = m.chat_row_id JOIN jid c ON c._id = h.jid_row_id
                 LEFT JOIN jid s ON s._id = m.sender_jid_row_id
                 LEFT JOIN jid b ON b._id = a.sender_jid_row_id
             WHERE r.message_add_on_row_id > ?1 ORDER BY r.message_add_on_row_id LIMIT ?2",
            (after, ROWS),
            |row| {
                Ok((row.get::<_, i64>(0)?, deed(row)?))
            },
        )?;
        let last = rows.last().map(|(id, _)| *id);
        Ok((
            rows.into_iter().filter_map(|(_, deed)| deed).collect(),
            last,
        ))
    }

    fn many<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + LONGEST;
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement
            .query_map(params, map)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }
}

type Found = Result<(Vec<Inbound>, Option<i64>)>;
type Texts = HashMap<i64, Vec<String>>;

/// Plain reading at the top level, and nothing else.
fn may(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select if context.accessor.is_none() => Authorization::Allow,
        AuthAction::Read { table_name, .. }
            if context.accessor.is_none() && Table::known(table_name) =>
        {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

/// What stands in other tables about the messages of a piece.
struct Beside {
    mentions: Texts,
    options: Texts,
    cards: Texts,
}

/// A row of `message` and what stands beside it.
struct Stored {
    id: i64,
    chat: String,
    sender: String,
    from_me: bool,
    key: String,
    at: i64,
    kind: i64,
    text: String,
    status: i64,
    mimetype: String,
    filename: String,
    caption: String,
    seconds: Option<i64>,
    size: Option<i64>,
    width: Option<i64>,
    height: Option<i64>,
    quoted: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    place: String,
    address: String,
    selectable: i64,
    edited_at: i64,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            chat: text(row, 1)?,
            sender: text(row, 2)?,
            from_me: number(row, 3)?.unwrap_or(0) != 0,
            key: text(row, 4)?,
            at: number(row, 5)?.unwrap_or(0),
            kind: number(row, 6)?.unwrap_or(-1),
            text: text(row, 7)?,
            status: number(row, 8)?.unwrap_or(0),
            mimetype: text(row, 9)?,
            filename: text(row, 10)?,
            caption: text(row, 11)?,
            seconds: number(row, 12)?,
            size: number(row, 13)?,
            width: number(row, 14)?,
            height: number(row, 15)?,
            quoted: text(row, 16)?,
            latitude: row.get(17).unwrap_or(None),
            longitude: row.get(18).unwrap_or(None),
            place: text(row, 19)?,
            address: text(row, 20)?,
            selectable: number(row, 21)?.unwrap_or(0),
            edited_at: number(row, 22)?.unwrap_or(0),
        })
    }

    /// Nothing for what nobody said, and for what names no chat, nobody or no time.
    fn facts(self, beside: &mut Beside) -> Vec<Inbound> {
        let (kind, deleted) = match kinds::of(self.kind) {
            Kind::Said(kind) => (kind, false),
            Kind::Deleted => ("unknown", true),
            Kind::Notice => return Vec::new(),
        };
        let Some(message) = self.message(kind, beside) else {
            return Vec::new();
        };
        let revoked = deleted.then(|| {
            let author = match message.from_me {
                true => Party::Own,
                false => Party::Other(message.sender.clone()),
            };
            Inbound::Deed(Box::new(Deed {
                chat: message.chat.clone(),
                wa_id: message.wa_id.clone(),
                by: author.clone(),
                author,
                act: Act::Revoked,
                at: message.at,
                origin: Origin::Bulk,
            }))
        });
        let message = Inbound::Message(Box::new(message));
        [message].into_iter().chain(revoked).collect()
    }

    fn message(self, kind: &str, beside: &mut Beside) -> Option<InMessage> {
        let chat = chat(&self.chat)?;
        let sender = match (&chat, self.from_me) {
            (_, true) => Seen::default(),
            (InChat::Person(seen), false) => seen.clone(),
            (_, false) => person(&self.sender)?,
        };
        if self.key.is_empty() || self.key.len() > LONGEST_ID || self.at <= 0 {
            return None;
        }
        let (body, extra) = self.content(kind, beside);
        Some(InMessage {
            chat,
            sender,
            from_me: self.from_me,
            wa_id: self.key,
            at: self.at,
            push_name: String::new(),
            kind: kind.to_owned(),
            body,
            extra,
            origin: Origin::Bulk,
            ack_level: match self.from_me {
                true => kinds::ack_level(self.status),
                false => 0,
            },
        })
    }

    fn content(&self, kind: &str, beside: &mut Beside) -> (String, MessageExtra) {
        let mut extra = MessageExtra {
            quoted_id: self.quoted.clone(),
            mentions: beside.mentions.remove(&self.id).unwrap_or_default(),
            view_once: kinds::view_once(self.kind),
            edited_at: self.edited_at.max(0),
            ..MessageExtra::default()
        };
        let body = match kind {
            "image" | "video" | "audio" | "document" | "sticker" => {
                let caption = if self.caption.is_empty() {
                    &self.text
                } else {
                    &self.caption
                };
                extra.media = Some(json!({
                    "caption": caption, "filename": self.filename, "height": self.height, "kind": kind,
                    "mimetype": self.mimetype, "seconds": self.seconds, "size": self.size, "width": self.width,
                }));
                caption.clone()
            }
            "location" => {
                extra.location = Some(json!({
                    "latitude": self.latitude, "longitude": self.longitude,
                    "name": self.place, "address": self.address,
                }));
                if self.place.is_empty() {
                    self.address.clone()
                } else {
                    self.place.clone()
                }
            }
            "contact" => {
                let card = beside.cards.remove(&self.id).unwrap_or_default().join("\n");
                let name = if self.text.is_empty() {
                    vcard::name(&card)
                } else {
                    self.text.clone()
                };
                extra.contact =
                    Some(json!({ "name": name, "phone": vcard::phone(&card), "vcard": card }));
                name
            }
            "poll" => {
                let options = beside.options.remove(&self.id).unwrap_or_default();
                extra.poll = Some(json!({
                    "name": self.text, "options": options, "selectableCount": self.selectable,
                }));
                self.text.clone()
            }
            _ => self.text.clone(),
        };
        (body, extra)
    }
}

fn deed(row: &Row<'_>) -> rusqlite::Result<Option<Inbound>> {
    let (in_chat, wa_id) = (text(row, 1)?, text(row, 2)?);
    let (own_message, author) = (number(row, 3)?.unwrap_or(0) != 0, text(row, 4)?);
    let (own_deed, by) = (number(row, 5)?.unwrap_or(0) != 0, text(row, 6)?);
    let (emoji, at) = (text(row, 7)?, number(row, 8)?.unwrap_or(0));
    let Some(chat) = chat(&in_chat) else {
        return Ok(None);
    };
    let party = |own, jid: &str| match (own, &chat, person(jid)) {
        (true, ..) => Party::Own,
        (false, InChat::Person(seen), _) => Party::Other(seen.clone()),
        (false, _, Some(seen)) => Party::Other(seen),
        (false, _, None) => Party::Unknown,
    };
    let (author, by) = (party(own_message, &author), party(own_deed, &by));
    if emoji.is_empty() || wa_id.is_empty() || by == Party::Unknown {
        return Ok(None);
    }
    Ok(Some(Inbound::Deed(Box::new(Deed {
        chat,
        wa_id,
        author,
        by,
        act: Act::Reacted { emoji },
        at,
        origin: Origin::Bulk,
    }))))
}

fn chat(jid: &str) -> Option<InChat> {
    Some(match jid.parse().ok()? {
        ChatJid::Person(address) => InChat::Person(seen(address)),
        ChatJid::Group(group) => InChat::Group(group),
        ChatJid::Channel(channel) => InChat::Channel(channel),
        ChatJid::Status => InChat::Status,
    })
}

fn person(jid: &str) -> Option<Seen> {
    jid.contains('@').then(|| jid.parse().ok().map(seen))?
}

fn seen(address: Address) -> Seen {
    match address {
        Address::Phone(phone) => Seen {
            phone: Some(phone),
            lid: None,
        },
        Address::Lid(lid) => Seen {
            lid: Some(lid),
            phone: None,
        },
    }
}

/// Text, "" for anything else a stranger may have put there.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    let value = row.get_ref(at)?;
    Ok(value
        .as_str()
        .map(|text| text.replace('\0', ""))
        .unwrap_or_default())
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(at)?.as_i64().ok())
}
