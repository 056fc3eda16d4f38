//! Channels: made, followed, written to and read, by clients and by people.

use buffa::Message as _;
use serde_json::{Value, json};
use wacore_binary::{Node, NodeContent, builder::NodeBuilder};
use waproto::whatsapp as wa;

use crate::{
    companion::{Companion, child, iq},
    hand::Net,
    wire::{Wire, text},
};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";

const CREATE: &str = "25149874324715067";
const FETCH: &str = "27456920720571478";
const SUBSCRIBED: &str = "25399611239711790";
const JOIN: &str = "24404358912487870";
const LEAVE: &str = "9767147403369991";

async fn begin() -> (Net, Wire) {
    let net = Net::start().await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let c = Companion::linked(&net, ME).await;
    let w = c.online(&net).await;
    (net, w)
}

async fn mex(w: &mut Wire, id: &'static str, variables: Value) -> Value {
    let body = json!({ "variables": variables }).to_string().into_bytes();
    let q = NodeBuilder::new("query")
        .attr("query_id", id)
        .bytes(body)
        .build();
    let r = w.iq(&iq("get", "w:mex", vec![q])).await;
    serde_json::from_slice(&bytes(child(&r, &["result"]))).unwrap()
}

fn bytes(n: &Node) -> Vec<u8> {
    match &n.content {
        Some(NodeContent::Bytes(b)) => b.clone(),
        _ => Vec::new(),
    }
}

fn said(n: &Node) -> String {
    let msg = wa::Message::decode_from_slice(&bytes(child(n, &["plaintext"]))).unwrap();
    msg.conversation.unwrap_or_default()
}

fn post(to: &str, id: &str, edit: Option<&'static str>, body: &str) -> Node {
    let msg = wa::Message {
        conversation: Some(body.into()),
        ..Default::default()
    };
    let plain = if body.is_empty() {
        Vec::new()
    } else {
        msg.encode_to_vec()
    };
    let mut b = NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", "text");
    if let Some(e) = edit {
        b = b.attr("edit", e);
    }
    b.children([NodeBuilder::new("plaintext").bytes(plain).build()])
        .build()
}

async fn acked(w: &mut Wire, n: &Node) -> Node {
    w.send(n).await;
    let id = text(n, "id");
    w.until("ack", |n| n.tag == "ack" && text(n, "id") == id)
        .await
}

/// Of the newsletter namespace, addressed to the channel.
fn ask(jid: &str, kind: &'static str, what: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("to", jid)
        .attr("id", format!("{:x}", rand::random::<u64>()))
        .attr("type", kind)
        .attr("xmlns", "newsletter")
        .children([what])
        .build()
}

