//! Faults strike as they say.

use serde_json::json;

use crate::{companion::Companion, hand::Net, wire::text};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";
const FRIEND_JID: &str = "491700000002@s.whatsapp.net";

async fn pair() -> (Net, Companion) {
    let net = Net::start().await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let c = Companion::linked(&net, ME).await;
    (net, c)
}

#[tokio::test]
async fn every_stream_error_reaches_the_client_and_ends_the_socket() {
    let (net, c) = pair().await;
    for code in ["403", "409", "429", "503", "515"] {
        let mut w = c.knock(&net).await;
        w.until("success", |n| n.tag == "success").await;
        net.post(
            "/faults",
            json!({"kind": "stream_error", "phone": ME, "code": code}),
        )
        .await;
        assert_eq!(
            text(
                &w.until("stream error", |n| n.tag == "stream:error").await,
                "code"
            ),
            code
        );
        w.until_closed().await;
    }
    assert_eq!(
        net.try_post("/faults", json!({"kind": "stream_error", "code": 999}))
            .await
            .0,
        400
    );
    assert_eq!(
        net.try_post("/faults", json!({"kind": "meteor"})).await.0,
        400
    );
}

#[tokio::test]
async fn a_refused_connection_says_why_as_often_as_asked() {
    let (net, c) = pair().await;
    net.post(
        "/faults",
        json!({"kind": "connect_failure", "phone": ME, "count": 1, "code": 405}),
    )
    .await;
    let mut w = c.knock(&net).await;
    assert_eq!(
        text(&w.until("failure", |n| n.tag == "failure").await, "reason"),
        "405"
    );
    let mut w = c.knock(&net).await;
    w.until("success", |n| n.tag == "success").await;
}

#[tokio::test]
async fn a_lost_acknowledgement_makes_a_legal_resend() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let m = c.message(&mut w, "L1", FRIEND_JID, "once only").await;
    net.post(
        "/faults",
        json!({"kind": "drop_socket", "phone": ME, "code": "ack", "count": 1}),
    )
    .await;
    w.send(&m).await;
    w.until_closed().await;
    assert!(
        !w.aside
            .iter()
            .any(|n| n.tag == "ack" && text(n, "id") == "L1")
    );
    let mut w = c.online(&net).await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "L1")
        .await;
    assert_eq!(net.inbox(FRIEND).await.len(), 1);
    let ledger = net.ledger().await;
    assert_eq!(ledger["overlaps"], json!([]));
    assert_eq!(
        ledger["messages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["waMessageId"] == "L1")
            .unwrap()["resent"],
        true
    );
}

#[tokio::test]
async fn a_half_open_socket_is_silent_and_excuses_a_second_one() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    w.until("key share", |n| n.tag == "message").await;
    net.post("/faults", json!({"kind": "half_open", "phone": ME}))
        .await;
    let id = net.says(FRIEND, ME, "unheard").await;
    let mut second = c.knock(&net).await;
    second.until("success", |n| n.tag == "success").await;
    crate::companion::activate(&mut second).await;
    assert!(
        second.aside.iter().any(|n| text(n, "id") == id),
        "what the dead socket swallowed comes here"
    );
    assert_eq!(net.ledger().await["overlaps"], json!([]));
    assert!(!w.aside.iter().any(|n| text(n, "id") == id));
}

#[tokio::test]
async fn a_duplicated_frame_brings_the_same_message_twice() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    w.until("key share", |n| n.tag == "message").await;
    net.post(
        "/faults",
        json!({"kind": "duplicate_frame", "phone": ME, "count": 1}),
    )
    .await;
    let id = net.says(FRIEND, ME, "twice").await;
    for _ in 0..2 {
        w.until("copy", |n| n.tag == "message" && text(n, "id") == id)
            .await;
    }
}

#[tokio::test]
async fn a_time_locked_account_is_told_463() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let m = c.message(&mut w, "T1", FRIEND_JID, "x").await;
    net.post(
        "/faults",
        json!({"kind": "timelock", "phone": ME, "count": 1}),
    )
    .await;
    w.send(&m).await;
    let ack = w
        .until("nack", |n| n.tag == "ack" && text(n, "id") == "T1")
        .await;
    assert_eq!(text(&ack, "error"), "463");
}
