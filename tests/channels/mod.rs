//! Channels: one's own, those one follows, and posts that were missed.

mod created;
mod followed;
mod forwarded;
mod own;

use crate::harness::{ANNA, OWN, Session, TestApp, until};
use serde_json::{Value, json};

/// A session with a channel of its own that Anna follows.
async fn app_with_own() -> (TestApp, Session, String) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let body = json!({ "name": "Pier", "description": "boats and gulls" });
    let made = app.api.post(&session.path("/channels"), body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let jid = made.body["jid"].as_str().unwrap().to_owned();
    app.phones
        .post(
            &format!("/channels/{jid}/followers"),
            json!({ "phone": ANNA }),
        )
        .await
        .well();
    (app, session, jid)
}

/// A channel of Anna's.
async fn annas(app: &TestApp, name: &str) -> String {
    let body = json!({ "owner": ANNA, "name": name, "description": "by Anna" });
    let made = app.phones.post("/channels", body).await.well();
    made["channelJid"].as_str().unwrap().to_owned()
}

/// Anna posts: id and number.
async fn posts(app: &TestApp, jid: &str, body: Value) -> (String, u64) {
    let made = app
        .phones
        .post(&format!("/channels/{jid}/posts"), body)
        .await
        .well();
    (
        made["waMessageId"].as_str().unwrap().to_owned(),
        made["serverId"].as_u64().unwrap(),
    )
}

/// A channel as the server has it.
async fn on_the_server(app: &TestApp, jid: &str) -> Value {
    app.phones.get(&format!("/channels/{jid}")).await.well()
}

/// The stored channel, once `ready` says so.
async fn listed(
    app: &TestApp,
    session: &Session,
    jid: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    until("the channel", || async {
        let all = app.all(&session.path("/channels")).await;
        all.into_iter().find(|one| one["jid"] == jid && ready(one))
    })
    .await
}

/// The stored post, once `ready` says so.
async fn stored(
    app: &TestApp,
    session: &Session,
    jid: &str,
    id: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    until("the post", || async {
        let path = session.path(&format!("/channels/{jid}/messages?limit=200"));
        let page = app.api.get(&path).await.body;
        let found = page["data"]
            .as_array()?
            .iter()
            .find(|post| post["waMessageId"] == id)?;
        ready(found).then(|| found.clone())
    })
    .await
}
