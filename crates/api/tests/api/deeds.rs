//! What is done to stored messages over HTTP: which message is meant, the order of refusals, rates, resends.

use crate::harness::{Answer, TestApi};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::{
    inbound::{
        Act, Ballot, Deed, InChat, InMessage, Inbound, MessageExtra, Origin, Party, SealedVote,
        Seen,
    },
    outbox::What,
    ports::engine::Handed,
    sessions::SessionScope,
};

const ZOE: &str = "15551230001";
const YAN: &str = "15551230002";
const GROUP: &str = "120363000000000001@g.us";

fn by_phone(phone: &str) -> Seen {
    Seen {
        lid: None,
        phone: Some(phone.parse().unwrap()),
    }
}

fn said(chat: InChat, by: &str, wa_id: &str, kind: &str, extra: MessageExtra) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        chat,
        sender: by_phone(by),
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: 1_700_000_000_000,
        push_name: String::new(),
        kind: kind.to_owned(),
        body: format!("body of {wa_id}"),
        extra,
        origin: Origin::Live,
        ack_level: 0,
    }))
}

fn text(chat: InChat, by: &str, wa_id: &str) -> Inbound {
    said(chat, by, wa_id, "text", MessageExtra::default())
}

fn dm(by: &str) -> InChat {
    InChat::Person(by_phone(by))
}

fn group() -> InChat {
    InChat::Group(GROUP.parse().unwrap())
}

async fn about(
    api: &TestApi,
    scope: SessionScope,
    method: &str,
    rest: &str,
    body: Value,
) -> Answer {
    api.by_key(method, &format!("/sessions/{}/messages/{rest}", scope.id))
        .json(&body)
        .go()
        .await
}

async fn message(api: &TestApi, scope: SessionScope, rest: &str) -> Answer {
    api.get(&format!("/sessions/{}/messages/{rest}", scope.id))
        .await
}

fn sent(api: &TestApi) -> Vec<What> {
    let sent = api.engine.sent.lock().unwrap();
    sent.iter().map(|send| send.content.what.clone()).collect()
}

#[tokio::test]
async fn an_id_that_several_messages_have_must_be_told_apart() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let facts = vec![
        text(dm(ZOE), ZOE, "A"),
        text(group(), ZOE, "A"),
        text(group(), YAN, "A"),
        text(group(), YAN, "B"),
    ];
    api.told(scope, facts).await;
    assert_eq!(message(&api, scope, "B").await.ok(200)["body"], "body of B");
    let details = message(&api, scope, "A").await.is(400, "validation_error");
    assert!(details["chat"].is_string(), "{details}");
    let details = message(&api, scope, &format!("A?chat={GROUP}"))
        .await
        .is(400, "validation_error");
    assert!(details["sender"].is_string(), "{details}");
    for query in [
        format!("chat={ZOE}"),
        format!("sender=%2B{YAN}"),
        format!("chat={GROUP}&sender={ZOE}@s.whatsapp.net"),
    ] {
        message(&api, scope, &format!("A?{query}")).await.ok(200);
    }
    for query in [
        "C".to_owned(),
        format!("B?sender={ZOE}"),
        format!("B?chat={YAN}"),
    ] {
        message(&api, scope, &query).await.is(404, "not_found");
    }
    message(&api, scope, "A?chat=x")
        .await
        .is(400, "validation_error");
    let reaction = json!({"chat": GROUP, "sender": YAN, "emoji": "👍"});
    about(&api, scope, "POST", "A/reaction", reaction)
        .await
        .ok(200);
    let kept = message(&api, scope, &format!("A?chat={GROUP}&sender={YAN}"))
        .await
        .ok(200);
    assert_eq!(
        kept["reactions"][0]["senderJid"],
        "15550000000@s.whatsapp.net"
    );
    let kept = message(&api, scope, &format!("A?chat={GROUP}&sender={ZOE}"))
        .await
        .ok(200);
    assert_eq!(kept["reactions"], json!([]));
}

#[tokio::test]
async fn deeds_are_not_counted_and_forwards_are() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    api.told(scope, vec![text(dm(ZOE), ZOE, "A")]).await;
    let session = format!("/sessions/{}", scope.id);
    api.by_key("PATCH", &session)
        .json(&json!({"ratePerMin": 1}))
        .go()
        .await
        .ok(200);
    for emoji in ["👍", "😂", "👍"] {
        let body = json!({"chat": ZOE, "emoji": emoji});
        about(&api, scope, "POST", "A/reaction", body).await.ok(200);
    }
    let forward = json!({"chat": ZOE, "to": YAN});
    about(&api, scope, "POST", "A/forward", forward.clone())
        .await
        .ok(200);
    about(&api, scope, "POST", "A/forward", forward)
        .await
        .is(429, "rate_limited");
    let body = json!({"chat": ZOE});
    about(&api, scope, "DELETE", "A/reaction", body.clone())
        .await
        .ok(200);
    about(&api, scope, "DELETE", "A/reaction", body)
        .await
        .ok(204);
    assert_eq!(sent(&api).len(), 5);
}

