//! A deleted session is gone at once, and its data soon after, also when the process dies in between.

use crate::harness::{OWN, Session, TestApp, until};
use serde_json::{Value, json};

/// Rows under any session, by table.
fn left(app: &TestApp) -> Vec<(String, i64)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = app.data().join("wharf.db");
    let store = rusqlite::Connection::open_with_flags(file, flags).unwrap();
    let mut tables = store
        .prepare(
            "SELECT DISTINCT t.name FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f
             WHERE f.\"table\" = 'sessions'",
        )
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .chain(["sessions".to_owned()])
        .collect();
    names
        .into_iter()
        .map(|name| {
            let count = format!("SELECT count(*) FROM \"{name}\"");
            let rows = store.query_row(&count, [], |row| row.get(0)).unwrap();
            (name, rows)
        })
        .collect()
}

#[tokio::test]
async fn gone_at_once_and_erased_across_a_restart() {
    let mut app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let crowd = json!({ "for": OWN, "people": 1_500, "groups": 6, "messages": 2, "seed": 5 });
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(OWN).await;
    until("everybody", || async {
        let people = app.all(&session.path("/contacts?limit=200")).await;
        (people.len() >= 1_500).then_some(())
    })
    .await;
    assert!(left(&app).iter().any(|(_, rows)| *rows > 1_500));

    assert_eq!(app.api.delete(&session.path("")).await.status.as_u16(), 204);
    for path in ["", "/contacts", "/chats", "/outbox"] {
        let gone = app.api.get(&session.path(path)).await;
        assert_eq!(gone.refused(404), "not_found", "{path}");
    }
    assert_eq!(
        app.api.delete(&session.path("")).await.refused(404),
        "not_found"
    );
    assert_eq!(app.all("/sessions").await, Vec::<Value>::new());
    // Its payloads read as erased from the start; ids and types stay.
    app.kill_gateway().await;
    app.start_gateway().await;
    assert_eq!(app.all("/sessions").await, Vec::<Value>::new());
    until("nothing left", || async {
        let left = left(&app);
        left.iter().all(|(_, rows)| *rows == 0).then_some(())
    })
    .await;
    let payloads = app.events("session.status");
    assert!(!payloads.is_empty());
    assert!(
        payloads
            .iter()
            .all(|payload| *payload == json!({ "erased": true }))
    );
    // The number can be attached again, by a session that knows nothing of the other.
    app.phones.delete("/faults").await;
    let again: Session = app.pair(OWN).await;
    assert_ne!(again.id, session.id);
}
