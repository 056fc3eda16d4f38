//! Files over HTTP: refusals in their order, and what a sweep leaves.

use crate::harness::TestApi;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::sessions::SessionScope;

const DAY: i64 = 86_400_000;

async fn upload(api: &TestApi, scope: SessionScope, text: &str) -> Value {
    api.by_key("POST", &format!("/sessions/{}/media", scope.id))
        .header("content-type", "text/plain")
        .text(text)
        .go()
        .await
        .ok(200)
}

async fn queue(api: &TestApi, scope: SessionScope, media_id: &Value) -> Value {
    let body = json!({"type": "document", "to": "15551230001", "media": {"mediaId": media_id}});
    api.post(
        &format!("/sessions/{}/messages?async=true", scope.id),
        &body,
    )
    .await
    .ok(202)
}

#[tokio::test]
async fn a_sweep_leaves_what_is_young_and_what_a_queued_send_needs() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    let needed = upload(&api, scope, "needed").await;
    let idle = upload(&api, scope, "idle").await;
    let sent = queue(&api, scope, &needed["mediaId"]).await;
    assert_eq!(api.domain.sweep_media().await.unwrap(), 0);
    api.clock.advance(31 * DAY);
    let young = upload(&api, scope, "young").await;
    assert_eq!(api.domain.sweep_media().await.unwrap(), 1);
    let kept = api.domain.media.blobs.list().await.unwrap();
    let kept: Vec<Value> = kept
        .into_iter()
        .map(|kept| json!(kept.blob.sha256))
        .collect();
    assert!(kept.contains(&needed["sha256"]) && kept.contains(&young["sha256"]));
    assert!(!kept.contains(&idle["sha256"]));
    // An id whose file went is an id of nothing.
    let body =
        json!({"type": "document", "to": "15551230001", "media": {"mediaId": idle["mediaId"]}});
    let refused = api
        .post(
            &format!("/sessions/{}/messages?async=true", scope.id),
            &body,
        )
        .await
        .is(400, "validation_error");
    assert!(refused["media.mediaId"].is_string());
    // A send that is called off needs nothing.
    let id = sent["outboxId"].as_str().unwrap();
    api.by_key("DELETE", &format!("/sessions/{}/outbox/{id}", scope.id))
        .go()
        .await
        .ok(204);
    assert_eq!(api.domain.sweep_media().await.unwrap(), 1);
}

#[tokio::test]
async fn refusals_of_files_come_in_their_order() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let media = |mid: &str| format!("/sessions/{}/messages/{mid}/media", scope.id);
    api.get(&media("3EB0NONE")).await.is(404, "not_found");
    api.get(&media(&"x".repeat(256)))
        .await
        .is(400, "validation_error");
    api.get(&format!("{}?chat=x", media("3EB0NONE")))
        .await
        .is(400, "validation_error");
    api.get(&format!("{}?chat=15551239999", media("3EB0NONE")))
        .await
        .is(404, "not_found");
    api.get("/sessions/sess_01J00000000000000000000000/messages/A/media")
        .await
        .is(404, "not_found");
    let uploads = format!("/sessions/{}/media", scope.id);
    api.by_key("POST", &uploads)
        .header("content-type", "no type")
        .text("x")
        .go()
        .await
        .is(400, "validation_error");
    api.by_key("POST", &uploads)
        .header("content-encoding", "gzip")
        .text("x")
        .go()
        .await
        .is(415, "unsupported_media_type");
    api.by_key("POST", &uploads)
        .header("content-length", "99999999999")
        .text("x")
        .go()
        .await
        .is(413, "payload_too_large");
    assert_eq!(api.domain.media.blobs.list().await.unwrap(), []);
}

#[tokio::test]
async fn a_replay_fetches_nothing_again() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let uploaded = upload(&api, scope, "once").await;
    let body =
        json!({"type": "document", "to": "15551230001", "media": {"mediaId": uploaded["mediaId"]}});
    let send = || async {
        api.by_key(
            "POST",
            &format!("/sessions/{}/messages?async=true", scope.id),
        )
        .header("idempotency-key", "k")
        .json(&body)
        .go()
        .await
        .ok(202)
    };
    let first = send().await;
    api.clock.advance(31 * DAY);
    for kept in api.domain.media.blobs.list().await.unwrap() {
        api.domain
            .media
            .blobs
            .remove(&kept.blob.sha256, i64::MAX)
            .await
            .unwrap();
    }
    let again = send().await;
    assert_eq!(again["replayed"], true);
    assert_eq!(again["outboxId"], first["outboxId"]);
}
