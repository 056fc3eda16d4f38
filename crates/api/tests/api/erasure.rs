//! One person's data is erased; old messages go; an organization's data is exported.

use crate::harness::TestApi;
use serde_json::{Value, json};
use wharf_domain::{
    inbound::{
        Act, Deed, InChat, InGroup, InMember, InMessage, Inbound, MessageExtra, Origin, Party, Seen,
    },
    ports::store::StoreExt,
    sessions::SessionScope,
};
use wharf_types::Millis;

const GROUP: &str = "120363000000000001@g.us";
const ZOE: &str = "15551230001";
const ZOES_LID: &str = "111@lid";
const YAN: &str = "15551230002";
const NOW: Millis = 1_800_000_000_000;

fn zoe() -> Seen {
    Seen {
        phone: Some(ZOE.parse().unwrap()),
        lid: Some(ZOES_LID.parse().unwrap()),
    }
}

fn yan() -> Seen {
    Seen {
        phone: Some(YAN.parse().unwrap()),
        lid: None,
    }
}

fn dm(who: Seen) -> InChat {
    InChat::Person(who)
}

fn group() -> InChat {
    InChat::Group(GROUP.parse().unwrap())
}

fn said(chat: InChat, sender: Seen, wa_id: &str, at: Millis, body: &str) -> InMessage {
    InMessage {
        chat,
        sender,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at,
        push_name: String::new(),
        kind: "text".to_owned(),
        body: body.to_owned(),
        extra: MessageExtra::default(),
        origin: Origin::Live,
        ack_level: 0,
    }
}

fn told(message: InMessage) -> Inbound {
    Inbound::Message(Box::new(message))
}

fn reacted(by: Seen, wa_id: &str, author: Seen) -> Inbound {
    Inbound::Deed(Box::new(Deed {
        chat: group(),
        wa_id: wa_id.to_owned(),
        author: Party::Other(author),
        by: Party::Other(by),
        act: Act::Reacted {
            emoji: "👍".to_owned(),
        },
        at: 90,
        origin: Origin::Live,
    }))
}

fn the_group() -> Inbound {
    let member = |who: Seen, role: &'static str| InMember {
        who,
        role,
        tag: "Zo".to_owned(),
    };
    Inbound::Group {
        group: Box::new(InGroup {
            jid: GROUP.parse().unwrap(),
            subject: "garden".to_owned(),
            description: String::new(),
            created_at: Some(1),
            owner: Some(zoe()),
            announce: false,
            locked: false,
            members: vec![member(zoe(), "superadmin"), member(yan(), "member")],
        }),
        origin: Origin::Live,
    }
}

/// Zoe wrote alone and in a group, reacted, owns the group, sent a file; Yan was there.
async fn home() -> (TestApi, SessionScope) {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let mut with_file = said(dm(zoe()), zoe(), "F", 40, "holiday snap");
    let kept = api.domain.media.blobs.scratch();
    std::fs::write(kept.path(), b"a picture").unwrap();
    let blob = api.domain.media.blobs.keep(kept).await.unwrap();
    with_file.extra.file = blob.sha256;
    let mut mentioning = said(group(), yan(), "M", 70, "ask her");
    mentioning.extra.mentions = vec![ZOES_LID.to_owned(), format!("{YAN}@s.whatsapp.net")];
    let mut named = said(dm(zoe()), zoe(), "A", 50, "zebra crossing");
    named.push_name = "Zoe Canary".to_owned();
    api.told(
        scope,
        vec![
            the_group(),
            told(named),
            told(with_file),
            told(said(group(), zoe(), "G", 60, "zebra in the group")),
            told(said(group(), yan(), "Y", 65, "a quiet word")),
            told(mentioning),
            told(said(dm(yan()), yan(), "D", 66, "about zebras")),
            reacted(zoe(), "Y", yan()),
            reacted(zoe(), "not here yet", yan()),
        ],
    )
    .await;
    (api, scope)
}

