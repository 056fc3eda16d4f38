//! Never more lenient than the real thing.

use serde_json::json;
use wacore_binary::builder::NodeBuilder;

use crate::{
    companion::{Companion, child, iq},
    hand::Net,
    wire::text,
};

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
async fn an_unknown_iq_is_an_error_to_the_client_and_in_the_trace() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    let r = w
        .iq(&iq(
            "get",
            "no:such",
            vec![NodeBuilder::new("thing").build()],
        ))
        .await;
    assert_eq!(text(&r, "type"), "error");
    assert_eq!(text(child(&r, &["error"]), "code"), "400");
    assert!(
        net.errors().await.iter().any(|e| e.contains("no:such")),
        "{:?}",
        net.errors().await
    );
}

#[tokio::test]
async fn an_unknown_stanza_and_a_wrong_ack_are_violations() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    w.send(&NodeBuilder::new("novelty").build()).await;
    let wrong = NodeBuilder::new("ack")
        .attr("class", "notification")
        .attr("id", "never-sent")
        .attr("to", "s.whatsapp.net");
    w.send(&wrong.build()).await;
    net.eventually("both are recorded", async || {
        let e = net.errors().await;
        e.iter().any(|t| t.contains("<novelty>")) && e.iter().any(|t| t.contains("never-sent"))
    })
    .await;
}

#[tokio::test]
async fn a_message_key_used_twice_is_in_the_ledger() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let first = c.message(&mut w, "K1", FRIEND_JID, "one").await;
    w.send(&first).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "K1")
        .await;
    // A client restored from an old backup: the same chain position, another text.
    let record = c.sessions.remove(FRIEND_JID).unwrap();
    let mut restored = record.into_record();
    let state = restored.session_state_mut().unwrap();
    let chain = state.get_sender_chain_key().unwrap();
    let before = c.sessions.insert(
        FRIEND_JID.into(),
        wharf_sandbox::people::stores::OneSession::stored(restored),
    );
    assert!(before.is_none());
    let m = c.message(&mut w, "K2", FRIEND_JID, "two").await;
    let s = c.sessions.remove(FRIEND_JID).unwrap();
    let mut back = s.into_record();
    back.session_state_mut()
        .unwrap()
        .set_sender_chain_key(&chain)
        .unwrap();
    c.sessions.insert(
        FRIEND_JID.into(),
        wharf_sandbox::people::stores::OneSession::stored(back),
    );
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "K2")
        .await;
    assert_eq!(net.ledger().await["reusedKeys"], json!([]));
    let again = c.message(&mut w, "K3", FRIEND_JID, "three").await;
    w.send(&again).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "K3")
        .await;
    assert_eq!(
        net.ledger().await["reusedKeys"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_prekey_is_handed_out_once_and_leaves_the_digest() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    let left = async |w: &mut crate::wire::Wire| {
        let r = w
            .iq(&iq(
                "get",
                "encrypt",
                vec![NodeBuilder::new("digest").build()],
            ))
            .await;
        child(&r, &["digest", "list"])
            .get_children_by_tag("id")
            .count()
    };
    // The key share took one.
    assert_eq!(left(&mut w).await, 19);
    let user = NodeBuilder::new("user")
        .attr("jid", format!("{ME}:{}@s.whatsapp.net", c.n))
        .build();
    let r = w
        .iq(&iq(
            "get",
            "encrypt",
            vec![NodeBuilder::new("key").children([user]).build()],
        ))
        .await;
    child(&r, &["list", "user", "key"]);
    child(&r, &["list", "user", "device-identity"]);
    assert_eq!(left(&mut w).await, 18);
}

#[tokio::test]
async fn a_prekey_id_uploaded_again_with_another_key_is_refused() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    let mut other = Companion::new();
    other.keys.identity = c.keys.identity.clone();
    other.keys.signed_prekey = c.keys.signed_prekey.clone();
    let r = w.iq(&other.upload(1)).await;
    assert_eq!(text(&r, "type"), "error");
    let fresh = w.iq(&other.upload(500)).await;
    assert_eq!(text(&fresh, "type"), "result");
    let r = w.iq(&Companion::new().upload(900)).await;
    assert_eq!(text(&r, "type"), "error", "another identity");
}

#[tokio::test]
async fn few_prekeys_left_are_told_once() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    let user = NodeBuilder::new("user")
        .attr("jid", format!("{ME}:{}@s.whatsapp.net", c.n))
        .build();
    for _ in 0..17 {
        w.iq(&iq(
            "get",
            "encrypt",
            vec![NodeBuilder::new("key").children([user.clone()]).build()],
        ))
        .await;
    }
    let told = w
        .until("low prekeys", |n| {
            n.tag == "notification" && text(n, "type") == "encrypt"
        })
        .await;
    assert_eq!(text(child(&told, &["count"]), "value"), "4");
    assert!(
        !w.aside
            .iter()
            .any(|n| n.tag == "notification" && text(n, "type") == "encrypt")
    );
}

#[tokio::test]
async fn a_second_socket_replaces_the_first_and_is_an_overlap() {
    let (net, c) = pair().await;
    let mut first = c.online(&net).await;
    let mut second = c.knock(&net).await;
    second.until("success", |n| n.tag == "success").await;
    let end = first.until("replaced", |n| n.tag == "stream:error").await;
    assert_eq!(text(child(&end, &["conflict"]), "type"), "replaced");
    assert_eq!(net.ledger().await["overlaps"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_socket_closed_before_the_next_is_no_overlap() {
    let (net, c) = pair().await;
    for _ in 0..3 {
        let mut w = c.knock(&net).await;
        w.until("success", |n| n.tag == "success").await;
        w.close().await;
    }
    assert_eq!(net.ledger().await["overlaps"], json!([]));
}

#[tokio::test]
async fn a_new_session_without_the_devices_adv_identity_is_a_violation() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let honest = std::mem::take(&mut c.adv);
    let m = c.message(&mut w, "V1", FRIEND_JID, "who am I").await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "V1")
        .await;
    let errors = net.errors().await;
    assert!(errors.iter().any(|e| e.contains("V1")), "{errors:?}");

    c.adv = honest;
    let m = c.message(&mut w, "V2", FRIEND_JID, "it is me").await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "V2")
        .await;
    assert!(!net.errors().await.iter().any(|e| e.contains("V2")));
}

#[tokio::test]
async fn a_receipt_for_what_was_never_sent_is_a_violation() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    let receipt = NodeBuilder::new("receipt")
        .attr("to", FRIEND_JID)
        .attr("id", "imagined");
    w.send(&receipt.build()).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "imagined")
        .await;
    assert!(net.errors().await.iter().any(|e| e.contains("imagined")));
}
