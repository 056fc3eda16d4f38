//! What is asked of WhatsApp about people: refusals in their order, both ids of whom one blocks, pages of the list.

use crate::harness::TestApi;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::inbound::Inbound;

const ZOE: &str = "15551230001";

async fn home() -> (TestApi, String) {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let same = Inbound::SamePerson {
        lid: "111@lid".parse().unwrap(),
        phone: ZOE.parse().unwrap(),
    };
    api.told(scope, vec![same]).await;
    api.engine.heard();
    (api, format!("/sessions/{}/contacts", scope.id))
}

#[tokio::test]
async fn picture_and_about() {
    let (api, base) = home().await;
    let picture = api.get(&format!("{base}/+{ZOE}/picture")).await.ok(200);
    assert_eq!(
        picture,
        json!({"id": "7", "url": "https://pps.whatsapp.net/x"})
    );
    api.get(&format!("{base}/15551239999/picture"))
        .await
        .is(404, "not_found");
    let about = api.get(&format!("{base}/{ZOE}/about")).await.ok(200);
    assert_eq!(about, json!({"about": "at the pier"}));
    let hidden = api.get(&format!("{base}/222@lid/about")).await.ok(200);
    assert_eq!(hidden, json!({"about": ""}));
}

#[tokio::test]
async fn whom_one_blocks_is_named_by_both_ids() {
    let (api, base) = home().await;
    for (who, verb) in [
        (ZOE, "block"),
        ("111@lid", "block"),
        ("222@lid", "block"),
        (ZOE, "unblock"),
    ] {
        let answer = api
            .by_key("POST", &format!("{base}/{who}/{verb}"))
            .go()
            .await;
        assert_eq!(answer.status.as_u16(), 204);
    }
    assert_eq!(
        api.engine.heard(),
        [
            format!("block 111 {ZOE} true"),
            format!("block 111 {ZOE} true"),
            "block 222 - true".to_owned(),
            format!("block 111 {ZOE} false"),
        ]
    );
}

#[tokio::test]
async fn the_list_is_walked_in_pages() {
    let (api, base) = home().await;
    let (mut cursor, mut lids) = (String::new(), Vec::new());
    loop {
        let page = api
            .get(&format!("{base}/blocked?limit=60&cursor={cursor}"))
            .await
            .ok(200);
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= 60);
        lids.extend(
            rows.iter()
                .map(|row| row["lid"].as_str().unwrap().to_owned()),
        );
        if let Some(zoe) = rows.iter().find(|row| row["lid"] == "111@lid") {
            assert_eq!(zoe["phoneNumber"], ZOE);
        }
        page["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = (100..300).map(|lid| format!("{lid}@lid")).collect();
    assert_eq!(lids, expected);
    api.get(&format!("{base}/blocked?cursor=x"))
        .await
        .is(400, "validation_error");
}

#[tokio::test]
async fn malformed_before_not_connected() {
    let (api, base) = home().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    for (method, rest) in [
        ("GET", "picture"),
        ("GET", "about"),
        ("POST", "block"),
        ("POST", "unblock"),
    ] {
        for who in [
            "x",
            "120363000000000001@g.us",
            "0123456",
            "status@broadcast",
        ] {
            let refused = api
                .by_key(method, &format!("{base}/{who}/{rest}"))
                .go()
                .await;
            let details: Value = refused.is(400, "validation_error");
            assert!(details["jid"].is_string(), "{details}");
        }
        let off = api
            .by_key(method, &format!("{base}/{ZOE}/{rest}"))
            .go()
            .await;
        assert_eq!(
            off.is(501, "not_implemented")["reason"],
            "session_not_connected"
        );
    }
    let off = api.get(&format!("{base}/blocked")).await;
    assert_eq!(
        off.is(501, "not_implemented")["reason"],
        "session_not_connected"
    );
    assert_eq!(api.engine.heard(), Vec::<String>::new());
}