async fn erase(api: &TestApi, scope: SessionScope, who: &str) -> Value {
    let path = format!("/sessions/{}/contacts/{who}?erase=true", scope.id);
    api.by_key("DELETE", &path).go().await.ok(200)
}

/// What everything the API shows of the session says.
async fn all_shown(api: &TestApi, scope: SessionScope) -> String {
    let base = format!("/sessions/{}", scope.id);
    let mut shown = String::new();
    for path in [
        "/contacts?limit=200".to_owned(),
        "/contacts?q=zoe".to_owned(),
        format!("/contacts?group={GROUP}"),
        "/chats".to_owned(),
        format!("/chats/{GROUP}/messages"),
        "/groups".to_owned(),
        format!("/groups/{GROUP}/members"),
        "/messages?q=zebra".to_owned(),
        "/outbox".to_owned(),
    ] {
        shown += &api.get(&format!("{base}{path}")).await.ok(200).to_string();
    }
    let events: Vec<Value> = api.events("").await;
    shown + &json!(events).to_string()
}

#[tokio::test]
async fn a_person_goes_from_everything_with_a_report() {
    let (api, scope) = home().await;
    let send = json!({"type": "text", "to": ZOE, "text": "later",
        "sendAt": NOW + 3_600_000});
    let path = format!("/sessions/{}/messages?async=true", scope.id);
    let queued = api.post(&path, &send).await;
    assert!(queued.status.is_success());
    let before = all_shown(&api, scope).await;
    for trace in [ZOE, ZOES_LID, "Zoe Canary", "zebra crossing", "👍"] {
        assert!(before.contains(trace), "{trace} is not there to begin with");
    }
    let events = api.events("").await.len();

    let report = erase(&api, scope, ZOE).await;
    assert_eq!(report["chats"], 1);
    assert_eq!(
        report["messages"], 4,
        "two and the queued one alone, one in the group: {report}"
    );
    assert_eq!(report["reactions"], 2, "a reaction and a mention");
    assert_eq!(report["sends"], 1);
    assert_eq!(report["memberships"], 1);
    assert_eq!(report["files"], 1);
    assert!(report["events"].as_u64().unwrap() >= 5, "{report}");

    let after = all_shown(&api, scope).await;
    for trace in [
        ZOE,
        ZOES_LID,
        "Zoe Canary",
        "zebra crossing",
        "zebra in",
        "👍",
    ] {
        assert!(!after.contains(trace), "{trace} is still there: {after}");
    }
    // What is others' stays: Yan, his words, the group.
    for rest in [YAN, "a quiet word", "about zebras", "ask her", "garden"] {
        assert!(after.contains(rest), "{rest} went too");
    }
    assert!(api.domain.media.blobs.list().await.unwrap().is_empty());
    let there = format!("/sessions/{}/contacts/{ZOE}", scope.id);
    api.get(&there).await.is(404, "not_found");
    api.by_key("DELETE", &format!("{there}?erase=true"))
        .go()
        .await
        .is(404, "not_found");
    // Events keep their places; erased ones say so.
    let rows = api
        .domain
        .store
        .read(move |view| view.events(&scope.org, 0, 1_000))
        .await
        .unwrap();
    assert!(rows.len() >= events);
    let seqs: Vec<i64> = rows.iter().filter_map(|row| row.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
    assert!(rows.iter().any(|row| row.payload == r#"{"erased":true}"#));

    // They write again: somebody new.
    api.told(
        scope,
        vec![told(said(dm(zoe()), zoe(), "N", 99, "hello again"))],
    )
    .await;
    let new = api.get(&there).await.ok(200);
    assert_eq!(new["identity"]["name"], "");
    assert_eq!(new["groups"], json!([]));
}

#[tokio::test]
async fn what_erasure_refuses() {
    let (api, scope) = home().await;
    let base = format!("/sessions/{}/contacts", scope.id);
    for (path, field) in [
        (format!("{base}/{ZOE}"), "erase"),
        (format!("{base}/{ZOE}?erase=false"), "erase"),
        (format!("{base}/{ZOE}?erase=1"), "erase"),
        (format!("{base}/{GROUP}?erase=true"), "lid"),
        (format!("{base}/15550000000?erase=true"), "lid"),
    ] {
        let details = api
            .by_key("DELETE", &path)
            .go()
            .await
            .is(400, "validation_error");
        assert!(details[field].is_string(), "{path}: {details}");
    }
    let unknown = format!("{base}/15559999999?erase=true");
    api.by_key("DELETE", &unknown)
        .go()
        .await
        .is(404, "not_found");
    api.get(&format!("{base}/{ZOE}")).await.ok(200);
}

#[tokio::test]
async fn old_messages_go_and_what_is_queued_stays() {
    let (api, scope) = home().await;
    let day = 86_400_000;
    api.told(
        scope,
        vec![told(said(
            dm(yan()),
            yan(),
            "fresh",
            NOW - day,
            "fresh zebra",
        ))],
    )
    .await;
    let send = json!({"type": "text", "to": YAN, "text": "a zebra to come",
        "sendAt": NOW + 400 * day});
    let path = format!("/sessions/{}/messages", scope.id);
    let later = api.post(&format!("{path}?async=true"), &send).await;
    assert!(later.status.is_success());
    assert_eq!(api.domain.trim_messages(30 * day).await.unwrap(), 6);
    let found = api.get(&format!("{path}?q=zebra")).await.ok(200);
    let bodies: Vec<_> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["body"].clone())
        .collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies.contains(&json!("fresh zebra")) && bodies.contains(&json!("a zebra to come")));
    // A year on, the queued one is still queued.
    api.clock.advance(365 * day);
    assert_eq!(api.domain.trim_messages(30 * day).await.unwrap(), 1);
    let outbox = api
        .get(&format!("/sessions/{}/outbox", scope.id))
        .await
        .ok(200);
    assert_eq!(outbox["data"][0]["status"], "queued");
    let chats = api
        .get(&format!("/sessions/{}/chats", scope.id))
        .await
        .ok(200);
    assert_eq!(chats["data"].as_array().unwrap().len(), 3, "chats stay");
}

#[tokio::test]
async fn an_export_holds_everything_and_says_where_it_ends() {
    let (api, scope) = home().await;
    let owner = api.person("owner", false).await;
    let second = api.domain.create_organization("second").await.unwrap();
    let foreign = api.session(second.id).await;
    let path = format!("/organizations/{}/export", api.org);
    let answer = api
        .ask("GET", &path)
        .bearer(&owner)
        .header("accept", "application/x-ndjson")
        .go()
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let text = String::from_utf8(answer.bytes).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!(of("organization"), 1);
    assert_eq!(of("member"), 1);
    assert_eq!(of("apiKey"), 1);
    assert_eq!(of("session"), 1);
    assert_eq!(of("contact"), 3, "Zoe, Yan and the account");
    assert_eq!(of("chat"), 3);
    assert_eq!(of("group"), 1);
    assert_eq!(of("groupMember"), 2);
    assert_eq!(of("message"), 6);
    let end = lines.last().unwrap();
    assert_eq!(end["type"], "end");
    assert_eq!(
        end["data"]["lines"].as_u64(),
        u64::try_from(lines.len() - 1).ok()
    );
    let message = lines
        .iter()
        .find(|line| line["data"]["waMessageId"] == "A")
        .unwrap();
    assert_eq!(message["sessionId"], scope.id.to_string());
    assert_eq!(message["data"]["body"], "zebra crossing");
    assert_eq!(message["data"]["chatJid"], format!("{ZOE}@s.whatsapp.net"));
    assert!(!text.contains(&foreign.id.to_string()));
    assert!(!text.contains("argon2") && !text.contains(&api.key));
}