#[tokio::test]
async fn refusals_in_their_order_and_nothing_kept() {
    let api = TestApi::new().await;
    let scope = api.session(api.org).await;
    api.told(scope, vec![text(dm(ZOE), ZOE, "A")]).await;
    let reaction = |emoji: &str| json!({"chat": ZOE, "emoji": emoji});
    // Malformed, then unknown, then not paired, then not connected.
    let refused = about(&api, scope, "POST", "A/reaction", reaction("x")).await;
    refused.is(400, "validation_error");
    let refused = about(&api, scope, "POST", "B/reaction", reaction("👍")).await;
    refused.is(404, "not_found");
    let refused = about(&api, scope, "POST", "A/reaction", reaction("👍")).await;
    assert_eq!(refused.is(501, "not_implemented")["reason"], "not_paired");
    let feed = json!({"chat": "status@broadcast", "emoji": "👍"});
    let refused = about(&api, scope, "POST", "A/reaction", feed).await;
    assert_eq!(refused.is(501, "not_implemented")["reason"], "not_built");
    let scope = api.working().await;
    api.told(scope, vec![text(dm(ZOE), ZOE, "A")]).await;
    api.engine.connected.store(false, Ordering::SeqCst);
    let refused = about(&api, scope, "POST", "A/reaction", reaction("👍")).await;
    let details = refused.is(501, "not_implemented");
    assert_eq!(details["reason"], "session_not_connected");
    let outbox = api
        .get(&format!("/sessions/{}/outbox", scope.id))
        .await
        .ok(200);
    assert_eq!(outbox["data"], json!([]));
    // Asynchronously it waits for the connection.
    let waits = about(&api, scope, "POST", "A/reaction?async=true", reaction("👍")).await;
    assert_eq!(waits.ok(202)["status"], "queued");
    // And what waits can be taken back although nothing is on the message yet.
    let back = about(
        &api,
        scope,
        "DELETE",
        "A/reaction?async=true",
        json!({"chat": ZOE}),
    )
    .await;
    back.ok(202);
    let back = about(
        &api,
        scope,
        "DELETE",
        "A/reaction?async=true",
        json!({"chat": ZOE}),
    )
    .await;
    back.ok(204);
}

#[tokio::test]
async fn an_unknown_outcome_sends_the_same_again() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let poll = json!({"type": "poll", "to": ZOE, "name": "q", "options": ["yes", "no"]});
    let path = format!("/sessions/{}/messages", scope.id);
    let id = api.post(&path, &poll).await.ok(200)["waMessageId"].clone();
    let vote = format!("{}/vote", id.as_str().unwrap());
    api.engine.words.lock().unwrap().push_back(Handed::Unknown);
    let body = json!({"chat": ZOE, "sender": "", "options": ["no"]});
    let done = about(&api, scope, "POST", &vote, body).await.ok(200);
    let sends = api.engine.sent.lock().unwrap().clone();
    assert_eq!(sends.len(), 3);
    assert_eq!(
        (&sends[1].wa_id, &sends[1].content),
        (&sends[2].wa_id, &sends[2].content)
    );
    assert_eq!(done["waMessageId"], sends[2].wa_id.as_str());
    assert!(sends[2].resend);
    let kept = message(&api, scope, id.as_str().unwrap()).await.ok(200);
    assert_eq!(
        kept["poll"]["options"][1]["voters"],
        json!(["15550000000@s.whatsapp.net"])
    );
}

#[tokio::test]
async fn votes_in_an_own_poll_are_opened_even_when_they_come_first_to_others() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let vote = |poll: &str, options: &str, at| {
        Inbound::Deed(Box::new(Deed {
            chat: dm(ZOE),
            wa_id: poll.to_owned(),
            author: Party::Unknown,
            by: Party::Other(by_phone(ZOE)),
            act: Act::Voted(Ballot::Sealed(SealedVote {
                payload: options.to_owned(),
                iv: ZOE.to_owned(),
            })),
            at,
            origin: Origin::Live,
        }))
    };
    // Before the poll itself, whose sealed form holds the secret.
    api.told(scope, vec![vote("P", "yes", 5)]).await;
    let poll = MessageExtra {
        poll: Some(json!({"name": "q", "options": ["yes", "no"], "selectableCount": 0})),
        sealed: "with a secret".to_owned(),
        ..MessageExtra::default()
    };
    let without = MessageExtra {
        sealed: "without".to_owned(),
        ..poll.clone()
    };
    let facts = vec![
        said(dm(ZOE), ZOE, "P", "poll", poll),
        said(dm(ZOE), ZOE, "Q", "poll", without),
        vote("Q", "no", 5),
    ];
    api.told(scope, facts).await;
    let voters = async |id| message(&api, scope, id).await.ok(200)["poll"]["options"].clone();
    let jid = format!("{ZOE}@s.whatsapp.net");
    assert_eq!(voters("P").await[0]["voters"], json!([jid]));
    assert_eq!(
        voters("Q").await[1]["voters"],
        json!([]),
        "its key never came"
    );
    let body = json!({"chat": ZOE, "sender": ZOE, "options": ["yes"]});
    let details = about(&api, scope, "POST", "Q/vote", body.clone())
        .await
        .is(400, "validation_error");
    assert!(details["mid"].is_string(), "{details}");
    about(&api, scope, "POST", "P/vote", body).await.ok(200);
    assert_eq!(voters("P").await[0]["voters"].as_array().unwrap().len(), 2);
}
