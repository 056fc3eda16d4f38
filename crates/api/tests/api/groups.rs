//! Groups over HTTP: what WhatsApp is asked, in which order, and what is refused before.

use crate::harness::TestApi;
use serde_json::json;
use std::sync::atomic::Ordering;

const GID: &str = "120363000000000001@g.us";

/// A session and a group of its making.
async fn with_group(api: &TestApi) -> String {
    let scope = api.working().await;
    let groups = format!("/sessions/{}/groups", scope.id);
    let body = json!({"name": "Pier", "participants": ["15551230001", "15551230002"]});
    let made = api.post(&groups, &body).await.ok(201);
    assert_eq!(
        (&made["groupJid"], &made["details"]),
        (&json!(GID), &json!([]))
    );
    api.engine.heard();
    groups
}

#[tokio::test]
async fn a_group_is_made_of_each_person_once_and_once_a_key() {
    let api = TestApi::new().await;
    let scope = api.working().await;
    let groups = format!("/sessions/{}/groups", scope.id);
    // The account itself, somebody twice, somebody who is on no account.
    let body = json!({"name": "Pier", "participants":
        ["15550000000", "+15551230001", "15551230001@c.us", "15551230009"]});
    let make = || {
        api.by_key("POST", &groups)
            .header("idempotency-key", "k")
            .json(&body)
            .go()
    };
    api.engine.connected.store(false, Ordering::SeqCst);
    make().await.is(501, "not_implemented");
    api.engine.connected.store(true, Ordering::SeqCst);
    // A refusal used no key.
    let made = make().await.ok(201);
    assert_eq!(made["replayed"], false);
    assert_eq!(
        made["details"],
        json!([{"participant": "15551230009@s.whatsapp.net", "reason": "recipient_not_on_whatsapp"}])
    );
    assert_eq!(
        api.engine.heard(),
        ["create Pier 15551230001@s.whatsapp.net,15551230009@s.whatsapp.net"]
    );
    assert_eq!(make().await.ok(201)["replayed"], true);
    assert!(api.engine.heard().is_empty());
    let list = api.get(&groups).await.ok(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn fields_are_changed_in_the_contracts_order_until_one_fails() {
    let api = TestApi::new().await;
    let groups = with_group(&api).await;
    let patch = json!({"ephemeralSeconds": 86400, "locked": true, "announce": true, "description": "d",
        "subject": "s", "joinApproval": true});
    let group = format!("{groups}/{GID}");
    let refused = api.by_key("PATCH", &group).json(&patch).go().await;
    let details = refused.is(403, "forbidden");
    assert_eq!(details["reason"], "not_group_admin");
    assert_eq!(
        details["applied"],
        json!(["subject", "description", "announce"])
    );
    assert_eq!(
        api.engine.heard(),
        [
            "Subject(\"s\")",
            "Description(\"d\")",
            "Announce(true)",
            "Locked(true)"
        ]
    );
    let now = api.get(&group).await.ok(200);
    assert_eq!(
        (
            &now["subject"],
            &now["description"],
            &now["isAnnounce"],
            &now["isLocked"]
        ),
        (&json!("s"), &json!("d"), &json!(true), &json!(false))
    );
}

#[tokio::test]
async fn unknown_groups_are_not_found_before_anybody_is_asked() {
    let api = TestApi::new().await;
    let groups = with_group(&api).await;
    let unknown = format!("{groups}/120363999999999999@g.us");
    let people = json!({"participants": ["15551230001"]});
    for connected in [true, false] {
        api.engine.connected.store(connected, Ordering::SeqCst);
        for (method, path, body) in [
            ("PATCH", String::new(), json!({"subject": "x"})),
            ("GET", "/invite".to_owned(), json!(null)),
            ("DELETE", "/invite".to_owned(), json!(null)),
            ("POST", "/members".to_owned(), people.clone()),
            ("POST", "/members:approve".to_owned(), people.clone()),
            ("DELETE", "/members/15551230001".to_owned(), json!(null)),
            (
                "POST",
                "/members/15551230001/demote".to_owned(),
                json!(null),
            ),
            ("GET", "/requests".to_owned(), json!(null)),
            ("POST", ":leave".to_owned(), json!(null)),
            ("DELETE", "/picture".to_owned(), json!(null)),
        ] {
            let ask = api.by_key(method, &format!("{unknown}{path}"));
            let ask = if body.is_null() { ask } else { ask.json(&body) };
            ask.go().await.is(404, "not_found");
        }
    }
    assert!(api.engine.heard().is_empty());
}

#[tokio::test]
async fn each_persons_outcome_is_told() {
    let api = TestApi::new().await;
    let groups = with_group(&api).await;
    let members = format!("{groups}/{GID}/members");
    let body = json!({"participants": ["15551230003", "15551230018", "15551230019"]});
    let details = api.post(&members, &body).await.is(502, "upstream_error");
    assert_eq!(details["reason"], "rejected");
    assert_eq!(
        details["participants"],
        json!([
            {"participant": "15551230018@s.whatsapp.net", "reason": "invite_needed"},
            {"participant": "15551230019@s.whatsapp.net", "reason": "recipient_not_on_whatsapp"},
        ])
    );
    assert_eq!(details["applied"], json!(["15551230003@s.whatsapp.net"]));
    // One person: not in it is fine to remove, and nothing to promote; nobody removes the owner.
    for (method, path, status) in [
        ("DELETE", "15551230019", 204),
        ("POST", "15551230019/promote", 404),
        ("DELETE", "15551230018", 403),
        ("POST", "15551230003/promote", 204),
    ] {
        let answer = api.by_key(method, &format!("{members}/{path}")).go().await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
    }
    let page = api.get(&members).await.ok(200);
    let roles: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            (
                m["phoneNumber"].as_str().unwrap(),
                m["role"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        roles,
        [
            ("15551230001", "member"),
            ("15551230002", "member"),
            ("15551230003", "admin")
        ]
    );
}
