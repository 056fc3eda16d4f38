//! The outbox: what waits, what goes, what is refused, and what becomes of it.

mod keys;
mod refusals;
mod timelock;
mod waiting;

use crate::harness::{ANNA, OWN, Session, TestApp, until};
use serde_json::{Value, json};

/// A linked session and somebody to write to.
async fn app_with_anna() -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

/// Accepts a text for later: its SendResult.
async fn accept(app: &TestApp, session: &Session, to: &str, text: &str) -> Value {
    accept_with(app, session, to, text, json!({})).await
}

async fn accept_with(app: &TestApp, session: &Session, to: &str, text: &str, more: Value) -> Value {
    let mut body = json!({ "type": "text", "to": to, "text": text });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let answer = app
        .api
        .post(&session.path("/messages?async=true"), body)
        .await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    answer.body
}

async fn item(app: &TestApp, session: &Session, sent: &Value) -> Value {
    let id = sent["outboxId"].as_str().unwrap();
    app.api
        .get(&session.path(&format!("/outbox/{id}")))
        .await
        .well()
}

/// Waits for a status of a send; the item then.
async fn status(app: &TestApp, session: &Session, sent: &Value, wanted: &str) -> Value {
    until(&format!("send {wanted}"), || async {
        let now = item(app, session, sent).await;
        (now["status"] == wanted).then_some(now)
    })
    .await
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
