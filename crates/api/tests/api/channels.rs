//! Channels over HTTP: what is stored, refusals in their order, and what is made once.

use crate::harness::TestApi;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::{
    inbound::{ChannelRole, InChannel, InPost, Inbound, MessageExtra, Origin, PostContent},
    ports::engine::Handed,
    sessions::SessionScope,
};

const NEWS: &str = "120363400000000001@newsletter";
const OURS: &str = "120363400000000002@newsletter";

fn channel(jid: &str, role: ChannelRole) -> Inbound {
    Inbound::Channel {
        channel: Box::new(InChannel {
            jid: jid.parse().unwrap(),
            name: format!("The {}", role.as_str()),
            description: "of the pier".to_owned(),
            invite: "0029Va".to_owned(),
            role,
            muted: Some(false),
            followers: 12,
            created_at: None,
        }),
        origin: Origin::Bulk,
    }
}

fn post(number: u64, body: &str) -> Inbound {
    Inbound::Post(Box::new(InPost {
        channel: NEWS.parse().unwrap(),
        number,
        wa_id: format!("P{number}"),
        from_me: false,
        at: i64::try_from(number).unwrap(),
        says: Some(PostContent {
            kind: "text".to_owned(),
            body: body.to_owned(),
            extra: MessageExtra {
                number,
                ..MessageExtra::default()
            },
        }),
        counts: Vec::new(),
        as_of: 1,
        origin: Origin::Bulk,
    }))
}

async fn home() -> (TestApi, SessionScope, String) {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let facts = vec![
        channel(NEWS, ChannelRole::Follower),
        channel(OURS, ChannelRole::Owner),
        post(100, "one"),
        post(101, "two"),
    ];
    api.told(scope, facts).await;
    api.engine.heard();
    (api, scope, format!("/sessions/{}", scope.id))
}

