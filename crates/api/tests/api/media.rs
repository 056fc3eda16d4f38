//! Files over HTTP: refusals in their order, and what a sweep leaves.

use crate::harness::{TestApi, until};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::{
    inbound::{InChat, InMessage, Inbound, MessageExtra, Origin, Seen},
    sessions::SessionScope,
};

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

/// SHA-256 of "hello".
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn document(wa_id: &str, file: &str) -> Inbound {
    let zoe = Seen {
        lid: None,
        phone: Some("15551230001".parse().unwrap()),
    };
    Inbound::Message(Box::new(InMessage {
        chat: InChat::Person(zoe.clone()),
        sender: zoe,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: 1,
        push_name: String::new(),
        kind: "document".to_owned(),
        body: String::new(),
        extra: MessageExtra {
            media: Some(json!({"mimetype": "text/html\r\nx: y", "filename": "a\"b\r\n.html"})),
            file: file.to_owned(),
            sealed: "sealed".to_owned(),
            ..MessageExtra::default()
        },
        origin: Origin::Live,
        ack_level: 0,
    }))
}

#[tokio::test]
async fn a_file_that_is_not_the_one_the_message_names_is_not_handed_out() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    api.told(scope, vec![document("A", HELLO)]).await;
    let path = format!("/sessions/{}/messages/A/media", scope.id);
    *api.engine.file.lock().unwrap() = b"hell0".to_vec();
    assert_eq!(
        api.get(&path).await.is(502, "upstream_error")["reason"],
        "rejected"
    );
    *api.engine.file.lock().unwrap() = b"hello".to_vec();
    api.engine.heard();
    let answer = api.get(&path).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.bytes[..]),
        (200, &b"hello"[..])
    );
    // What a stranger wrote into the message does not get into the headers.
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename*=UTF-8''a%22b%0D%0A.html"
    );
    assert_eq!(api.engine.heard(), ["fetch A sealed"]);
    // From then on it is kept, and WhatsApp is asked no more.
    api.get(&path).await;
    assert!(api.engine.heard().is_empty());
}

async fn kept(api: &TestApi) -> Vec<String> {
    let kept = api.domain.media.blobs.list().await.unwrap();
    kept.into_iter().map(|kept| kept.blob.sha256).collect()
}

/// SHA-256 of "only here".
const ONLY_HERE: &str = "6ddc48e4f033d36ed329c3d4a95c5f0fc0b9efb234ef35e20307215631351c02";

#[tokio::test]
async fn files_of_a_deleted_session_go_unless_another_row_names_them() {
    let api = TestApi::new().await;
    let (gone, stays) = (api.working().await, api.session(api.org).await);
    let fetched = async |scope: SessionScope, id: &str, file: &str, bytes: &[u8]| {
        api.told(scope, vec![document(id, file)]).await;
        *api.engine.file.lock().unwrap() = bytes.to_vec();
        let path = format!("/sessions/{}/messages/{id}/media", scope.id);
        assert_eq!(api.get(&path).await.status, 200);
    };
    fetched(gone, "A", HELLO, b"hello").await;
    fetched(gone, "B", ONLY_HERE, b"only here").await;
    fetched(stays, "C", HELLO, b"hello").await;
    // A send of the deleted session names a file as well.
    let uploaded = upload(&api, gone, "sent").await;
    queue(&api, gone, &uploaded["mediaId"]).await;
    assert_eq!(kept(&api).await.len(), 3);
    api.clock.advance(2 * 3_600_000);
    api.by_key("DELETE", &format!("/sessions/{}", gone.id))
        .go()
        .await
        .ok(204);
    until("only what the other has", async || {
        kept(&api).await == [HELLO]
    })
    .await;
    // The last row that names it goes with its chat; a file used within the hour waits for a later sweep.
    let path = format!("/sessions/{}/messages/C/media", stays.id);
    assert_eq!(api.get(&path).await.status, 200);
    let chat = format!("/sessions/{}/chats/15551230001", stays.id);
    api.by_key("DELETE", &chat).go().await.ok(204);
    assert_eq!(api.domain.sweep_media().await.unwrap(), 0);
    api.clock.advance(2 * 3_600_000);
    // The sweep that goes with the erased session may come first.
    api.domain.sweep_media().await.unwrap();
    until("nothing is kept", async || kept(&api).await.is_empty()).await;
}
