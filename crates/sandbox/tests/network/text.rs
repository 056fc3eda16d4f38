//! Text both ways, receipts, the offline queue, other devices.

use serde_json::json;
use wacore_binary::builder::NodeBuilder;

use crate::{
    companion::{Companion, activate, child, iq, receipt},
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
async fn a_person_reads_what_a_client_writes_and_says_so() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    for (id, body) in [("A1", "first"), ("A2", "second")] {
        let m = c.message(&mut w, id, FRIEND_JID, body).await;
        w.send(&m).await;
        let ack = w
            .until("ack", |n| n.tag == "ack" && text(n, "id") == id)
            .await;
        assert_eq!(
            (text(&ack, "class"), text(&ack, "error")),
            ("message".into(), String::new())
        );
        w.until("delivery receipt", |n| {
            n.tag == "receipt" && text(n, "id") == id && text(n, "type").is_empty()
        })
        .await;
    }
    let inbox = net.inbox(FRIEND).await;
    let seen: Vec<_> = inbox
        .iter()
        .map(|e| {
            (
                e["waMessageId"].as_str().unwrap(),
                e["body"].as_str().unwrap(),
                e["from"].as_str().unwrap(),
            )
        })
        .collect();
    let me = format!("{ME}@s.whatsapp.net");
    assert_eq!(
        seen,
        [("A1", "first", me.as_str()), ("A2", "second", me.as_str())]
    );
    net.post(
        &format!("/accounts/{FRIEND}/send"),
        json!({"to": ME, "receipt": {"waMessageIds": ["A1", "A2"], "kind": "read"}}),
    )
    .await;
    w.until("read receipt", |n| {
        n.tag == "receipt" && text(n, "type") == "read"
    })
    .await;
    assert_eq!(net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_client_reads_what_a_person_writes_under_the_right_name() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    net.says(FRIEND, ME, "hello").await;
    let m = w
        .until("message", |n| {
            n.tag == "message" && text(n, "category").is_empty()
        })
        .await;
    assert!(
        text(&m, "from").ends_with("@lid"),
        "a migrated account writes as its LID"
    );
    assert_eq!(text(&m, "sender_pn"), FRIEND_JID);
    assert_eq!(c.read(&m).await.conversation.as_deref(), Some("hello"));

    net.post(
        &format!("/accounts/{FRIEND}/send"),
        json!({"to": ME, "type": "text", "text": "hidden", "hideNumber": true}),
    )
    .await;
    let m = w
        .until("message", |n| {
            n.tag == "message" && text(n, "category").is_empty()
        })
        .await;
    assert_eq!(text(&m, "sender_pn"), "", "the number is hidden");

    let old = "491700000003";
    net.post(
        "/accounts",
        json!({"phone": old, "name": "Old", "lidMigrated": false}),
    )
    .await;
    net.says(old, ME, "as ever").await;
    let m = w
        .until("message", |n| {
            n.tag == "message" && text(n, "category").is_empty()
        })
        .await;
    assert_eq!(text(&m, "from"), format!("{old}@s.whatsapp.net"));
    assert!(text(&m, "sender_lid").ends_with("@lid"));
    let refused = net
        .try_post(
            &format!("/accounts/{old}/send"),
            json!({"to": ME, "type": "text", "text": "x", "hideNumber": true}),
        )
        .await;
    assert_eq!(refused.0, 400);
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_what_is_does_not() {
    let (net, c) = pair().await;
    let mut w = c.online(&net).await;
    w.until("key share", |n| n.tag == "message").await;
    let first = net.says(FRIEND, ME, "one").await;
    let m = w.until("message", |n| text(n, "id") == first).await;
    w.send(&receipt(&m)).await;
    w.until("receipt's ack", |n| {
        n.tag == "ack" && text(n, "id") == first
    })
    .await;
    let second = net.says(FRIEND, ME, "two").await;
    w.until("message", |n| text(n, "id") == second).await;
    w.close().await;

    let third = net.says(FRIEND, ME, "three").await;
    let mut w = c.knock(&net).await;
    w.until("success", |n| n.tag == "success").await;
    activate(&mut w).await;
    let again: Vec<_> = w
        .aside
        .iter()
        .filter(|n| n.tag == "message" && text(n, "category").is_empty())
        .map(|n| text(n, "id"))
        .collect();
    assert_eq!(again, [second, third]);
    assert!(
        w.aside
            .iter()
            .filter(|n| n.tag == "message")
            .all(|n| !text(n, "offline").is_empty())
    );
}

#[tokio::test]
async fn a_message_sent_twice_is_shown_once() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let m = c.message(&mut w, "B1", FRIEND_JID, "once").await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "B1")
        .await;
    w.close().await;
    let mut w = c.online(&net).await;
    w.send(&m).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "B1")
        .await;
    assert_eq!(net.inbox(FRIEND).await.len(), 1);
    let ledger = net.ledger().await;
    let sent = ledger["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["waMessageId"] == "B1")
        .unwrap();
    assert_eq!(
        (
            sent["resent"].as_bool(),
            sent["deliveries"][1]["count"].as_u64()
        ),
        (Some(true), Some(2))
    );
    assert_eq!(
        ledger["reusedKeys"],
        json!([]),
        "the same bytes again are a resend, not a key used twice"
    );
}

