//! A full disk: nothing is promised that was not stored, and nothing that came meanwhile is lost.

use crate::harness::{ANNA, OWN, TestApp, until};
use serde_json::{Value, json};

#[tokio::test]
async fn messages_that_come_while_the_disk_is_full_are_stored_once_it_is_not() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let write = async |text: &str| {
        let body = json!({ "to": OWN, "type": "text", "text": text });
        app.phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await
            .well();
    };
    write("before").await;
    app.chat_with(&session, ANNA).await;
    let ready = app.root.get("/readyz").await;
    assert_eq!(ready.status.as_u16(), 200, "{}", ready.body);

    app.gateway().fill_disk().await;
    let said = until("not ready", || async {
        let answer = app.root.get("/readyz").await;
        (answer.status.as_u16() == 503).then_some(answer.body)
    })
    .await;
    assert!(said.as_str().unwrap().contains("disk"), "{said}");
    for n in 0..3 {
        write(&format!("while full {n}")).await;
    }
    for query in ["", "?async=true"] {
        let body = json!({ "type": "text", "to": ANNA, "text": "not now" });
        let refused = app
            .api
            .post(&session.path(&format!("/messages{query}")), body)
            .await;
        assert_eq!(refused.refused(503), "unavailable");
        assert!(refused.headers.contains_key("retry-after"));
    }
    // What is stored can be read, and nothing more is shown than is stored.
    let messages = session.path(&format!("/chats/{ANNA}/messages"));
    let stored = app.all(&messages).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["body"], "before");
    assert_eq!(app.root.get("/livez").await.status.as_u16(), 200);

    app.gateway().free_disk().await;
    until("ready", || async {
        let answer = app.root.get("/readyz").await;
        answer.status.is_success().then_some(())
    })
    .await;
    let stored = until("all four", || async {
        let stored = app.all(&messages).await;
        (stored.len() >= 4).then_some(stored)
    })
    .await;
    let bodies: Vec<_> = stored.iter().map(|m| m["body"].as_str().unwrap()).collect();
    assert_eq!(
        bodies,
        ["while full 2", "while full 1", "while full 0", "before"]
    );
    app.status(&session, "working").await;
    let body = json!({ "type": "text", "to": ANNA, "text": "now" });
    app.api.post(&session.path("/messages"), body).await.well();
    let from_us = |m: &&Value| m["from"].as_str().is_some_and(|from| from.starts_with(OWN));
    let inbox = app
        .inbox(ANNA, |seen| seen.iter().any(|m| from_us(&m)))
        .await;
    assert_eq!(inbox.iter().filter(from_us).count(), 1, "{inbox:?}");
    app.clean_ledger().await;
}
