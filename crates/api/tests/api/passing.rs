//! What others are shown at once, and what is told of them without being kept.

use crate::harness::TestApi;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::{
    calls::{CallState, InCall},
    inbound::{InChat, InMessage, Inbound, MessageExtra, Origin, Seen},
    inbox::DomainInbox,
    live::Passing,
    log::{Begin, Filter, Next},
    ports::engine::{Connection, Inbox},
    sessions::SessionScope,
};

const ZOE: &str = "15551230001";
const GROUP: &str = "120363000000000001@g.us";

fn zoe() -> Seen {
    Seen {
        phone: Some(ZOE.parse().unwrap()),
        lid: Some("111@lid".parse().unwrap()),
    }
}

fn text(chat: InChat, wa_id: &str, by_number: bool) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        chat,
        sender: zoe(),
        from_me: wa_id.starts_with("OWN"),
        wa_id: wa_id.to_owned(),
        at: 1_000,
        push_name: "Zoë".to_owned(),
        kind: "text".to_owned(),
        body: "hello".to_owned(),
        extra: MessageExtra {
            by_number,
            ..MessageExtra::default()
        },
        origin: Origin::Live,
        ack_level: 0,
    }))
}

async fn home() -> (TestApi, SessionScope, String) {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let dm = || InChat::Person(zoe());
    let group = || InChat::Group(GROUP.parse().unwrap());
    api.told(
        scope,
        vec![
            text(dm(), "A", false),
            text(dm(), "B", true),
            text(dm(), "OWN", false),
            text(group(), "G", false),
            text(InChat::Status, "S", false),
        ],
    )
    .await;
    let base = format!("/sessions/{}", scope.id);
    api.engine.heard();
    (api, scope, base)
}

async fn put(api: &TestApi, path: &str, body: Value) -> crate::harness::Answer {
    api.by_key("PUT", path).json(&body).go().await
}

