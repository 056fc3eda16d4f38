//! What people see of a client besides messages, and what it sees of them.

use serde_json::{Value, json};
use wacore_binary::{Node, builder::NodeBuilder};

use crate::{
    companion::Companion,
    hand::Net,
    wire::{Wire, text},
};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";
const ME_JID: &str = "491700000001@s.whatsapp.net";
const FRIEND_JID: &str = "491700000002@s.whatsapp.net";

async fn pair() -> (Net, Companion, Wire) {
    let net = Net::start().await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let c = Companion::linked(&net, ME).await;
    let w = c.online(&net).await;
    (net, c, w)
}

fn presence(kind: &'static str) -> Node {
    NodeBuilder::new("presence").attr("type", kind).build()
}

async fn events(net: &Net, kind: &str) -> Vec<Value> {
    let all = net.get(&format!("/accounts/{FRIEND}/seen")).await;
    let all = all["events"].as_array().unwrap().clone();
    all.into_iter().filter(|e| e["type"] == kind).collect()
}

#[tokio::test]
async fn a_person_sees_typing_presence_and_that_their_message_was_read() {
    let (net, _c, mut w) = pair().await;
    w.send(&presence("available")).await;
    for (tag, media) in [
        ("composing", None),
        ("composing", Some("audio")),
        ("paused", None),
    ] {
        let mut state = NodeBuilder::new(tag);
        if let Some(m) = media {
            state = state.attr("media", m);
        }
        let n = NodeBuilder::new("chatstate")
            .attr("to", FRIEND_JID)
            .children([state.build()]);
        w.send(&n.build()).await;
    }
    let id = net.says(FRIEND, ME, "read this").await;
    let read = NodeBuilder::new("receipt")
        .attr("to", FRIEND_JID)
        .attr("id", id.as_str())
        .attr("type", "read");
    w.send(&read.build()).await;
    net.eventually("the read receipt", async || {
        !events(&net, "receipt").await.is_empty()
    })
    .await;

    let states: Vec<_> = events(&net, "typing")
        .await
        .iter()
        .map(|e| e["state"].clone())
        .collect();
    assert_eq!(
        states,
        [json!("composing"), json!("recording"), json!("paused")]
    );
    let r = &events(&net, "receipt").await[0];
    assert_eq!(
        (&r["waMessageId"], &r["kind"], &r["from"], &r["chat"]),
        (&json!(id), &json!("read"), &json!(ME_JID), &json!(ME_JID))
    );
    assert_eq!(events(&net, "presence").await[0]["state"], "available");

    drop(w);
    net.eventually("the client gone", async || {
        events(&net, "presence").await.len() == 2
    })
    .await;
    assert_eq!(events(&net, "presence").await[1]["state"], "unavailable");
}

#[tokio::test]
async fn only_an_available_client_sees_who_types_and_who_is_there() {
    let (net, _c, mut w) = pair().await;
    let subscribe = NodeBuilder::new("presence")
        .attr("type", "subscribe")
        .attr("to", FRIEND_JID)
        .build();
    let path = format!("/accounts/{FRIEND}/presence");
    let types = json!({"to": ME, "typing": {"state": "recording"}});

    // Not there itself: told nothing.
    w.send(&subscribe).await;
    net.eventually("the subscription", async || {
        net.post(&path, json!({"state": "unavailable"})).await["watchedBy"] == 1
    })
    .await;
    net.post(&format!("/accounts/{FRIEND}/send"), types.clone())
        .await;
    w.send(&presence("available")).await;
    w.send(&subscribe).await;
    let is = |n: &Node| n.tag == "presence" || n.tag == "chatstate";
    let first = w.until("presence", is).await;
    assert_eq!(
        (first.tag.as_ref(), text(&first, "type").as_str()),
        ("presence", "unavailable")
    );
    assert_ne!(text(&first, "last"), "deny", "seen to leave a moment ago");

    net.post(&path, json!({"state": "available"})).await;
    let here = w.until("presence", is).await;
    assert_eq!(
        (text(&here, "from").as_str(), text(&here, "type").as_str()),
        (FRIEND_JID, "")
    );
    net.post(&format!("/accounts/{FRIEND}/send"), types).await;
    let typing = w.until("typing", is).await;
    assert_eq!(typing.tag, "chatstate");
    assert_eq!(net.try_post(&path, json!({"state": "asleep"})).await.0, 400);
}

#[tokio::test]
async fn a_call_rings_and_the_caller_sees_it_declined() {
    let (net, _c, mut w) = pair().await;
    let call = |kind: &str| json!({"to": ME, "call": {"kind": kind}});
    let path = format!("/accounts/{FRIEND}/send");
    let out = net.post(&path, call("video")).await;
    let id = out["callId"].as_str().unwrap().to_owned();
    let offer = w.until("the offer", |n| n.tag == "call").await;
    let creator = text(offer.get_optional_child("offer").unwrap(), "call-creator");
    let reject = |call: &str, n: &str| {
        let what = NodeBuilder::new("reject")
            .attr("call-id", call)
            .attr("call-creator", creator.as_str())
            .attr("count", "0");
        NodeBuilder::new("call")
            .attr("to", creator.as_str())
            .attr("id", n)
            .children([what.build()])
            .build()
    };
    w.send(&reject(&id, "C1")).await;
    let ack = w
        .until("ack", |n| n.tag == "ack" && text(n, "id") == "C1")
        .await;
    assert_eq!(
        (text(&ack, "class").as_str(), text(&ack, "type").as_str()),
        ("call", "reject")
    );
    let seen = events(&net, "call").await;
    assert_eq!(
        (&seen[0]["callId"], &seen[0]["state"]),
        (&json!(id), &json!("rejected"))
    );

    // Declined, so it cannot end again; another one rings until its caller gives up.
    let hangup = |id: &str| json!({"to": ME, "call": {"kind": "hangup", "callId": id}});
    assert_eq!(net.try_post(&path, hangup(&id)).await.0, 409);
    let other = net.post(&path, call("audio")).await["callId"]
        .as_str()
        .unwrap()
        .to_owned();
    net.post(&path, hangup(&other)).await;
    let end = w
        .until("the end", |n| {
            n.tag == "call" && n.get_optional_child("terminate").is_some()
        })
        .await;
    assert_eq!(
        text(end.get_optional_child("terminate").unwrap(), "call-id"),
        other
    );
    assert_eq!(net.errors().await, Vec::<String>::new());

    w.send(&reject("NOPE", "C2")).await;
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == "C2")
        .await;
    assert!(net.errors().await[0].contains("never rang"));
}
