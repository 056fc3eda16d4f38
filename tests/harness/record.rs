//! The recorder. Whatever a test did, when its [`TestApp`] goes the whole log is read: as the store holds it, all
//! organizations' and also where no gateway runs any more, and by pull, as a caller would. Every event must be as the
//! OpenAPI document says, each session's `seq` without a gap, and pull must tell the log's rows in their order.

use super::{Door, TestApp, schemas};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path};
use ulid::Ulid;

/// The log of a test that is over.
pub fn check(app: &TestApp) {
    let rows = rows(&app.data().join("wharf.db"));
    gapless(&rows);
    let (own, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|event| event["organization"] == app.organization);
    for event in &others {
        schemas::check(event, "the log of another organization");
    }
    let pulled = app
        .runs()
        .then(|| pull_blocking(app.root_url(), &app.key))
        .flatten();
    let Some(pulled) = pulled else {
        for event in &own {
            schemas::check(event, "the log without a gateway");
        }
        return;
    };
    for event in &pulled {
        schemas::check(event, "pull");
    }
    let ids = |events: &[Value]| -> Vec<Value> {
        events.iter().map(|event| event["id"].clone()).collect()
    };
    let (own, pulled) = (ids(&own), ids(&pulled));
    // More may have come since, and the oldest may have been trimmed.
    let trimmed = own.iter().take_while(|id| Some(*id) != pulled.first());
    let kept = &own[trimmed.count()..];
    assert!(
        pulled.starts_with(kept) && (own.is_empty() || !kept.is_empty()),
        "pull tells {pulled:?}, the log holds {own:?}"
    );
}

/// Rows of the log as readers should be told them, in the order of their places.
pub fn rows(database: &Path) -> Vec<Value> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let log = rusqlite::Connection::open_with_flags(database, flags).unwrap();
    log.busy_timeout(super::PATIENCE).unwrap();
    let mut rows = log
        .prepare("SELECT id, kind, org, session, seq, at, payload FROM events ORDER BY place")
        .unwrap();
    let name = |prefix: &str, id: [u8; 16]| format!("{prefix}_{}", Ulid::from_bytes(id));
    let rows = rows.query_map([], |row| {
        let session: Option<[u8; 16]> = row.get(3)?;
        let payload: String = row.get(6)?;
        Ok(json!({
            "schema": "v1",
            "id": name("evt", row.get(0)?),
            "event": row.get::<_, String>(1)?,
            "organization": name("org", row.get(2)?),
            "session": session.map(|id| name("sess", id)).unwrap_or_default(),
            "seq": row.get::<_, Option<i64>>(4)?,
            "timestamp": row.get::<_, i64>(5)?,
            "payload": serde_json::from_str::<Value>(&payload).expect("JSON"),
        }))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Whether each session's `seq` goes on by one.
#[track_caller]
pub fn gapless(events: &[Value]) {
    let mut last: HashMap<&str, i64> = HashMap::new();
    for event in events {
        let (Some(session), Some(seq)) = (event["session"].as_str(), event["seq"].as_i64()) else {
            continue;
        };
        if let Some(before) = last.insert(session, seq) {
            assert_eq!(seq, before + 1, "a gap in seq before {event}");
        }
    }
}

/// The whole log by pull; `None` where the gateway or the organization is gone. The test's own runtime waits.
fn pull_blocking(url: &str, key: &str) -> Option<Vec<Value>> {
    let door = (format!("{url}/api/v1"), key.to_owned());
    let work = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(pull(&Door::new(&door.0, Some(&door.1))))
    });
    work.join().expect("pages of events")
}

async fn pull(door: &Door) -> Option<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/events?limit=200&after={after}");
        let page = Door::try_send(door.request(Method::GET, &path)).await?;
        if !page.status.is_success() {
            return None;
        }
        all.extend(page.body["data"].as_array()?.iter().cloned());
        after = page.body["nextCursor"].as_str()?.to_owned();
        if after.is_empty() {
            return Some(all);
        }
    }
}
