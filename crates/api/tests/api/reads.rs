//! Stored reads over HTTP: contacts, chats, messages, groups.

use crate::harness::TestApi;
use serde_json::{Value, json};
use wharf_domain::{
    inbound::{
        InChat, InGroup, InMember, InMessage, Inbound, MessageExtra, NameSource, Origin, Seen,
    },
    sessions::SessionScope,
};

const GROUP: &str = "120363000000000001@g.us";

fn by_phone(phone: &str) -> Seen {
    Seen {
        phone: Some(phone.parse().unwrap()),
        lid: None,
    }
}

fn by_lid(lid: &str) -> Seen {
    Seen {
        lid: Some(lid.parse().unwrap()),
        phone: None,
    }
}

fn text(chat: InChat, sender: Seen, wa_id: &str, at: i64) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        chat,
        sender,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at,
        push_name: "Zoë".to_owned(),
        kind: "text".to_owned(),
        body: format!("body of {wa_id}"),
        extra: MessageExtra::default(),
        origin: Origin::Live,
        ack_level: 0,
    }))
}

/// One person by number with three messages, one by LID in a group, one in the address book alone.
async fn people(api: &TestApi) -> SessionScope {
    let scope = api.working().await;
    let zoe = by_phone("15551230001");
    let member = |who: Seen, role| InMember {
        who,
        role,
        tag: "tag".to_owned(),
    };
    let group = InGroup {
        jid: GROUP.parse().unwrap(),
        subject: "Group".to_owned(),
        description: String::new(),
        created_at: Some(5),
        owner: Some(by_lid("111@lid")),
        announce: false,
        locked: true,
        members: vec![
            member(by_lid("111@lid"), "superadmin"),
            member(zoe.clone(), "member"),
        ],
    };
    let mut facts: Vec<Inbound> = (1..=3)
        .map(|n| {
            text(
                InChat::Person(zoe.clone()),
                zoe.clone(),
                &format!("M{n}"),
                1_000 + n,
            )
        })
        .collect();
    facts.push(Inbound::Group {
        group: Box::new(group),
        origin: Origin::Live,
    });
    facts.push(Inbound::Name {
        who: by_phone("15551230003"),
        source: NameSource::AddressBook,
        name: "Книга".to_owned(),
        origin: Origin::Live,
    });
    api.told(scope, facts).await;
    scope
}

