//! sendMessage over HTTP: outcomes, refusals and their order, idempotency, rates, the outbox.

use crate::harness::{Answer, TestApi};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use wharf_domain::{
    ports::engine::{Handed, Refusal},
    sessions::SessionScope,
};
use wharf_types::Capability;

fn text(body: &str) -> Value {
    json!({"type": "text", "to": "15551230001", "text": body})
}

fn path(scope: SessionScope) -> String {
    format!("/sessions/{}/messages", scope.id)
}

async fn send(
    api: &TestApi,
    scope: SessionScope,
    query: &str,
    key: Option<&str>,
    body: &Value,
) -> Answer {
    let mut ask = api.by_key("POST", &format!("{}{query}", path(scope)));
    if let Some(key) = key {
        ask = ask.header("idempotency-key", key);
    }
    ask.json(body).go().await
}

fn sent(api: &TestApi) -> usize {
    api.engine.sent.lock().unwrap().len()
}

async fn outbox(api: &TestApi, scope: SessionScope) -> Vec<Value> {
    let page = api
        .get(&format!("/sessions/{}/outbox", scope.id))
        .await
        .ok(200);
    page["data"].as_array().unwrap().clone()
}

async fn until_status(api: &TestApi, scope: SessionScope, id: &str, status: &str) {
    let wait = async {
        while api
            .get(&format!("/sessions/{}/outbox/{id}", scope.id))
            .await
            .ok(200)["status"]
            != status
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .expect(status);
}

#[tokio::test]
async fn acknowledged_refused_and_unseen() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let done = send(&api, scope, "", None, &text("hello")).await.ok(200);
    assert_eq!(
        (&done["status"], &done["mode"], &done["replayed"]),
        (&json!("sent"), &json!("sync"), &json!(false))
    );
    let outgoing = api.engine.sent.lock().unwrap()[0].clone();
    assert_eq!(outgoing.wa_id, done["waMessageId"].as_str().unwrap());
    let messages = api
        .get(&format!(
            "/sessions/{}/chats/15551230001/messages",
            scope.id
        ))
        .await
        .ok(200);
    assert_eq!(
        (
            &messages["data"][0]["body"],
            &messages["data"][0]["status"],
            &messages["data"][0]["fromMe"]
        ),
        (&json!("hello"), &json!("sent"), &json!(true))
    );

    let refusal = Refusal {
        reason: "recipient_not_on_whatsapp",
        message: "no device".to_owned(),
        until: None,
    };
    api.engine
        .words
        .lock()
        .unwrap()
        .push_back(Handed::Refused(refusal));
    let refused = send(&api, scope, "", None, &text("nobody")).await;
    assert_eq!(
        refused.is(502, "upstream_error")["reason"],
        "recipient_not_on_whatsapp"
    );
    assert_eq!(outbox(&api, scope).await[0]["status"], "failed");
}

#[tokio::test]
async fn refusals_in_their_order_store_nothing() {
    let api = TestApi::new().await;
    let scope = api.session(api.org).await;
    let (reader, foreign) = (
        api.key_of(api.org, &[Capability::Read], &[]).await,
        api.session(api.domain.create_organization("x").await.unwrap().id)
            .await,
    );
    api.ask("POST", &path(scope))
        .bearer(&reader)
        .json(&text("x"))
        .go()
        .await
        .is(403, "forbidden");
    send(&api, foreign, "", Some("k"), &text("x"))
        .await
        .is(404, "not_found");
    // Malformed on an unpaired session: 400, not 501.
    send(&api, scope, "?async=maybe", None, &text("x"))
        .await
        .is(400, "validation_error");
    send(&api, scope, "", Some(&"k".repeat(256)), &text("x"))
        .await
        .is(400, "validation_error");
    send(
        &api,
        scope,
        "",
        None,
        &json!({"type": "text", "to": "x", "text": "x"}),
    )
    .await
    .is(400, "validation_error");
    send(
        &api,
        scope,
        "",
        None,
        &json!({"type": "text", "to": "15551230001", "text": "x", "colour": 1}),
    )
    .await
    .is(400, "validation_error");
    let image = json!({"type": "image", "to": "15551230001", "media": {"data": "AA=="}});
    assert_eq!(
        send(&api, scope, "", None, &image)
            .await
            .is(501, "not_implemented")["reason"],
        "not_paired"
    );
    for query in ["", "?async=true"] {
        assert_eq!(
            send(&api, scope, query, Some("k"), &text("x"))
                .await
                .is(501, "not_implemented")["reason"],
            "not_paired"
        );
    }
    assert!(outbox(&api, scope).await.is_empty());
    let scope = api.working().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    assert_eq!(
        send(&api, scope, "", Some("k"), &text("x"))
            .await
            .is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    assert!(outbox(&api, scope).await.is_empty());
    // The key was not used: another body under it is accepted.
    send(&api, scope, "?async=true", Some("k"), &text("y"))
        .await
        .ok(202);
}

#[tokio::test]
async fn a_key_sends_once() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let first = send(&api, scope, "", Some("k"), &text("a")).await.ok(200);
    let spelt = json!({"text": "a", "to": "15551230001", "type": "text"});
    api.engine.connected.store(false, Ordering::SeqCst);
    let again = send(&api, scope, "?async=true", Some("k"), &spelt)
        .await
        .ok(200);
    assert_eq!(again["replayed"], true);
    assert_eq!(again["outboxId"], first["outboxId"]);
    assert_eq!(sent(&api), 1);
    send(&api, scope, "", Some("k"), &text("b"))
        .await
        .is(422, "idempotency_key_reused");
    let other = api.working().await;
    send(&api, other, "", Some("k"), &text("a"))
        .await
        .is(422, "idempotency_key_reused");
    let limited = api.key_of(api.org, &[Capability::Send], &[other.id]).await;
    api.ask("POST", &path(scope))
        .bearer(&limited)
        .header("idempotency-key", "k")
        .json(&text("a"))
        .go()
        .await
        .is(404, "not_found");
}

