//! An answered write survives a kill; a full disk is told, and leaves what was there.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use wharf_domain::{Error, Result, ports::store::*};
use wharf_store_sqlite::{Options, SqliteStore};

/// Set in the child of [`acknowledged_writes_survive_a_kill`]: where it writes.
const CHILD: &str = "WHARF_TEST_STORE";

fn name(number: u32) -> String {
    format!("n{number}")
}

/// Writes numbers for ever, eight at a time, and says each once it is answered.
async fn write_and_tell(path: &Path) {
    let store = SqliteStore::open(path, &Options::default()).unwrap();
    for round in 0.. {
        let jobs = (0..8).map(|offset| {
            let number = round * 8 + offset;
            let store = &store;
            async move {
                let put = move |tx: &mut dyn Tx| tx.put_setting(&name(number), &[7; 900]);
                store.write(put).await.unwrap();
                writeln!(std::io::stdout(), "stored {number}").unwrap();
            }
        });
        futures_util::future::join_all(jobs).await;
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_and_tell(&PathBuf::from(path)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    // Once from nothing, and once over what the first kill left.
    for least in [50, 200] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "durable::acknowledged_writes_survive_a_kill",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = vec![];
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut take = |line: std::io::Result<String>| {
            told.extend(
                line.ok()
                    .and_then(|line| line.strip_prefix("stored ")?.parse::<u32>().ok()),
            );
            told.len()
        };
        while take(lines.next().unwrap()) < least {}
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said between the last line read and its end counts too.
        for line in lines {
            take(line);
        }
        let store = SqliteStore::open(&path, &Options::default()).unwrap();
        for number in told {
            let found = store.read(move |view| view.setting(&name(number))).await;
            assert_eq!(found.unwrap(), Some(vec![7; 900]), "{number}");
        }
    }
}

async fn put(store: &SqliteStore, number: u32) -> Result<()> {
    let job = move |tx: &mut dyn Tx| {
        tx.put_setting(&name(number), &[7; 60_000])?;
        tx.put_setting("last", &number.to_be_bytes())
    };
    store.write(job).await
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    let tight = Options {
        max_pages: Some(200),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, &tight).unwrap();
    let mut stored = 0;
    let refused = loop {
        match put(&store, stored).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1_000, "the quota does not bind");
    };
    assert!(stored > 0);
    assert_eq!(refused, Error::Unavailable("the disk is full".to_owned()));
    // Neighbours of a job that found the disk full are stored or told otherwise.
    let small = |value: u8| store.write(move |tx| tx.put_setting("small", &[value]));
    let (before, huge, after) = tokio::join!(small(1), put(&store, stored), small(2));
    assert!(matches!(huge, Err(Error::Unavailable(_))));
    let expected = match (before, after) {
        (_, Ok(())) => Some(vec![2]),
        (Ok(()), Err(_)) => Some(vec![1]),
        (Err(_), Err(_)) => None,
    };
    let found = store.read(|view| view.setting("small")).await.unwrap();
    assert_eq!(found, expected);
    // Reading goes on; nothing of the refused job is there.
    let (last, whole, torn) = store
        .read(move |view| {
            Ok((
                view.setting("last")?,
                view.setting(&name(stored - 1))?,
                view.setting(&name(stored))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(last, Some((stored - 1).to_be_bytes().to_vec()));
    assert_eq!(whole, Some(vec![7; 60_000]));
    assert_eq!(torn, None);
    // With room again, the same file takes writes again.
    drop(store);
    let store = SqliteStore::open(&path, &Options::default()).unwrap();
    put(&store, stored).await.unwrap();
    store.health().await.unwrap();
}

#[tokio::test]
async fn a_store_that_cannot_write_is_not_healthy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wharf.db");
    let store = SqliteStore::open(&path, &Options::default()).unwrap();
    store.health().await.unwrap();
    // Another process that holds the write lock for good.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = Error::Unavailable("another process holds the database".to_owned());
    assert_eq!(store.health().await, Err(held));
    other.execute_batch("ROLLBACK").unwrap();
    store.health().await.unwrap();
}
