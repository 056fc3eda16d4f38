//! The plain database, as facts.
//!
//! A stranger made it. It is opened read-only and defensively, its schema is not trusted, and every statement of ours is
//! prepared under an authorizer that lets it read the columns named here of plain tables and nothing else: what comes by
//! way of a view, a trigger or a virtual table is refused. Values are bounded, and so is the time a statement takes.

use crate::{
    fault::Result,
    message::{Beside, Stored, Texts, chat, deed, person, text},
    tables::{Table, Tables},
};
use rusqlite::{
    Connection, OpenFlags, Params, Row,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use wharf_domain::{
    imports::{Part, Piece, Place},
    inbound::{ChatState, InChat, Inbound, NameSource, Origin},
};

/// Rows of a piece.
const ROWS: i64 = 500;
/// How long one statement may take: each is a walk by row id.
const LONGEST: Duration = Duration::from_secs(30);
/// Bytes of a value, and of a statement: a message has at most 64 KiB of text.
const VALUE: i32 = 1 << 20;
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
