//! One person is erased while the network goes on.

use crate::harness::{ANNA, BORIS, OWN, TestApp, until};
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

/// Every text and blob that holds one of these texts, as `table.column`.
fn traces(app: &TestApp, needles: &[&str]) -> Vec<String> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(app.data().join("wharf.db"), flags).unwrap();
    let mut tables = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut found = Vec::new();
    for table in tables {
        let mut all = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let names: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (at, name) in names.iter().enumerate() {
                let bytes = match row.get_ref(at).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
                    _ => continue,
                };
                let holds =
                    |needle: &&str| bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
                if needles.iter().any(holds) {
                    found.push(format!("{table}.{name}"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

async fn says(app: &TestApp, who: &str, to: &str, words: &str) {
    let body = json!({"to": to, "type": "text", "text": words});
    app.phones
        .post(&format!("/accounts/{who}/send"), body)
        .await
        .well();
}

async fn stored(app: &TestApp, path: &str, words: &str) {
    until("the message", || async {
        let page = app.api.get(path).await;
        let there = page.body["data"]
            .as_array()
            .is_some_and(|data| data.iter().any(|m| m["body"] == words));
        there.then_some(())
    })
    .await;
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_in_any_table_and_they_can_write_again() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna Canary").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    let group = json!({"subject": "Harbour", "owner": ANNA, "members": [OWN, BORIS]});
    let made = app.phones.post("/groups", group).await.well();
    let gid = made["groupJid"].as_str().unwrap();
    until("the group", || async {
        let group = app.api.get(&session.path(&format!("/groups/{gid}"))).await;
        (group.body["participantCount"] == 3).then_some(())
    })
    .await;
    says(&app, ANNA, OWN, "a word alone").await;
    says(&app, ANNA, gid, "a word in the group").await;
    says(&app, BORIS, gid, "quite so").await;
    let group_messages = session.path(&format!("/chats/{gid}/messages"));
    stored(&app, &group_messages, "a word in the group").await;
    stored(&app, &group_messages, "quite so").await;
    stored(
        &app,
        &session.path(&format!("/chats/{ANNA}/messages")),
        "a word alone",
    )
    .await;
    let reply = json!({"type": "text", "to": ANNA, "text": "an answer to her"});
    app.api.post(&session.path("/messages"), reply).await.well();
    let anna = app
        .api
        .get(&session.path(&format!("/contacts/{ANNA}")))
        .await
        .well();
    let lid = anna["identity"]["lid"].as_str().unwrap().to_owned();
    let digits = lid.split('@').next().unwrap();
    let needles = [
        ANNA,
        digits,
        "Anna Canary",
        "a word alone",
        "a word in the group",
        "an answer to her",
    ];
    let before = traces(&app, &needles);
    for table in [
        "people.phone",
        "messages.body",
        "events.payload",
        "item_blocks.items",
    ] {
        assert!(before.contains(&table.to_owned()), "{table} of {before:?}");
    }

    // By whatever id they are known.
    let path = session.path(&format!("/contacts/{lid}?erase=true"));
    let report = app.api.delete(&path).await.well();
    assert_eq!(
        (&report["chats"], &report["memberships"]),
        (&json!(1), &json!(1)),
        "{report}"
    );
    until("no table has a trace", || async {
        // Receipts of the last send may still come in, and the search index is purged in the background.
        let _ = app.api.delete(&path).await;
        let left = traces(&app, &needles);
        left.is_empty().then_some(())
    })
    .await;
    stored(&app, &group_messages, "quite so").await;

    // The keys are still good, both ways.
    says(&app, ANNA, OWN, "it is me again").await;
    stored(
        &app,
        &session.path(&format!("/chats/{ANNA}/messages")),
        "it is me again",
    )
    .await;
    let again = json!({"type": "text", "to": ANNA, "text": "welcome back"});
    app.api.post(&session.path("/messages"), again).await.well();
    let arrived = |inbox: &[Value]| inbox.iter().any(|entry| entry["body"] == "welcome back");
    app.inbox(ANNA, arrived).await;
    app.clean_ledger().await;
}
