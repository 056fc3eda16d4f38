//! What the tests of messages share: people, a group, and reading what was stored.

use crate::harness::{ANNA, BORIS, OWN, Session, TestApp, until};
use serde_json::{Value, json};

/// A session on the network, Anna beside it.
pub async fn app_with_anna() -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

/// A session, Anna and Boris, and a group of the three that Anna owns.
pub async fn app_with_group() -> (TestApp, Session, String) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    let gid = group(&app, &session, ANNA).await;
    (app, session, gid)
}

/// A group of Anna, Boris and the session, once the session knows its members.
pub async fn group(app: &TestApp, session: &Session, owner: &str) -> String {
    let members: Vec<&str> = [OWN, ANNA, BORIS]
        .into_iter()
        .filter(|phone| *phone != owner)
        .collect();
    let group = json!({ "subject": "Harbour", "owner": owner, "members": members });
    let made = app.phones.post("/groups", group).await.well();
    let gid = made["groupJid"].as_str().unwrap().to_owned();
    until("the group", || async {
        let group = app.api.get(&session.path(&format!("/groups/{gid}"))).await;
        (group.status.is_success() && group.body["participantCount"] == 3).then_some(())
    })
    .await;
    gid
}

/// Sends by the API; the SendResult.
pub async fn send(app: &TestApp, session: &Session, body: Value) -> Value {
    let sent = app.api.post(&session.path("/messages"), body).await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.body);
    sent.body
}

/// A person writes; the message's id.
pub async fn says(app: &TestApp, phone: &str, body: Value) -> String {
    let said = app
        .phones
        .post(&format!("/accounts/{phone}/send"), body)
        .await
        .well();
    said["waMessageId"].as_str().unwrap_or_default().to_owned()
}

/// The stored message of a chat, once `ready` says so.
pub async fn stored(
    app: &TestApp,
    session: &Session,
    chat: &str,
    id: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    let path = session.path(&format!("/chats/{chat}/messages?limit=200"));
    until("the stored message", || async {
        let page = app.api.get(&path).await.body;
        let found = page["data"]
            .as_array()?
            .iter()
            .find(|message| message["waMessageId"] == id)?;
        ready(found).then(|| found.clone())
    })
    .await
}

/// What a person's phone shows of a message, once `ready` says so.
pub async fn shown(app: &TestApp, phone: &str, id: &str, ready: impl Fn(&Value) -> bool) -> Value {
    let find = |seen: &[Value]| {
        seen.iter()
            .find(|entry| entry["waMessageId"] == id && ready(entry))
            .cloned()
    };
    let inbox = app.inbox(phone, |seen| find(seen).is_some()).await;
    find(&inbox).unwrap()
}

/// The items of the outbox: what must stay empty when a body is refused.
pub async fn outbox(app: &TestApp, session: &Session) -> Vec<Value> {
    app.all(&session.path("/outbox")).await
}
