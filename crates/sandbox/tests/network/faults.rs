//! Faults strike as they say.

use serde_json::json;

use crate::{companion::Companion, hand::Net, wire::text};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";
const FRIEND_JID: &str = "491700000002@s.whatsapp.net";
const STRANGER: &str = "491700000003";

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

#[tokio::test]
async fn a_time_lock_spares_who_is_known_and_ends_at_its_time() {
    let (net, mut c) = pair().await;
    net.account(STRANGER).await;
    let stranger = format!("{STRANGER}@s.whatsapp.net");
    let mut w = c.online(&net).await;
    net.says(FRIEND, ME, "we know each other").await;
    let lock = json!({"kind": "timelock", "phone": ME, "ms": 600_000});
    let armed = net.post("/faults", lock).await;
    let until = armed["armed"][0]["until"].as_i64().unwrap();
    for (id, to, error) in [
        ("T1", FRIEND_JID, ""),
        ("T2", stranger.as_str(), "463"),
        ("T3", FRIEND_JID, ""),
    ] {
        let m = c.message(&mut w, id, to, "x").await;
        assert_eq!(sent(&mut w, &m).await, error, "{id}");
    }
    let ask = crate::companion::iq(
        "get",
        "w:mex",
        vec![
            wacore_binary::builder::NodeBuilder::new("query")
                .attr("query_id", "23983697327930364")
                .bytes(br#"{"variables":{}}"#.to_vec())
                .build(),
        ],
    );
    let r = w.iq(&ask).await;
    let Some(wacore_binary::NodeContent::Bytes(b)) =
        &r.get_optional_child("result").unwrap().content
    else {
        panic!("{r:?}");
    };
    let data: serde_json::Value = serde_json::from_slice(b).unwrap();
    let state = &data["data"]["xwa2_fetch_account_reachout_timelock"];
    assert_eq!(
        (&state["is_active"], &state["time_enforcement_ends"]),
        (&json!(true), &json!(((until + 999) / 1000).to_string()))
    );

    net.post("/clock", json!({"advance": 600_001})).await;
    let m = c.message(&mut w, "T4", &stranger, "x").await;
    assert_eq!(sent(&mut w, &m).await, "");
    assert_eq!(net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_is_refused_with_any_code_on_demand() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    for (n, code) in ["400", "403", "404", "420", "429", "500"]
        .into_iter()
        .enumerate()
    {
        net.post(
            "/faults",
            json!({"kind": "nack", "phone": ME, "count": 1, "code": code}),
        )
        .await;
        let m = c.message(&mut w, &format!("N{n}"), FRIEND_JID, "x").await;
        assert_eq!(sent(&mut w, &m).await, code);
    }
    assert_eq!(net.inbox(FRIEND).await.len(), 0);
    assert_eq!(
        net.try_post("/faults", json!({"kind": "nack"})).await.0,
        400
    );
}

/// The error of the acknowledgement, empty when the network took it.
async fn sent(w: &mut crate::wire::Wire, m: &wacore_binary::Node) -> String {
    w.send(m).await;
    let id = text(m, "id");
    let ack = w
        .until("ack", |n| n.tag == "ack" && text(n, "id") == id)
        .await;
    text(&ack, "error")
}