#[tokio::test]
async fn an_owner_posts_edits_and_takes_back_and_followers_see_it() {
    let (net, mut w) = begin().await;
    let made = mex(
        &mut w,
        CREATE,
        json!({"input": {"name": "News", "description": "of the pier"}}),
    )
    .await;
    let made = &made["data"]["xwa2_newsletter_create"];
    let jid = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (
            &made["viewer_metadata"]["role"],
            &made["thread_metadata"]["name"]["text"]
        ),
        (&json!("owner"), &json!("News"))
    );
    net.post(
        &format!("/channels/{jid}/followers"),
        json!({"phone": FRIEND}),
    )
    .await;

    let ack = acked(&mut w, &post(&jid, "P1", None, "first")).await;
    let again = acked(&mut w, &post(&jid, "P1", None, "first")).await;
    assert_eq!(
        (text(&ack, "error").as_str(), text(&ack, "server_id")),
        ("", text(&again, "server_id"))
    );
    acked(&mut w, &post(&jid, "P2", None, "second")).await;
    acked(&mut w, &post(&jid, "P2", Some("3"), "second, edited")).await;
    acked(&mut w, &post(&jid, "P1", Some("8"), "")).await;
    let inbox = net.inbox(FRIEND).await;
    let seen: Vec<_> = inbox
        .iter()
        .map(|e| (&e["chat"], &e["body"], &e["deleted"]))
        .collect();
    let j = json!(jid);
    assert_eq!(
        seen,
        [
            (&j, &json!(""), &json!(true)),
            (&j, &json!("second, edited"), &json!(false))
        ]
    );

    let live = w
        .iq(&ask(&jid, "set", NodeBuilder::new("live_updates").build()))
        .await;
    assert_eq!(text(child(&live, &["live_updates"]), "duration"), "300");
    let server_id = net.get(&format!("/channels/{jid}")).await["posts"][1]["serverId"].clone();
    net.post(
        &format!("/channels/{jid}/reactions"),
        json!({"phone": FRIEND, "serverId": server_id, "emoji": "👍"}),
    )
    .await;
    let note = w.until("live update", |n| n.tag == "notification").await;
    let reaction = child(
        &note,
        &[
            "live_updates",
            "messages",
            "message",
            "reactions",
            "reaction",
        ],
    );
    assert_eq!(
        (text(reaction, "code"), text(reaction, "count")),
        ("👍".into(), "1".into())
    );

    let past = w
        .iq(&ask(
            &jid,
            "get",
            NodeBuilder::new("messages").attr("count", "10").build(),
        ))
        .await;
    let all: Vec<_> = child(&past, &["messages"])
        .get_children_by_tag("message")
        .collect();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (said(all[1]).as_str(), text(all[1], "is_sender").as_str()),
        ("second, edited", "true")
    );
    assert_eq!(net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_client_follows_reads_and_leaves_and_may_not_post() {
    let (net, mut w) = begin().await;
    let made = net
        .post("/channels", json!({"owner": FRIEND, "name": "Weather"}))
        .await;
    let jid = made["channelJid"].as_str().unwrap().to_owned();
    let by_invite =
        json!({"input": {"key": made["invite"], "type": "INVITE", "view_role": "GUEST"}});
    let found = mex(&mut w, FETCH, by_invite).await;
    assert_eq!(
        found["data"]["xwa2_newsletter"]["viewer_metadata"]["role"],
        "guest"
    );
    let join = json!({"newsletter_id": jid});
    assert_eq!(
        mex(&mut w, JOIN, join.clone()).await["data"]["xwa2_newsletter_join_v2"]["viewer_metadata"]
            ["role"],
        "subscriber"
    );
    let mine = mex(&mut w, SUBSCRIBED, json!({})).await;
    assert_eq!(
        mine["data"]["xwa2_newsletter_subscribed"][0]["thread_metadata"]["subscribers_count"],
        "1"
    );

    let out = net
        .post(&format!("/channels/{jid}/posts"), json!({"text": "sunny"}))
        .await;
    let n = w
        .until("the post", |n| n.tag == "message" && text(n, "from") == jid)
        .await;
    assert_eq!(
        (said(&n).as_str(), json!(text(&n, "id"))),
        ("sunny", out["waMessageId"].clone())
    );
    assert_eq!(
        json!(text(&n, "server_id").parse::<i64>().unwrap()),
        out["serverId"]
    );

    assert_eq!(
        text(
            &acked(&mut w, &post(&jid, "X", None, "mine")).await,
            "error"
        ),
        "403"
    );
    assert_eq!(
        text(
            &acked(
                &mut w,
                &post("120363400000000000@newsletter", "Y", None, "lost")
            )
            .await,
            "error"
        ),
        "404"
    );
    assert!(mex(&mut w, LEAVE, join.clone()).await["data"]["xwa2_newsletter_leave_v2"].is_object());
    assert_eq!(
        mex(&mut w, LEAVE, join).await["errors"][0]["extensions"]["error_code"],
        403
    );
    let unknown = mex(
        &mut w,
        FETCH,
        json!({"input": {"key": "nope", "type": "INVITE"}}),
    )
    .await;
    assert_eq!(unknown["errors"][0]["extensions"]["error_code"], 404);
    assert_eq!(net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_of_a_channel_lies_open() {
    let (net, mut w) = begin().await;
    let made = net
        .post("/channels", json!({"owner": FRIEND, "name": "Pictures"}))
        .await;
    let jid = made["channelJid"].as_str().unwrap().to_owned();
    net.post(&format!("/channels/{jid}/followers"), json!({"phone": ME}))
        .await;
    let media = json!({"data": "/9j/4A==", "caption": "the pier"});
    net.post(
        &format!("/channels/{jid}/posts"),
        json!({"type": "image", "media": media}),
    )
    .await;
    let n = w
        .until("the picture", |n| {
            n.tag == "message" && text(n, "from") == jid
        })
        .await;
    let msg = wa::Message::decode_from_slice(&bytes(child(&n, &["plaintext"]))).unwrap();
    let i = msg.image_message.as_option().unwrap();
    assert_eq!(
        (&i.media_key, &i.file_enc_sha256, i.file_length),
        (&None, &None, Some(4))
    );
    let file = net
        .sandbox
        .sim()
        .media
        .blobs()
        .get(i.direct_path.as_deref().unwrap());
    let wharf_sandbox::media::Blob::Here(path) = file else {
        panic!("{file:?}")
    };
    assert_eq!(std::fs::read(path).unwrap(), [0xff, 0xd8, 0xff, 0xe0]);

    // The same from a client: open it passes, with a key it does not.
    let mine = mex(&mut w, CREATE, json!({"input": {"name": "Mine"}})).await;
    let mine = mine["data"]["xwa2_newsletter_create"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (id, key) in [("M1", None), ("M2", Some(vec![7; 32]))] {
        let picture = wa::message::ImageMessage {
            media_key: key,
            ..i.clone()
        };
        let msg = wa::Message {
            image_message: buffa::MessageField::some(picture),
            ..Default::default()
        };
        let plain = NodeBuilder::new("plaintext")
            .attr("mediatype", "image")
            .bytes(msg.encode_to_vec());
        let n = NodeBuilder::new("message")
            .attr("to", mine.as_str())
            .attr("id", id)
            .attr("type", "media")
            .attr(
                "media_id",
                wharf_sandbox::media::handle(i.file_sha256.as_deref().unwrap()),
            );
        acked(&mut w, &n.children([plain.build()]).build()).await;
    }
    let errors = net.errors().await;
    assert!(
        errors.len() == 1 && errors[0].contains("M2") && errors[0].contains("no key"),
        "{errors:?}"
    );
}