fn names(page: &Value) -> Vec<&str> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn contacts_filtered_and_walked() {
    let api = TestApi::new().await;
    let scope = people(&api).await;
    let path = format!("/sessions/{}/contacts", scope.id);
    let all = api.get(&path).await.ok(200);
    assert_eq!(
        all["data"],
        json!([
            {"businessName": "", "lid": "", "name": "Zoë", "phoneNumber": "15551230001", "source": "dm"},
            {"businessName": "", "lid": "111@lid", "name": "", "phoneNumber": "", "source": "group"},
        ])
    );
    for (query, expected) in [
        ("source=dm", vec!["Zoë"]),
        ("source=group", vec!["Zoë", ""]),
        ("source=addressbook", vec!["Книга"]),
        ("source=", vec!["Zoë", ""]),
        ("q=zO%C3%8B", vec!["Zoë"]),
        ("q=zoe%CC%88", vec!["Zoë"]),
        ("q=%2B1%20555-123", vec!["Zoë"]),
        ("q=%20%20", vec!["Zoë", ""]),
        ("q=%25", vec![]),
        ("group=120363000000000001@g.us&source=dm", vec!["Zoë"]),
        ("group=120363000000000001%40g.us", vec!["Zoë", ""]),
        ("group=120363000000000009@g.us", vec![]),
        ("sort=name", vec!["Zoë", ""]),
        ("nonsense=1", vec!["Zoë", ""]),
    ] {
        assert_eq!(
            names(&api.get(&format!("{path}?{query}")).await.ok(200)),
            expected,
            "{query}"
        );
    }
    for (query, field) in [
        ("source=all", "source"),
        ("group=x", "group"),
        ("group=15551230001", "group"),
        ("sort=age", "sort"),
        ("limit=ten", "limit"),
        ("cursor=x", "cursor"),
        ("q=%ff", "q"),
        (&format!("q={}", "x".repeat(101)), "q"),
        ("limit=1&limit=2", "limit"),
    ] {
        let details = api
            .get(&format!("{path}?{query}"))
            .await
            .is(400, "validation_error");
        assert!(details[field].is_string(), "{query}: {details}");
    }
    let first = api.get(&format!("{path}?limit=1")).await.ok(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = api
        .get(&format!("{path}?limit=1&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(
        (names(&second), second["nextCursor"].as_str()),
        (vec![""], Some(""))
    );
    let other = api.working().await;
    for foreign in [
        format!("{path}?source=dm&cursor={cursor}"),
        format!("/sessions/{}/contacts?cursor={cursor}", other.id),
    ] {
        assert!(api.get(&foreign).await.is(400, "validation_error")["cursor"].is_string());
    }
}

#[tokio::test]
async fn one_person_under_every_address() {
    let api = TestApi::new().await;
    let scope = people(&api).await;
    api.told(
        scope,
        vec![Inbound::SamePerson {
            lid: "222@lid".parse().unwrap(),
            phone: "15551230001".parse().unwrap(),
        }],
    )
    .await;
    let path = |who: &str| format!("/sessions/{}/contacts/{who}", scope.id);
    let by_number = api.get(&path("15551230001")).await.ok(200);
    assert_eq!(by_number["dm"], true);
    assert_eq!(by_number["identity"]["lid"], "222@lid");
    assert_eq!(
        by_number["identity"]["phoneJid"],
        "15551230001@s.whatsapp.net"
    );
    assert_eq!(by_number["groups"][0]["jid"], GROUP);
    for who in [
        "+15551230001",
        "%2B15551230001",
        "15551230001@c.us",
        "15551230001%40s.whatsapp.net",
        "15551230001:7@s.whatsapp.net",
        "222@lid",
        "222%40lid",
    ] {
        assert_eq!(api.get(&path(who)).await.ok(200), by_number, "{who}");
    }
    for who in [
        "x",
        "0155512300",
        GROUP,
        "15551230001@example.com",
        "%00",
        "%ff",
    ] {
        api.get(&path(who)).await.is(400, "validation_error");
    }
    api.get(&path("19999999999")).await.is(404, "not_found");
}

#[tokio::test]
async fn chats_and_their_messages() {
    let api = TestApi::new().await;
    let scope = people(&api).await;
    let base = format!("/sessions/{}/chats", scope.id);
    let dm = api.get(&format!("{base}?type=dm")).await.ok(200);
    assert_eq!(dm["data"].as_array().unwrap().len(), 1);
    let chat = &dm["data"][0];
    assert_eq!(
        (
            &chat["unreadCount"],
            &chat["name"],
            &chat["lastMessage"]["body"]
        ),
        (&json!(3), &json!("Zoë"), &json!("body of M3"))
    );
    assert_eq!(&api.get(&format!("{base}/15551230001")).await.ok(200), chat);
    let (mut bodies, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!(
                "{base}/15551230001@s.whatsapp.net/messages?limit=2&cursor={cursor}"
            ))
            .await
            .ok(200);
        bodies.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["waMessageId"].as_str().unwrap().to_owned()),
        );
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(bodies, ["M3", "M2", "M1"]);
    let read = api
        .by_key("POST", &format!("{base}/15551230001/read"))
        .go()
        .await
        .ok(200);
    assert_eq!(read["unreadCount"], 0);
    assert_eq!(
        api.by_key("POST", &format!("{base}/15551230001/read"))
            .go()
            .await
            .ok(200),
        read
    );
    for path in ["19999999999", "19999999999/messages"] {
        api.get(&format!("{base}/{path}"))
            .await
            .is(404, "not_found");
    }
    for path in [
        "x",
        "x/messages",
        "15551230001/messages?limit=x",
        "?type=x",
        "?archived=maybe",
    ] {
        let path = if path.starts_with('?') {
            format!("{base}{path}")
        } else {
            format!("{base}/{path}")
        };
        api.get(&path).await.is(400, "validation_error");
    }
    // A malformed cursor is 400 before the unknown chat is 404.
    api.get(&format!("{base}/19999999999/messages?cursor=x"))
        .await
        .is(400, "validation_error");
}

