//! Groups as stored, messages in them, and what is done to them.

mod invites;
mod manage;
mod many;
mod members;
mod support;

use crate::harness::{ANNA, BORIS, CHLOE, OWN, TestApp, until};
use serde_json::{Value, json};

async fn app_with_group() -> (TestApp, crate::harness::Session, String) {
    let app = TestApp::new().await;
    for (phone, name) in [(ANNA, "Anna"), (BORIS, "Boris"), (CHLOE, "Chloe")] {
        app.account(phone, name).await;
    }
    let session = app.session(OWN).await;
    let group = json!({ "subject": "Harbour", "owner": ANNA, "members": [OWN, BORIS] });
    let gid = app.phones.post("/groups", group).await.well()["groupJid"]
        .as_str()
        .unwrap()
        .to_owned();
    (app, session, gid)
}

async fn rows(app: &TestApp, session: &crate::harness::Session, gid: &str) -> Vec<Value> {
    app.all(&session.path(&format!("/groups/{gid}/members")))
        .await
}

#[tokio::test]
async fn a_group_made_by_others_appears_and_follows_their_changes() {
    let (app, session, gid) = app_with_group().await;
    until("the group", || async {
        let group = app.api.get(&session.path(&format!("/groups/{gid}"))).await;
        (group.status.is_success()
            && group.body["subject"] == "Harbour"
            && group.body["participantCount"] == 3)
            .then_some(())
    })
    .await;
    app.phones
        .post(
            &format!("/groups/{gid}/members"),
            json!({ "by": ANNA, "phones": [CHLOE] }),
        )
        .await
        .well();
    until("the fourth", || async {
        (rows(&app, &session, &gid).await.len() == 4).then_some(())
    })
    .await;
    app.phones
        .patch(
            &format!("/groups/{gid}"),
            json!({ "by": ANNA, "subject": "Pier" }),
        )
        .await
        .well();
    until("the subject", || async {
        (app.api
            .get(&session.path(&format!("/groups/{gid}")))
            .await
            .well()["subject"]
            == "Pier")
            .then_some(())
    })
    .await;
    app.phones
        .delete(&format!("/groups/{gid}/members/{BORIS}?by={ANNA}"))
        .await
        .well();
    until("three again", || async {
        (rows(&app, &session, &gid).await.len() == 3).then_some(())
    })
    .await;
    let listed = app
        .all(&session.path(&format!("/contacts?group={gid}")))
        .await;
    assert!(listed.iter().all(|row| row["phoneNumber"] != BORIS));
    assert_eq!(
        app.all(&session.path("/contacts?source=group")).await.len(),
        3,
        "Boris was seen in a group, ever"
    );
    let roles: Vec<Value> = rows(&app, &session, &gid)
        .await
        .into_iter()
        .map(|m| m["role"].clone())
        .collect();
    assert!(roles.contains(&json!("superadmin")), "{roles:?}");
}

#[tokio::test]
async fn messages_by_sender_key_go_both_ways() {
    let (app, session, gid) = app_with_group().await;
    app.phones
        .post(
            &format!("/accounts/{ANNA}/send"),
            json!({ "to": gid, "type": "text", "text": "ahoy" }),
        )
        .await
        .well();
    let messages = until("the message", || async {
        let answer = app
            .api
            .get(&session.path(&format!("/chats/{gid}/messages")))
            .await;
        answer.body["data"]
            .as_array()
            .filter(|rows| !rows.is_empty())
            .cloned()
    })
    .await;
    assert_eq!(
        (&messages[0]["body"], &messages[0]["senderName"]),
        (&json!("ahoy"), &json!("Anna"))
    );
    let sent = app
        .api
        .post(
            &session.path("/messages"),
            json!({ "type": "text", "to": gid, "text": "aye" }),
        )
        .await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.body);
    for phone in [ANNA, BORIS] {
        let inbox = app
            .inbox(phone, |seen| seen.iter().any(|m| m["body"] == "aye"))
            .await;
        assert_eq!(inbox.iter().filter(|m| m["body"] == "aye").count(), 1);
    }
    app.clean_ledger().await;
}