#[tokio::test]
async fn what_is_stored_answers_while_disconnected() {
    let (api, _, base) = home().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    let page = api.get(&format!("{base}/channels?limit=1")).await.ok(200);
    assert_eq!(page["data"][0]["jid"], NEWS);
    assert_eq!(
        page["data"][0]["link"],
        "https://whatsapp.com/channel/0029Va"
    );
    let cursor = page["nextCursor"].as_str().unwrap();
    let page = api
        .get(&format!("{base}/channels?limit=1&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(
        (&page["data"][0]["jid"], &page["nextCursor"]),
        (&json!(OURS), &json!(""))
    );
    let posts = api
        .get(&format!("{base}/channels/{NEWS}/messages"))
        .await
        .ok(200);
    let bodies: Vec<&Value> = posts["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| &post["body"])
        .collect();
    assert_eq!(bodies, ["two", "one"]);
    assert_eq!(posts["data"][0]["senderName"], "The follower");
    let none = api
        .get(&format!("{base}/channels/{OURS}/messages"))
        .await
        .ok(200);
    assert_eq!(none["data"], json!([]));
    let path = format!("{base}/channels/120363400000000009@newsletter/messages");
    api.get(&path).await.is(404, "not_found");
    for jid in [
        "x",
        "15551230001",
        "120363000000000001@g.us",
        "1@newsletter",
    ] {
        let path = format!("{base}/channels/{jid}/messages");
        api.get(&path).await.is(400, "validation_error");
        for verb in ["follow", "unfollow"] {
            let path = format!("{base}/channels/{jid}:{verb}");
            api.by_key("POST", &path)
                .go()
                .await
                .is(400, "validation_error");
        }
    }
}

#[tokio::test]
async fn live_calls_need_a_connection_and_sound_words() {
    let (api, _, base) = home().await;
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": " "}),
        json!({"name": "x".repeat(101)}),
        json!({"name": 1}),
        json!({"name": "x", "description": "x".repeat(2049)}),
        json!({"name": "x", "colour": "red"}),
    ] {
        api.post(&format!("{base}/channels"), &body)
            .await
            .is(400, "validation_error");
    }
    let mute = format!("{base}/channels/{NEWS}:mute");
    for body in [json!({"mute": "yes"}), json!({"muted": true})] {
        api.post(&mute, &body).await.is(400, "validation_error");
    }
    assert_eq!(api.engine.heard(), Vec::<String>::new());
    api.engine.connected.store(false, Ordering::SeqCst);
    let off = api
        .post(&format!("{base}/channels"), &json!({"name": "x"}))
        .await;
    assert_eq!(
        off.is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    let off = api.post(&mute, &json!({})).await;
    assert_eq!(
        off.is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    for (jid, verb) in [
        (NEWS, "follow"),
        (OURS, "follow"),
        (NEWS, "unfollow"),
        (OURS, "unfollow"),
    ] {
        let path = format!("{base}/channels/{jid}:{verb}");
        let off = api.by_key("POST", &path).go().await;
        assert_eq!(
            off.is(501, "not_implemented")["reason"],
            "session_not_connected",
            "{path}"
        );
    }
}

#[tokio::test]
async fn verbs_repeat_without_harm_and_change_what_is_stored() {
    let (api, _, base) = home().await;
    let poke = async |jid: &str, verb: &str| {
        let path = format!("{base}/channels/{jid}:{verb}");
        let answer = api.by_key("POST", &path).go().await;
        assert_eq!(answer.status.as_u16(), 204, "{path}");
    };
    let role = async || {
        let page = api.get(&format!("{base}/channels")).await.ok(200);
        page["data"][0]["role"].clone()
    };
    poke(NEWS, "unfollow").await;
    poke(NEWS, "unfollow").await;
    assert_eq!(role().await, "guest");
    poke(NEWS, "follow").await;
    assert_eq!(role().await, "follower");
    poke(OURS, "follow").await;
    assert_eq!(
        api.engine.heard(),
        [
            format!("unfollow {NEWS}"),
            format!("unfollow {NEWS}"),
            format!("follow {NEWS}"),
            format!("posts of {NEWS}")
        ]
    );
    let path = format!("{base}/channels/{OURS}:unfollow");
    let refused = api.by_key("POST", &path).go().await;
    assert_eq!(refused.is(403, "forbidden")["reason"], "channel_owner");
    let mute = format!("{base}/channels/{NEWS}:mute");
    for (body, muted) in [(json!({}), true), (json!({"mute": false}), false)] {
        assert_eq!(api.post(&mute, &body).await.status.as_u16(), 204);
        let page = api.get(&format!("{base}/channels")).await.ok(200);
        assert_eq!(page["data"][0]["muted"], muted);
    }
}

#[tokio::test]
async fn a_post_is_sent_by_who_may_and_keeps_its_number() {
    let (api, _, base) = home().await;
    let text = |to: &str| json!({"type": "text", "to": to, "text": "news"});
    let path = format!("{base}/messages");
    let refused = api.post(&path, &text(NEWS)).await;
    assert_eq!(refused.is(403, "forbidden")["reason"], "not_channel_admin");
    assert!(api.engine.sent.lock().unwrap().is_empty());
    api.engine
        .words
        .lock()
        .unwrap()
        .push_back(Handed::Posted { at: 1, number: 200 });
    let sent = api.post(&path, &text(OURS)).await.ok(200);
    let id = sent["waMessageId"].as_str().unwrap().to_owned();
    // A reaction names the post by its number, an edit by its id.
    let reaction = format!("{base}/messages/{id}/reaction");
    api.post(&reaction, &json!({"chat": OURS, "emoji": "👍"}))
        .await
        .ok(200);
    let edit = json!({"chat": OURS, "text": "better news"});
    api.by_key("PATCH", &format!("{base}/messages/{id}"))
        .json(&edit)
        .go()
        .await
        .ok(200);
    let numbers: Vec<u64> = {
        let sent = api.engine.sent.lock().unwrap();
        let targets = sent.iter().filter_map(|one| one.content.target());
        targets.map(|target| target.number).collect()
    };
    assert_eq!(numbers, [200, 200]);
    // One whose number was never told cannot be reacted to.
    let sent = api.post(&path, &text(OURS)).await.ok(200);
    let id = sent["waMessageId"].as_str().unwrap();
    let reaction = format!("{base}/messages/{id}/reaction");
    let refused = api
        .post(&reaction, &json!({"chat": OURS, "emoji": "👍"}))
        .await;
    assert!(refused.is(400, "validation_error")["mid"].is_string());
}