#[tokio::test]
async fn a_second_request_while_the_first_is_answered() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let silence = api.engine.silence.write().await;
    let body = text("a");
    let first = send(&api, scope, "", Some("k"), &body);
    let second = async {
        while sent(&api) == 0 {
            tokio::task::yield_now().await;
        }
        send(&api, scope, "", Some("k"), &body)
            .await
            .is(409, "conflict");
        send(&api, scope, "", Some("k"), &text("b"))
            .await
            .is(422, "idempotency_key_reused");
        drop(silence);
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(first.ok(200)["status"], "sent");
    assert_eq!(sent(&api), 1);
}

#[tokio::test]
async fn a_stored_failure_is_replayed_as_its_error() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let refusal = Refusal {
        reason: "reachout_timelocked",
        message: "wait".to_owned(),
        until: Some(77),
    };
    api.engine
        .words
        .lock()
        .unwrap()
        .push_back(Handed::Refused(refusal));
    for _ in 0..2 {
        let details = send(&api, scope, "", Some("k"), &text("a"))
            .await
            .is(502, "upstream_error");
        assert_eq!(
            (&details["reason"], &details["until"]),
            (&json!("reachout_timelocked"), &json!(77))
        );
    }
    assert_eq!(sent(&api), 1);
}

#[tokio::test]
async fn over_the_rate() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let session = format!("/sessions/{}", scope.id);
    api.by_key("PATCH", &session)
        .json(&json!({"ratePerMin": 2}))
        .go()
        .await
        .ok(200);
    for n in 0..2 {
        send(&api, scope, "", None, &text(&format!("{n}")))
            .await
            .ok(200);
    }
    api.clock.advance(1_500);
    let over = send(&api, scope, "", Some("k"), &text("over")).await;
    over.is(429, "rate_limited");
    assert_eq!(over.headers["retry-after"], "59");
    assert_eq!(outbox(&api, scope).await.len(), 2);
    // An asynchronous one waits its turn.
    let queued = send(&api, scope, "?async=true", Some("k"), &text("over"))
        .await
        .ok(202);
    assert_eq!(
        (&queued["status"], &queued["mode"]),
        (&json!("queued"), &json!("async"))
    );
    assert_eq!(sent(&api), 2);
    api.clock.advance(58_500);
    send(&api, scope, "", None, &text("next")).await.ok(200);
}

#[tokio::test]
async fn the_outbox_is_listed_read_and_cancelled() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    let mut ids = Vec::new();
    for n in 0..3 {
        let queued = send(&api, scope, "?async=true", None, &text(&format!("{n}")))
            .await
            .ok(202);
        ids.insert(0, queued["outboxId"].as_str().unwrap().to_owned());
    }
    let listed = outbox(&api, scope).await;
    assert_eq!(
        listed
            .iter()
            .map(|item| item["outboxId"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ids
    );
    let one = format!("/sessions/{}/outbox/{}", scope.id, ids[0]);
    assert_eq!(api.get(&one).await.ok(200), listed[0]);
    for _ in 0..2 {
        api.by_key("DELETE", &one).go().await.ok(204);
    }
    assert_eq!(api.get(&one).await.ok(200)["status"], "cancelled");
    api.engine.connected.store(true, Ordering::SeqCst);
    send(&api, scope, "", None, &text("now")).await.ok(200);
    until_status(&api, scope, &ids[1], "sent").await;
    until_status(&api, scope, &ids[2], "sent").await;
    assert_eq!(sent(&api), 3);
    api.by_key(
        "DELETE",
        &format!("/sessions/{}/outbox/{}", scope.id, ids[1]),
    )
    .go()
    .await
    .is(409, "conflict");
    for unknown in ["x", "out_01J00000000000000000000000"] {
        api.get(&format!("/sessions/{}/outbox/{unknown}", scope.id))
            .await
            .is(404, "not_found");
    }
}

#[tokio::test]
async fn a_large_body_is_a_message_or_nothing() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let file =
        json!({"type": "document", "to": "15551230001", "media": {"data": "A".repeat(2 << 20)}});
    send(&api, scope, "?async=true", None, &file).await.ok(202);
    let over = "x".repeat((24 << 20) + 1);
    api.by_key("POST", &path(scope))
        .text(&over)
        .go()
        .await
        .is(413, "payload_too_large");
}