#[tokio::test]
async fn typing_is_shown_in_direct_chats_and_groups() {
    let (api, _, base) = home().await;
    for (chat, state, heard) in [
        (ZOE, "composing", format!("{ZOE}@s.whatsapp.net Composing")),
        ("111@lid", "paused", format!("{ZOE}@s.whatsapp.net Paused")),
        (GROUP, "recording", format!("{GROUP} Recording")),
    ] {
        let path = format!("{base}/chats/{chat}/presence");
        let told = put(&api, &path, json!({"state": state})).await;
        assert_eq!(told.status.as_u16(), 204);
        assert_eq!(api.engine.heard(), [heard]);
    }
    let path = format!("{base}/chats/{ZOE}/presence");
    for body in [
        json!({"state": "x"}),
        json!({}),
        json!({"state": 1}),
        json!({"state": "paused", "x": 1}),
    ] {
        put(&api, &path, body).await.is(400, "validation_error");
    }
    let feed = format!("{base}/chats/status@broadcast/presence");
    put(&api, &feed, json!({"state": "paused"}))
        .await
        .is(400, "validation_error");
    let nobody = format!("{base}/chats/19999999999/presence");
    put(&api, &nobody, json!({"state": "paused"}))
        .await
        .is(404, "not_found");
    api.engine.connected.store(false, Ordering::SeqCst);
    let away = put(&api, &path, json!({"state": "paused"})).await;
    assert_eq!(
        away.is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    assert_eq!(api.engine.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn read_receipts_answer_in_the_form_of_the_message() {
    let (api, _, base) = home().await;
    let send = async |chat: &str, messages: Value| {
        let path = format!("{base}/chats/{chat}/receipts");
        api.post(&path, &json!({"messages": messages})).await
    };
    let dm = send(ZOE, json!(["A", "B", "OWN", "A"])).await;
    assert_eq!(dm.status.as_u16(), 204);
    assert_eq!(
        api.engine.heard(),
        [
            "111@lid - read A".to_owned(),
            format!("{ZOE}@s.whatsapp.net - read B")
        ]
    );
    assert_eq!(send(GROUP, json!(["G"])).await.status.as_u16(), 204);
    assert_eq!(api.engine.heard(), [format!("{GROUP} 111@lid read G")]);
    // The unread counter is the gateway's own.
    let chat = api.get(&format!("{base}/chats/{GROUP}")).await.ok(200);
    assert_eq!(chat["unreadCount"], 1);
    let many: Vec<String> = (0..1001).map(|n| format!("M{n}")).collect();
    for messages in [json!([]), json!(many), json!("A"), json!([1])] {
        let details = send(ZOE, messages).await.is(400, "validation_error");
        assert!(
            details
                .as_object()
                .unwrap()
                .keys()
                .any(|k| k.starts_with("messages")),
            "{details}"
        );
    }
    send(ZOE, json!(["A", "G"])).await.is(404, "not_found");
    send("19999999999", json!(["A"])).await.is(404, "not_found");
    send("status@broadcast", json!(["S"]))
        .await
        .is(400, "validation_error");
    assert_eq!(api.engine.heard(), Vec::<String>::new(), "all or nothing");
    api.engine.connected.store(false, Ordering::SeqCst);
    send(ZOE, json!(["A"])).await.is(501, "not_implemented");
    send(ZOE, json!(["X"])).await.is(404, "not_found");
}

#[tokio::test]
async fn being_there_and_asking_who_else_is() {
    let (api, scope, base) = home().await;
    let own = format!("{base}/presence");
    for (state, heard) in [
        ("available", "available true"),
        ("unavailable", "available false"),
    ] {
        let told = put(&api, &own, json!({"state": state})).await;
        assert_eq!(told.status.as_u16(), 204);
        assert_eq!(api.engine.heard(), [heard]);
    }
    for body in [json!({"state": "away"}), json!({}), json!({"state": null})] {
        put(&api, &own, body).await.is(400, "validation_error");
    }
    let online = api
        .by_key("PATCH", &base)
        .json(&json!({"markOnline": true}));
    online.go().await.ok(200);
    assert_eq!(api.engine.heard(), ["available true"]);
    api.by_key("PATCH", &base)
        .json(&json!({"label": "x"}))
        .go()
        .await
        .ok(200);
    assert_eq!(api.engine.heard(), Vec::<String>::new());
    let subscribe = async |who: &str| {
        let path = format!("{base}/contacts/{who}/presence:subscribe");
        api.by_key("POST", &path).go().await
    };
    for (who, heard) in [
        (ZOE, "subscribe 111@lid"),
        ("111%40lid", "subscribe 111@lid"),
        ("%2B19999999999", "subscribe 19999999999@s.whatsapp.net"),
    ] {
        assert_eq!(subscribe(who).await.status.as_u16(), 204);
        assert_eq!(api.engine.heard(), [heard]);
    }
    for who in ["x", GROUP] {
        subscribe(who).await.is(400, "validation_error");
    }
    api.engine.connected.store(false, Ordering::SeqCst);
    subscribe(ZOE).await.is(501, "not_implemented");
    put(&api, &own, json!({"state": "available"}))
        .await
        .is(501, "not_implemented");
    let _ = scope;
}

#[tokio::test]
async fn presence_of_people_reaches_who_listens_and_nobody_else() {
    let (api, scope, _) = home().await;
    let inbox = DomainInbox(api.domain.clone());
    let pass = async |who: Seen, chat: Option<InChat>, state| {
        let word = Passing {
            who,
            chat,
            state,
            last_seen: None,
        };
        inbox.passing(&scope, word).await.unwrap();
    };
    let only_lid = Seen {
        phone: None,
        ..zoe()
    };
    let stored = api.events("").await.len();
    pass(only_lid.clone(), None, "available").await;
    let filter = Filter::all(true);
    let following = api.domain.follow(scope.org, filter, Begin::Now, 9);
    let mut listener = following.await.unwrap();
    pass(only_lid.clone(), None, "unavailable").await;
    let group = InChat::Group(GROUP.parse().unwrap());
    pass(only_lid, Some(group), "composing").await;
    let stranger = Seen {
        phone: Some("19999999999".parse().unwrap()),
        lid: None,
    };
    pass(stranger, None, "available").await;
    let mut told = Vec::new();
    while told.len() < 3 {
        let Next::Events(events) = listener.next().await.unwrap() else {
            panic!("behind");
        };
        for event in events {
            let mut event: Value = serde_json::from_str(event.text()).unwrap();
            assert_eq!(event["event"], "presence");
            assert_eq!(event["session"], scope.id.to_string());
            told.push(event["payload"].take());
        }
    }
    let brief: Vec<_> = told
        .iter()
        .map(|p| {
            json!([
                p["who"]["name"],
                p["who"]["phoneNumber"],
                p["chatJid"],
                p["state"]
            ])
        })
        .collect();
    assert_eq!(
        brief,
        [
            json!(["Zoë", ZOE, format!("{ZOE}@s.whatsapp.net"), "unavailable"]),
            json!(["Zoë", ZOE, GROUP, "composing"]),
            json!(["", "19999999999", "19999999999@s.whatsapp.net", "available"]),
        ]
    );
    assert!(told[0]["contactId"].is_i64());
    assert_eq!(told[2]["contactId"], Value::Null);
    assert_eq!(api.events("").await.len(), stored, "nothing is logged");
}

#[tokio::test]
async fn calls_are_told_and_rejected() {
    let (api, scope, base) = home().await;
    let call = |state, reason, video| {
        Inbound::Call(Box::new(InCall {
            id: "RINGING".to_owned(),
            from: zoe(),
            group: None,
            video,
            state,
            reason,
            at: 7,
        }))
    };
    api.told(scope, vec![call(CallState::Offer, "", Some(true))])
        .await;
    let reject = async |id: &str| {
        let path = format!("{base}/calls/{id}:reject");
        api.by_key("POST", &path).go().await
    };
    assert_eq!(reject("RINGING").await.status.as_u16(), 204);
    reject("OTHER").await.is(404, "not_found");
    api.told(scope, vec![call(CallState::Ended, "rejected", None)])
        .await;
    let told = api.events("call").await;
    let zoe = &told[0]["from"];
    assert_eq!(
        (
            &zoe["lid"],
            &zoe["phoneNumber"],
            &zoe["name"],
            &zoe["contactId"]
        ),
        (
            &json!("111@lid"),
            &json!(ZOE),
            &json!("Zoë"),
            &told[0]["contactId"]
        )
    );
    let brief: Vec<_> = told
        .iter()
        .map(|p| json!([p["id"], p["kind"], p["state"], p["reason"]]))
        .collect();
    assert_eq!(
        brief,
        [
            json!(["RINGING", "video", "offer", ""]),
            json!(["RINGING", "", "ended", "rejected"])
        ]
    );
    api.engine.connected.store(false, Ordering::SeqCst);
    reject("RINGING").await.is(501, "not_implemented");
}

#[tokio::test]
async fn a_ban_is_told_with_its_end() {
    let (api, scope, _) = home().await;
    let inbox = DomainInbox(api.domain.clone());
    let ban = Connection::Banned { until: Some(9) };
    for _ in 0..2 {
        inbox.connection(&scope, ban.clone()).await.unwrap();
    }
    let told = api.events("account.restricted").await;
    assert_eq!(told, [json!({"reason": "banned", "until": 9})]);
}
