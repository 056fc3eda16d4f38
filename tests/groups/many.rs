//! Many groups and large ones.

use super::support::shows;
use crate::harness::{ANNA, OWN, TestApp, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How often the session's device asked WhatsApp about groups.
async fn questions(app: &TestApp) -> usize {
    let trace = app
        .phones
        .get(&format!("/trace?phone={OWN}&limit=10000"))
        .await
        .well();
    let lines = trace
        .as_array()
        .or_else(|| trace["lines"].as_array())
        .unwrap();
    let asked = |line: &&Value| {
        let text = line["text"].as_str().unwrap();
        line["direction"] == "in" && text.starts_with("<iq") && text.contains("xmlns=\"w:g2\"")
    };
    lines.iter().filter(asked).count()
}

#[tokio::test]
async fn three_hundred_groups_come_without_a_storm_of_questions() {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    app.account(ANNA, "Anna").await;
    let crowd = json!({ "for": OWN, "people": 400, "groups": 300, "messages": 0, "seed": 11 });
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(OWN).await;
    until("three hundred groups", || async {
        let groups = app.all(&session.path("/groups?limit=200")).await;
        let known = groups
            .iter()
            .filter(|g| g["participantCount"].as_u64() > Some(1))
            .count();
        (known >= 300).then_some(())
    })
    .await;
    assert_eq!(questions(&app).await, 1, "all of them at once");
    // Somebody adds the account to twenty more, one after the other: each notification says all there is to know.
    for n in 0..20 {
        let group = json!({ "subject": format!("more {n}"), "owner": ANNA, "members": [OWN] });
        app.phones.post("/groups", group).await.well();
    }
    until("twenty more", || async {
        let groups = app.all(&session.path("/groups?limit=200")).await;
        let more = groups
            .iter()
            .filter(|g| g["subject"].as_str().unwrap().starts_with("more "))
            .count();
        (more == 20).then_some(())
    })
    .await;
    assert_eq!(questions(&app).await, 1, "nobody was asked again");
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn a_group_of_a_thousand_is_paged_whole() {
    const PEOPLE: usize = 1_023;
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let mut phones = Vec::new();
    for n in 0..PEOPLE {
        let phone = format!("62888{n:07}");
        app.account(&phone, "Somebody").await;
        phones.push(phone);
    }
    let owner = phones.pop().unwrap();
    phones.push(OWN.to_owned());
    let group = json!({ "subject": "All", "owner": owner, "members": phones });
    let gid = app.phones.post("/groups", group).await.well()["groupJid"]
        .as_str()
        .unwrap()
        .to_owned();
    let session = app.pair(OWN).await;
    shows(&app, &session, &gid, |g| {
        g["participantCount"] == PEOPLE + 1
    })
    .await;
    let rows = app
        .all(&session.path(&format!("/groups/{gid}/members?limit=200")))
        .await;
    let numbers: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["phoneNumber"].as_str().unwrap())
        .collect();
    assert_eq!((rows.len(), numbers.len()), (PEOPLE + 1, PEOPLE + 1));
    let page = app
        .api
        .get(&session.path(&format!("/groups/{gid}/members?limit=200")))
        .await
        .well();
    assert_eq!(page["data"].as_array().unwrap().len(), 200);
    // Full: nobody more comes in, and who is asked for is told why.
    app.account(ANNA, "Anna").await;
    let add = json!({ "participants": [ANNA] });
    let path = session.path(&format!("/groups/{gid}/members"));
    let full = app.api.post(&path, add).await;
    assert_eq!(full.refused(502), "upstream_error");
    assert_eq!(
        full.body["error"]["details"]["participants"][0]["reason"],
        "group_full"
    );
}
