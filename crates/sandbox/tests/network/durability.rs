//! A world outlives its process.

use serde_json::json;
use wharf_sandbox::Options;

use crate::{
    companion::{Companion, activate, devices},
    hand::Net,
    wire::text,
};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";
const FRIEND_JID: &str = "491700000002@s.whatsapp.net";

#[tokio::test]
async fn accounts_devices_sessions_queue_and_inbox_survive() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options {
        data_dir: Some(dir.path().into()),
        ..Options::default()
    };
    let net = Net::with(options()).await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let mut c = Companion::linked(&net, ME).await;
    let mut w = c.online(&net).await;
    let hello = net.says(FRIEND, ME, "hello").await;
    let m = w.until("message", |n| text(n, "id") == hello).await;
    c.read(&m).await;
    let m = c.message(&mut w, "A1", FRIEND_JID, "hi").await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "A1")
        .await;
    let (root, chat) = (net.sandbox.noise_root_hex(), net.sandbox.chat_url());
    drop(net);

    let net = Net::with(options()).await;
    assert_eq!(net.sandbox.noise_root_hex(), root);
    assert_eq!(net.sandbox.chat_url(), chat, "the port is kept");
    assert_eq!(devices(&net.get(&format!("/accounts/{ME}")).await), [1]);
    assert_eq!(
        net.inbox(FRIEND)
            .await
            .iter()
            .filter(|e| e["body"] == "hi")
            .count(),
        1
    );
    // The session goes on: neither side begins anew.
    let later = net.says(FRIEND, ME, "still here").await;
    let mut w = c.knock(&net).await;
    w.until("success", |n| n.tag == "success").await;
    activate(&mut w).await;
    let ids: Vec<_> = w
        .aside
        .iter()
        .filter(|n| n.tag == "message" && text(n, "category").is_empty())
        .map(|n| text(n, "id"))
        .collect();
    assert_eq!(
        ids,
        [hello, later.clone()],
        "the unacknowledged one again, then the new one"
    );
    let m = w.until("message", |n| text(n, "id") == later).await;
    assert_eq!(c.read(&m).await.conversation.as_deref(), Some("still here"));
    let m = c.message(&mut w, "A2", FRIEND_JID, "me too").await;
    w.send(&m).await;
    w.until("receipt", |n| n.tag == "receipt" && text(n, "id") == "A2")
        .await;
    let ledger = net.ledger().await;
    assert_eq!(
        ledger["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|m| m["waMessageId"] == "A1")
            .count(),
        1
    );
    assert_eq!(ledger["reusedKeys"], json!([]));
}
