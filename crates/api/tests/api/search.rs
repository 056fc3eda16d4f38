//! Searching messages over HTTP.

use crate::harness::TestApi;
use serde_json::{Value, json};
use wharf_domain::{
    inbound::{Act, Deed, InChat, InMessage, Inbound, MessageExtra, Origin, Party, Seen},
    sessions::SessionScope,
};

const GROUP: &str = "120363000000000001@g.us";
const ZOE: &str = "15551230001";

fn zoe() -> Seen {
    Seen {
        phone: Some(ZOE.parse().unwrap()),
        lid: Some("111@lid".parse().unwrap()),
    }
}

fn said(chat: InChat, wa_id: &str, at: i64, body: &str, file: &str) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        chat,
        sender: zoe(),
        from_me: false,
        wa_id: wa_id.to_owned(),
        at,
        push_name: String::new(),
        kind: "text".to_owned(),
        body: body.to_owned(),
        extra: MessageExtra {
            media: (!file.is_empty()).then(|| json!({"caption": "", "filename": file, "height": null, "kind": "document", "mimetype": "", "seconds": null, "size": null, "width": null})),
            ..MessageExtra::default()
        },
        origin: Origin::Live,
        ack_level: 0,
    }))
}

/// What Zoe does to a message of hers.
fn deed(chat: InChat, wa_id: &str, act: Act) -> Inbound {
    Inbound::Deed(Box::new(Deed {
        chat,
        wa_id: wa_id.to_owned(),
        author: Party::Other(zoe()),
        by: Party::Other(zoe()),
        act,
        at: 80,
        origin: Origin::Live,
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
            said(dm(), "A", 50, "Grüße aus ZÜRICH", ""),
            said(group(), "B", 40, "zürich ist schön, grüß dich", ""),
            said(dm(), "C", 60, "", "Rechnung Zürich.pdf"),
            said(group(), "D", 45, "東京タワーで会いましょう", ""),
            said(dm(), "E", 55, "до встречи в Москве", ""),
            said(dm(), "F", 50, "نلتقي غدا", ""),
            said(dm(), "G", 30, "100% a_b", ""),
        ],
    )
    .await;
    let path = format!("/sessions/{}/messages", scope.id);
    (api, scope, path)
}

fn ids(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .map(|row| row["waMessageId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn in_every_script_newest_first() {
    let (api, _, path) = home().await;
    for (query, expected) in [
        ("q=z%C3%BCrich", vec!["C", "A", "B"]),
        // Decomposed, in capitals, and as two words in any order.
        ("q=ZU%CC%88RICH", vec!["C", "A", "B"]),
        ("q=dich+z%C3%BCrich", vec!["B"]),
        ("q=aus+gr%C3%BCSSE", vec!["A"]),
        ("q=%E4%BA%AC", vec!["D"]),
        ("q=%E6%9D%B1%E4%BA%AC", vec!["D"]),
        ("q=%E4%BC%9A%E3%81%84%E3%81%BE%E3%81%97%E3%82%87", vec!["D"]),
        ("q=%D0%9C%D0%9E%D0%A1%D0%9A", vec!["E"]),
        ("q=%D8%BA%D8%AF%D8%A7", vec!["F"]),
        ("q=rechnung", vec!["C"]),
        ("q=.pdf", vec!["C"]),
        ("q=%25", vec!["G"]),
        ("q=a_b", vec!["G"]),
        ("q=z%C3%BCrich+nothing", vec![]),
        ("q=z%C3%BCrichist", vec![]),
        ("", vec!["C", "E", "F", "A", "D", "B", "G"]),
        ("q=%20%20", vec!["C", "E", "F", "A", "D", "B", "G"]),
        ("from=50&to=55", vec!["E", "F", "A"]),
        ("q=z%C3%BCrich&to=50", vec!["A", "B"]),
        ("q=z%C3%BCrich&from=51", vec!["C"]),
        ("chat=111@lid&to=50", vec!["F", "A", "G"]),
        ("chat=%2B15551230001&q=z", vec!["C", "A"]),
        (&format!("chat={GROUP}&q=z"), vec!["B"]),
        ("chat=19999999999", vec![]),
    ] {
        let page = api.get(&format!("{path}?{query}")).await.ok(200);
        assert_eq!(ids(&page), expected, "{query}");
    }
    let page = api.get(&format!("{path}?q=rechnung")).await.ok(200);
    assert_eq!(page["data"][0]["chatJid"], format!("{ZOE}@s.whatsapp.net"));
    let own = json!({"type": "text", "to": ZOE, "text": "my own Zürich"});
    api.post(&path, &own).await.ok(200);
    let page = api.get(&format!("{path}?q=own")).await.ok(200);
    assert_eq!(page["data"][0]["fromMe"], true);
}

#[tokio::test]
async fn pages_are_exact_and_cursors_their_querys_own() {
    let (api, scope, path) = home().await;
    let first = api
        .get(&format!("{path}?q=z%C3%BCrich&limit=2"))
        .await
        .ok(200);
    assert_eq!(ids(&first), ["C", "A"]);
    // Newer and older ones arrive, one is deleted for everyone.
    let dm = InChat::Person(zoe());
    let facts = vec![
        said(dm.clone(), "H", 70, "zürich", ""),
        said(dm.clone(), "I", 45, "zürich", ""),
        deed(InChat::Group(GROUP.parse().unwrap()), "B", Act::Revoked),
        deed(
            dm,
            "G",
            Act::Edited {
                body: "nun Zürich".to_owned(),
                mentions: vec![],
            },
        ),
    ];
    api.told(scope, facts).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = api
        .get(&format!("{path}?q=z%C3%BCrich&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(
        (ids(&rest), &rest["nextCursor"]),
        (vec!["I", "G"], &json!(""))
    );
    for foreign in [
        "q=z",
        "q=z%C3%BCrich&to=90",
        "q=z%C3%BCrich&chat=15551230001",
        "",
    ] {
        let asked = api.get(&format!("{path}?{foreign}&cursor={cursor}")).await;
        assert!(
            asked.is(400, "validation_error")["cursor"].is_string(),
            "{foreign}"
        );
    }
    api.by_key("DELETE", &format!("/sessions/{}/chats/{ZOE}", scope.id))
        .go()
        .await;
    let left = api.get(&path).await.ok(200);
    assert_eq!(ids(&left), ["D", "B"]);
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let (api, _, path) = home().await;
    for (query, field) in [
        (format!("q={}", "x".repeat(101)), "q"),
        ("q=%ff".to_owned(), "q"),
        ("chat=x".to_owned(), "chat"),
        ("from=yesterday".to_owned(), "from"),
        ("to=1.5".to_owned(), "to"),
        ("from=-1".to_owned(), "from"),
        ("to=99999999999999999999".to_owned(), "to"),
        ("from=5&to=4".to_owned(), "to"),
        ("limit=x".to_owned(), "limit"),
        ("cursor=x".to_owned(), "cursor"),
        ("q=a&q=b".to_owned(), "q"),
    ] {
        let asked = api.get(&format!("{path}?{query}")).await;
        let details = asked.is(400, "validation_error");
        assert!(details[field].is_string(), "{query}: {details}");
    }
}