#[tokio::test]
async fn groups_and_members() {
    let api = TestApi::new().await;
    let scope = people(&api).await;
    let base = format!("/sessions/{}/groups", scope.id);
    let listed = api.get(&base).await.ok(200);
    let group = api.get(&format!("{base}/{GROUP}")).await.ok(200);
    assert_eq!(listed["data"], json!([group]));
    assert_eq!(
        (
            &group["subject"],
            &group["isLocked"],
            &group["participantCount"],
            &group["ownerJid"]
        ),
        (&json!("Group"), &json!(true), &json!(2), &json!("111@lid"))
    );
    let members = api.get(&format!("{base}/{GROUP}/members")).await.ok(200);
    let roles: Vec<_> = members["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["superadmin", "member"]);
    api.get(&format!("{base}/120363000000000009@g.us"))
        .await
        .is(404, "not_found");
    api.get(&format!("{base}/120363000000000009@g.us/members"))
        .await
        .is(404, "not_found");
    for wrong in ["x", "15551230001", "x@g.us"] {
        api.get(&format!("{base}/{wrong}"))
            .await
            .is(400, "validation_error");
    }
}

#[tokio::test]
async fn numbers_are_checked_live() {
    let api = TestApi::new().await;
    let scope = api.session(api.org).await;
    let path = format!("/sessions/{}/contacts/check", scope.id);
    // 400 before 501.
    for wrong in ["", "?phone=", "?phone=abc", "?phone=0155512300"] {
        assert!(
            api.get(&format!("{path}{wrong}"))
                .await
                .is(400, "validation_error")["phone"]
                .is_string()
        );
    }
    assert_eq!(
        api.get(&format!("{path}?phone=15551230001"))
            .await
            .is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    let scope = api.working().await;
    let path = format!("/sessions/{}/contacts/check", scope.id);
    assert_eq!(
        api.get(&format!("{path}?phone=%2B15551230001"))
            .await
            .ok(200),
        json!({"isOnWhatsApp": true, "jid": "15551230001@s.whatsapp.net", "query": "+15551230001"})
    );
    assert_eq!(
        api.get(&format!("{path}?phone=15551230009")).await.ok(200)["jid"],
        ""
    );
    let many = api
        .post(&path, &json!({"phones": ["15551230009", "+15551230001"]}))
        .await
        .ok(200);
    assert_eq!(
        many["data"],
        json!([{"isOnWhatsApp": false, "jid": "", "query": "15551230009"},
            {"isOnWhatsApp": true, "jid": "15551230001@s.whatsapp.net", "query": "+15551230001"}])
    );
    let too_many: Vec<_> = (0..101).map(|n| format!("155512300{n:02}")).collect();
    for (phones, field) in [
        (json!([]), "phones"),
        (json!(too_many), "phones"),
        (json!(["15551230001", "x"]), "phones[1]"),
    ] {
        assert!(
            api.post(&path, &json!({"phones": phones}))
                .await
                .is(400, "validation_error")[field]
                .is_string()
        );
    }
    assert_eq!(
        api.get(&format!("/sessions/{}/contacts", scope.id))
            .await
            .ok(200)["data"],
        json!([])
    );
}
