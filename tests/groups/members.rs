//! Who is in a group, as it is changed through the API: for each person, with what others see of it.

use super::support::{
    app_with_people, ask, done, has_members, on_phones, own_group, reason, shows,
};
use crate::harness::{ANNA, BORIS, CHLOE, OWN, until};
use reqwest::Method;
use serde_json::{Value, json};

const NOBODY: &str = "628999999999";

fn roles(group: &Value) -> Vec<(&str, &str)> {
    let members = group["members"].as_array().unwrap().iter();
    let mut all: Vec<_> = members
        .map(|m| (m["phone"].as_str().unwrap(), m["role"].as_str().unwrap()))
        .collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn people_come_rise_fall_and_go_and_each_change_is_told_once() {
    let (app, session) = app_with_people().await;
    let anna = app.pair(ANNA).await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    shows(&app, &anna, &gid, |_| true).await;
    let add = |people: Value| Some(json!({ "participants": people }));
    let members = format!("/{gid}/members");
    // A member already is a no-op, alone or among others.
    for people in [json!([BORIS, ANNA]), json!([BORIS]), json!([BORIS, CHLOE])] {
        done(&app, &session, Method::POST, &members, add(people)).await;
    }
    let boris = |verb: &str| format!("/{gid}/members/{BORIS}/{verb}");
    for _ in 0..2 {
        done(&app, &session, Method::POST, &boris("promote"), None).await;
    }
    let now = [
        (OWN, "superadmin"),
        (ANNA, "member"),
        (BORIS, "admin"),
        (CHLOE, "member"),
    ];
    has_members(&app, &session, &gid, &now).await;
    has_members(&app, &anna, &gid, &now).await;
    for _ in 0..2 {
        done(&app, &session, Method::POST, &boris("demote"), None).await;
    }
    for _ in 0..2 {
        let path = format!("/{gid}/members/{CHLOE}");
        done(&app, &session, Method::DELETE, &path, None).await;
    }
    let now = [(OWN, "superadmin"), (ANNA, "member"), (BORIS, "member")];
    has_members(&app, &session, &gid, &now).await;
    has_members(&app, &anna, &gid, &now).await;
    let mut expected = now.to_vec();
    expected.sort_unstable();
    assert_eq!(roles(&on_phones(&app, &gid).await), expected);
    // The owner is an admin already, and stays one.
    done(
        &app,
        &session,
        Method::POST,
        &format!("/{gid}/members/{OWN}/promote"),
        None,
    )
    .await;
    has_members(&app, &session, &gid, &now).await;
    let refused = ask(
        &app,
        &session,
        Method::POST,
        &format!("/{gid}/members/{OWN}/demote"),
        None,
    )
    .await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(reason(&refused), "group_owner");
    let missing = ask(
        &app,
        &session,
        Method::POST,
        &format!("/{gid}/members/{CHLOE}/promote"),
        None,
    )
    .await;
    assert_eq!(missing.refused(404), "not_found");

    // Each change is one event in each session, whatever was repeated and whoever else told it.
    let told = until("events of both sessions", || async {
        let told: Vec<(String, String)> = app
            .events("group.members")
            .iter()
            .filter(|e| e["groupJid"] == gid)
            .flat_map(|e| {
                let action = e["action"].as_str().unwrap().to_owned();
                let whom = e["members"].as_array().unwrap().clone();
                whom.into_iter().map(move |m| {
                    (
                        action.clone(),
                        m["phoneNumber"].as_str().unwrap().to_owned(),
                    )
                })
            })
            .collect();
        (told.len() >= 10).then_some(told)
    })
    .await;
    for change in [
        ("joined", BORIS),
        ("joined", CHLOE),
        ("promoted", BORIS),
        ("demoted", BORIS),
        ("left", CHLOE),
    ] {
        let same = told
            .iter()
            .filter(|(action, phone)| (action.as_str(), phone.as_str()) == change);
        assert_eq!(same.count(), 2, "{change:?} in {told:?}");
    }
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn who_cannot_be_added_is_named_and_the_others_are_in() {
    let (app, session) = app_with_people().await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    let members = format!("/{gid}/members");
    let body = |people: Value| Some(json!({ "participants": people }));
    let half = ask(
        &app,
        &session,
        Method::POST,
        &members,
        body(json!([BORIS, NOBODY, ANNA])),
    )
    .await;
    assert_eq!(half.refused(502), "upstream_error");
    let details = &half.body["error"]["details"];
    assert_eq!(details["reason"], "recipient_not_on_whatsapp");
    assert_eq!(
        details["participants"],
        json!([{ "participant": format!("{NOBODY}@s.whatsapp.net"), "reason": "recipient_not_on_whatsapp" }])
    );
    let jids = [BORIS, ANNA].map(|phone| format!("{phone}@s.whatsapp.net"));
    assert_eq!(details["applied"], json!(jids));
    has_members(
        &app,
        &session,
        &gid,
        &[(OWN, "superadmin"), (ANNA, "member"), (BORIS, "member")],
    )
    .await;
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong_and_change_nothing() {
    let (app, session) = app_with_people().await;
    let gid = own_group(&app, &session, &[ANNA]).await;
    let too_many: Vec<String> = (0..1_024).map(|n| format!("6289900{n:05}")).collect();
    let people = |people: Value| json!({ "name": "x", "participants": people });
    let cases = [
        (
            Method::POST,
            String::new(),
            people(json!([])),
            "participants",
        ),
        (
            Method::POST,
            String::new(),
            people(json!(too_many)),
            "participants",
        ),
        (
            Method::POST,
            String::new(),
            people(json!([ANNA, gid])),
            "participants[1]",
        ),
        (
            Method::POST,
            String::new(),
            people(json!([ANNA, "12"])),
            "participants[1]",
        ),
        (
            Method::POST,
            String::new(),
            json!({ "participants": [ANNA] }),
            "name",
        ),
        (
            Method::POST,
            String::new(),
            json!({ "name": " ", "participants": [ANNA] }),
            "name",
        ),
        (
            Method::POST,
            String::new(),
            json!({ "name": "x".repeat(101), "participants": [ANNA] }),
            "name",
        ),
        (
            Method::PATCH,
            format!("/{gid}"),
            json!({ "subject": "" }),
            "subject",
        ),
        (
            Method::PATCH,
            format!("/{gid}"),
            json!({ "subject": "x", "description": "x".repeat(2_049) }),
            "description",
        ),
        (
            Method::PATCH,
            format!("/{gid}"),
            json!({ "ephemeralSeconds": 5 }),
            "ephemeralSeconds",
        ),
        (
            Method::PATCH,
            format!("/{gid}"),
            json!({ "colour": "red" }),
            "colour",
        ),
        (
            Method::PATCH,
            format!("/{ANNA}"),
            json!({ "subject": "x" }),
            "gid",
        ),
        (
            Method::POST,
            format!("/{gid}/members"),
            json!({ "participants": [] }),
            "participants",
        ),
        (
            Method::POST,
            format!("/{gid}/members"),
            json!({ "participants": [gid] }),
            "participants[0]",
        ),
        (
            Method::POST,
            format!("/{gid}/members/{gid}/promote"),
            json!({}),
            "jid",
        ),
        (
            Method::DELETE,
            format!("/{gid}/members/{gid}"),
            json!({}),
            "jid",
        ),
        (
            Method::POST,
            ":join".to_owned(),
            json!({ "invite": "https://example.com/AbCdEfGhIjKlMnOpQrStUv" }),
            "invite",
        ),
        (
            Method::POST,
            ":join".to_owned(),
            json!({ "invite": "" }),
            "invite",
        ),
        (
            Method::POST,
            ":join".to_owned(),
            json!({ "invite": "AbCdEfGhIjKlMnOpQrStUv" }),
            "invite",
        ),
    ];
    for (method, path, body, field) in cases {
        let answer = ask(&app, &session, method, &path, Some(body.clone())).await;
        assert_eq!(answer.refused(400), "validation_error", "{path}");
        let details = &answer.body["error"]["details"];
        assert!(details.get(field).is_some(), "{path} {field}: {details}");
    }
    assert_eq!(app.all(&session.path("/groups")).await.len(), 1);
    assert_eq!(on_phones(&app, &gid).await["subject"], "Pier");
    has_members(
        &app,
        &session,
        &gid,
        &[(OWN, "superadmin"), (ANNA, "member")],
    )
    .await;
}
