//! Making a channel, once under a key.

use super::listed;
use crate::harness::{ANNA, Answer, Door, OWN, Session, TestApp, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn create(app: &TestApp, session: &Session, key: &str, body: Value) -> Answer {
    let request = app.api.request(Method::POST, &session.path("/channels"));
    Door::send(request.header("Idempotency-Key", key).json(&body)).await
}

#[tokio::test]
async fn a_key_makes_one_channel_over_a_restart() {
    let mut app = TestApp::new().await;
    let session = app.session(OWN).await;
    let body = json!({ "name": " Pier ", "description": "boats" });
    let made = create(&app, &session, "k", body.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["replayed"]),
        (201, &json!(false)),
        "{}",
        made.body
    );
    let jid = made.body["jid"].as_str().unwrap().to_owned();
    let channel = listed(&app, &session, &jid, |_| true).await;
    assert_eq!(
        (&channel["name"], &channel["role"], &channel["description"]),
        (&json!("Pier"), &json!("owner"), &json!("boats"))
    );
    app.kill_gateway().await;
    app.start_gateway().await;
    // Also while the session is not connected.
    app.api.poke(&session.path(":stop")).await.well();
    let again = create(&app, &session, "k", body).await;
    assert_eq!(
        (
            again.status.as_u16(),
            &again.body["replayed"],
            &again.body["jid"]
        ),
        (201, &json!(true), &json!(jid))
    );
    let other = create(&app, &session, "k", json!({ "name": "Other" })).await;
    assert_eq!(other.refused(422), "idempotency_key_reused");
    // A key of a channel is no key of a message, and the reverse.
    let text = json!({ "type": "text", "to": ANNA, "text": "x" });
    let send = app
        .api
        .request(Method::POST, &session.path("/messages?async=true"));
    let send = Door::send(send.header("Idempotency-Key", "k").json(&text)).await;
    assert_eq!(send.refused(422), "idempotency_key_reused");
    let off = create(&app, &session, "k2", json!({ "name": "Off" })).await;
    assert_eq!(off.refused(501), "not_implemented");
    assert_eq!(
        off.body["error"]["details"]["reason"],
        "session_not_connected"
    );
    app.api.poke(&session.path(":start")).await.well();
    app.status(&session, "working").await;
    // The refusal used no key.
    let now = create(&app, &session, "k2", json!({ "name": "Off" })).await;
    assert_eq!(
        (now.status.as_u16(), &now.body["replayed"]),
        (201, &json!(false))
    );
    let there = app.phones.get("/channels").await.well();
    assert_eq!(there["data"].as_array().unwrap().len(), 2);
    // Its owner stays.
    let path = session.path(&format!("/channels/{jid}:unfollow"));
    let refused = app.api.poke(&path).await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(refused.body["error"]["details"]["reason"], "channel_owner");
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_key_whose_request_was_cut_off_makes_nothing_a_second_time() {
    let mut app = TestApp::new().await;
    let session = app.session(OWN).await;
    let made = async || {
        let there = app.phones.get("/channels").await.well();
        there["data"].as_array().unwrap().len()
    };
    let body = json!({ "name": "Pier" });
    // WhatsApp does it and its answer stays away, unless something else is on its way first.
    let before = until("a channel made and not answered", || async {
        let slow = json!({ "kind": "slow", "phone": OWN, "ms": 3_000, "count": 1 });
        app.phones.post("/faults", slow).await.well();
        let before = made().await;
        let request = app.api.request(Method::POST, &session.path("/channels"));
        let request = request.header("Idempotency-Key", format!("k{before}"));
        let request = request.json(&body);
        let asked = tokio::spawn(async move { Door::try_send(request).await });
        until("the channel at WhatsApp", || async {
            (made().await > before).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        (!asked.is_finished()).then_some(before)
    })
    .await;
    app.kill_gateway().await;
    app.phones.delete("/faults").await.well();
    app.start_gateway().await;
    app.status(&session, "working").await;
    let again = create(&app, &session, &format!("k{before}"), body.clone()).await;
    assert_eq!(again.refused(409), "conflict");
    let there = app.phones.get("/channels").await.well();
    assert_eq!(there["data"].as_array().unwrap().len(), before + 1);
    let other = create(&app, &session, "another", body).await;
    assert_eq!(other.status.as_u16(), 201, "{}", other.body);
}
