//! Which tables a backup has: WhatsApp's schema grows, and old ones lack what is newer.

use crate::fault::Result;
use rusqlite::Connection;
use std::collections::BTreeSet;
use wharf_domain::imports::Refusal;

/// The tables that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Jid,
    Chat,
    Message,
    JidMap,
    LidDisplayName,
    Media,
    Quoted,
    Location,
    Poll,
    PollOption,
    EditInfo,
    Mentions,
    Vcard,
    AddOn,
    Reaction,
}

/// Each table with the columns that are read of it.
const KNOWN: &[(Table, &str, &[&str])] = &[
    (Table::Jid, "jid", &["_id", "user", "server", "raw_string"]),
    (Table::Chat, "chat", &["_id", "jid_row_id", "subject"]),
    (
        Table::Message,
        "message",
        &[
            "_id",
            "chat_row_id",
            "from_me",
            "key_id",
            "sender_jid_row_id",
            "timestamp",
            "message_type",
            "text_data",
            "status",
        ],
    ),
    (Table::JidMap, "jid_map", &["lid_row_id", "jid_row_id"]),
    (
        Table::LidDisplayName,
        "lid_display_name",
        &["lid_row_id", "display_name"],
    ),
    (
        Table::Media,
        "message_media",
        &[
            "message_row_id",
            "mime_type",
            "media_name",
            "media_caption",
            "media_duration",
            "file_length",
            "width",
            "height",
        ],
    ),
    (
        Table::Quoted,
        "message_quoted",
        &["message_row_id", "key_id"],
    ),
    (
        Table::Location,
        "message_location",
        &[
            "message_row_id",
            "latitude",
            "longitude",
            "place_name",
            "place_address",
        ],
    ),
    (
        Table::Poll,
        "message_poll",
        &["message_row_id", "selectable_options_count"],
    ),
    (
        Table::PollOption,
        "message_poll_option",
        &["message_row_id", "option_name"],
    ),
    (
        Table::EditInfo,
        "message_edit_info",
        &["message_row_id", "edited_timestamp"],
    ),
    (
        Table::Mentions,
        "message_mentions",
        &["message_row_id", "jid_row_id"],
    ),
    (Table::Vcard, "message_vcard", &["message_row_id", "vcard"]),
    (
        Table::AddOn,
        "message_add_on",
        &[
            "_id",
            "from_me",
            "sender_jid_row_id",
            "parent_message_row_id",
        ],
    ),
    (
        Table::Reaction,
        "message_add_on_reaction",
        &["message_add_on_row_id", "reaction", "sender_timestamp"],
    ),
];

/// One row at most for each message: joined to it.
const JOINED: [Table; 5] = [
    Table::Media,
    Table::Quoted,
    Table::Location,
    Table::Poll,
    Table::EditInfo,
];

impl Table {
    pub(crate) fn known(name: &str) -> bool {
        KNOWN.iter().any(|(_, known, _)| *known == name)
    }
}

/// The tables of one backup, of those with all the columns that are read.
pub(crate) struct Tables(BTreeSet<Table>);

impl Tables {
    pub(crate) fn of(conn: &Connection) -> Result<Self> {
        let mut plain = conn.prepare(
            "SELECT 1 FROM sqlite_schema WHERE name = ?1 AND type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
        )?;
        let mut column = conn.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?;
        let mut found = BTreeSet::new();
        for (table, name, columns) in KNOWN {
            let mut whole = plain.exists([name])?;
            for wanted in *columns {
                whole = whole && column.exists([name, wanted])?;
            }
            if whole {
                found.insert(*table);
            }
        }
        let needed = [Table::Jid, Table::Chat, Table::Message];
        match needed.iter().all(|table| found.contains(table)) {
            true => Ok(Self(found)),
            false => Err(Refusal::NotABackup.into()),
        }
    }

    pub(crate) fn has(&self, table: Table) -> bool {
        self.0.contains(&table)
    }

    /// The columns of the joined tables in their order, with NULL for those of tables that are not there.
    pub(crate) fn columns(&self) -> String {
        let columns = Self::joined().flat_map(|(table, name, columns)| {
            let there = self.has(*table);
            columns.iter().skip(1).map(move |column| match there {
                true => format!("{name}.{column}"),
                false => "NULL".to_owned(),
            })
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn joins(&self) -> String {
        let there = Self::joined().filter(|(table, ..)| self.has(*table));
        there
            .map(|(_, name, _)| format!("LEFT JOIN {name} ON {name}.message_row_id = m._id "))
            .collect()
    }

    fn joined() -> impl Iterator<Item = &'static (Table, &'static str, &'static [&'static str])> {
        KNOWN.iter().filter(|(table, ..)| JOINED.contains(table))
    }
}
