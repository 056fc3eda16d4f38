//! Opening: the schema, what is refused, whose file it is.

use rusqlite::Connection;
use std::path::Path;
use wharf_domain::{people::item, ports::store::*, sessions::SessionNo};
use wharf_store_sqlite::{OpenError, Options, SqliteStore};

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &Options::default())
}

#[tokio::test]
async fn opening_again_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    let store = open(&path).unwrap();
    store.write(|tx| tx.put_setting("a", b"1")).await.unwrap();
    drop(store);
    let log = std::fs::metadata(dir.path().join("wharf.db-wal"));
    assert!(log.is_err(), "a clean end leaves no log behind");
    let store = open(&path).unwrap();
    let read = store.read(|view| view.setting("a")).await.unwrap();
    assert_eq!(read, Some(b"1".to_vec()));
}

/// People stored before items were kept are shown as people stored since.
#[tokio::test]
async fn an_older_database_gets_its_items() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    let rows = [
        (Some("71"), None, "", "", "push \"\\\u{1}é"),
        (Some("72"), Some("15551230002"), "", "Bakery", "b"),
        (None, Some("15551230003"), "Own name", "Bakery", "b"),
        (None, Some("15551230004"), "", "", ""),
    ];
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(include_str!("../../migrations/0001_start.sql"))
        .unwrap();
    raw.execute_batch("PRAGMA application_id = 0x57485246; PRAGMA user_version = 1")
        .unwrap();
    raw.execute_batch(
        "INSERT INTO orgs VALUES (x'00', 'an organization', 0);
         INSERT INTO sessions VALUES
             (1, x'00', x'01', '', NULL, 0, 0, 0, 0, 0, 20, 600, 'stopped', '', 0, NULL, NULL, NULL, NULL, '', 0, 0)",
    )
    .unwrap();
    for (id, (lid, phone, address_book, business, push)) in (1..).zip(rows) {
        raw.execute(
            "INSERT INTO people VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, 1, 0, 0, '1')",
            rusqlite::params![id, lid, phone, address_book, business, push],
        )
        .unwrap();
    }
    drop(raw);
    let store = open(&path).unwrap();
    let read = store.read(|view| {
        let s = SessionNo(1);
        let mut items = Vec::new();
        view.item_blocks(s, &[0], &mut |block, bytes| {
            item::visit(block, bytes, |item| {
                items.push((
                    item.id,
                    item.flags,
                    String::from_utf8(item.opening.to_vec()).unwrap(),
                ))
            })
        })?;
        let rows = view.people_between(s, 0, 9)?;
        let expected = rows
            .iter()
            .map(|row| Ok((row.id, row.flags, item::opening(row)?)))
            .collect::<wharf_domain::Result<Vec<_>>>()?;
        Ok((items, expected))
    });
    let (items, expected) = read.await.unwrap();
    assert_eq!(items.len(), rows.len());
    assert_eq!(items, expected);
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    drop(open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::TooNew { found: 99, .. }));
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

#[test]
fn another_programs_database_is_refused_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')")
        .unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(open(&path).err(), Some(OpenError::Foreign)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    std::fs::write(&path, vec![b'x'; 8_192]).unwrap();
    assert!(matches!(open(&path).err(), Some(OpenError::File(_))));
    let missing = dir.path().join("no such directory").join("wharf.db");
    assert!(matches!(open(&missing).err(), Some(OpenError::File(_))));
}

/// Every table that holds session data refers to its session, so that deleting one takes all of it.
#[test]
fn every_table_with_a_session_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    drop(open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    // These name a session by its public id: the log outlives it, and so does what is owed of the log.
    let without: Vec<String> = raw
        .prepare(
            "SELECT t.name FROM pragma_table_list t
             JOIN pragma_table_info(t.name) c ON c.name = 'session'
             WHERE t.schema = 'main' AND t.name NOT IN ('events', 'idempotency', 'webhooks', 'owed') AND NOT EXISTS
                 (SELECT 1 FROM pragma_foreign_key_list(t.name)
                  WHERE \"table\" = 'sessions' AND on_delete = 'CASCADE')",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(without.is_empty(), "{without:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("wharf.db")).unwrap();
    store.health().await.unwrap();
    for file in ["wharf.db", "wharf.db-wal", "wharf.db-shm"] {
        let mode = std::fs::metadata(dir.path().join(file))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
    }
}