#[tokio::test]
async fn a_number_that_does_not_exist_is_refused() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let mut m = c.message(&mut w, "C1", FRIEND_JID, "x").await;
    m.attrs.insert("to", "491799999999@s.whatsapp.net");
    w.send(&m).await;
    let ack = w
        .until("nack", |n| n.tag == "ack" && text(n, "id") == "C1")
        .await;
    assert_eq!(text(&ack, "error"), "404");
    assert!(net.inbox(FRIEND).await.is_empty());
}

#[tokio::test]
async fn an_unreadable_message_is_asked_for_again_and_answered() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    net.post(
        "/faults",
        json!({"kind": "bad_ciphertext", "phone": ME, "count": 1}),
    )
    .await;
    let id = net.says(FRIEND, ME, "second try").await;
    let m = w.until("message", |n| text(n, "id") == id).await;
    let retry = NodeBuilder::new("retry")
        .attr("count", "1")
        .attr("id", id.as_str())
        .attr("v", "1")
        .build();
    let ask = NodeBuilder::new("receipt")
        .attr("to", text(&m, "from"))
        .attr("id", id.as_str())
        .attr("type", "retry")
        .children([retry])
        .build();
    w.send(&ask).await;
    let again = w
        .until("second copy", |n| n.tag == "message" && text(n, "id") == id)
        .await;
    c.sessions.clear();
    assert_eq!(
        c.read(&again).await.conversation.as_deref(),
        Some("second try")
    );
}

#[tokio::test]
async fn a_phone_that_cannot_read_asks_for_a_second_copy() {
    let (net, mut c) = pair().await;
    let mut w = c.online(&net).await;
    let mut m = c.message(&mut w, "D1", FRIEND_JID, "garbled").await;
    spoil(&mut m);
    w.send(&m).await;
    let ask = w
        .until("retry", |n| {
            n.tag == "receipt" && text(n, "type") == "retry"
        })
        .await;
    assert_eq!(text(child(&ask, &["retry"]), "count"), "1");
    child(&ask, &["keys", "skey"]);
    assert!(net.inbox(FRIEND).await.is_empty());
}

/// One bit of the first ciphertext.
fn spoil(m: &mut wacore_binary::Node) {
    use wacore_binary::NodeContent::{Bytes, Nodes};
    let mut n = m;
    loop {
        match n.content.as_mut().unwrap() {
            Nodes(kids) => n = &mut kids[0],
            Bytes(b) => {
                let at = b.len() - 12;
                b[at] ^= 1;
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn both_devices_of_an_account_get_what_is_written_to_it() {
    let (net, mut c) = pair().await;
    let mut d = Companion::linked(&net, ME).await;
    let (mut w, mut x) = (c.online(&net).await, d.online(&net).await);
    net.says(FRIEND, ME, "to all").await;
    for (c, w) in [(&mut c, &mut w), (&mut d, &mut x)] {
        let m = w
            .until("message", |n| {
                n.tag == "message" && text(n, "category").is_empty()
            })
            .await;
        assert_eq!(c.read(&m).await.conversation.as_deref(), Some("to all"));
    }
    let query = NodeBuilder::new("usync")
        .attr("sid", "1")
        .attr("mode", "query")
        .attr("context", "message")
        .children([
            NodeBuilder::new("query")
                .children([NodeBuilder::new("devices").attr("version", "2").build()])
                .build(),
            NodeBuilder::new("list")
                .children([NodeBuilder::new("user")
                    .attr("jid", format!("{ME}@s.whatsapp.net"))
                    .build()])
                .build(),
        ]);
    let r = w.iq(&iq("get", "usync", vec![query.build()])).await;
    let list = child(&r, &["usync", "list", "user", "devices", "device-list"]);
    assert_eq!(
        list.get_children_by_tag("device")
            .map(|d| text(d, "id"))
            .collect::<Vec<_>>(),
        ["0", "1", "2"]
    );
    child(&r, &["usync", "list", "user", "devices", "key-index-list"]);
}
