//! What WhatsApp does not take, in words a user can act on.

use super::{accept, app_with_anna, status};
use crate::harness::{ANNA, BORIS, OWN, Session, TestApp, until};
use serde_json::{Value, json};

async fn send(app: &TestApp, session: &Session, to: &str) -> crate::harness::Answer {
    let body = json!({ "type": "text", "to": to, "text": "may I?" });
    app.api.post(&session.path("/messages"), body).await
}

/// A group of Anna's with the account in it, as the gateway knows it.
async fn group(app: &TestApp, session: &Session) -> String {
    app.account(BORIS, "Boris").await;
    let made = json!({ "subject": "Harbour", "owner": ANNA, "members": [OWN, BORIS] });
    let made = app.phones.post("/groups", made).await.well();
    let gid = made["groupJid"].as_str().unwrap().to_owned();
    until("the group", || async {
        let group = app.api.get(&session.path(&format!("/groups/{gid}"))).await;
        group.status.is_success().then_some(())
    })
    .await;
    gid
}

#[tokio::test]
async fn a_group_only_admins_write_in_is_403_and_the_account_is_not_blamed() {
    let (app, session) = app_with_anna().await;
    let gid = group(&app, &session).await;
    assert_eq!(send(&app, &session, &gid).await.status.as_u16(), 200);
    let quiet = json!({ "by": ANNA, "announce": true });
    app.phones
        .patch(&format!("/groups/{gid}"), quiet)
        .await
        .well();
    let refused = send(&app, &session, &gid).await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(
        refused.body["error"]["details"]["reason"],
        "not_group_admin"
    );
    let queued = accept(&app, &session, &gid, "and so?").await;
    let failed = status(&app, &session, &queued, "failed").await;
    assert!(
        failed["error"].as_str().unwrap().contains("admins"),
        "{failed}"
    );
    let told = app.events("message.status");
    let told: Vec<&Value> = told
        .iter()
        .filter(|e| e["outboxId"] == queued["outboxId"])
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["status"], &told[0]["error"]),
        (&json!("failed"), &failed["error"])
    );
    assert_eq!(app.events("account.restricted"), Vec::<Value>::new());
}

#[tokio::test]
async fn a_group_the_account_was_removed_from_says_so() {
    let (app, session) = app_with_anna().await;
    let gid = group(&app, &session).await;
    assert_eq!(send(&app, &session, &gid).await.status.as_u16(), 200);
    app.phones
        .delete(&format!("/groups/{gid}/members/{OWN}?by={ANNA}"))
        .await
        .well();
    let refused = send(&app, &session, &gid).await;
    assert_eq!(refused.refused(502), "upstream_error");
    let error = &refused.body["error"];
    assert_eq!(error["details"]["reason"], "rejected");
    assert!(
        error["message"].as_str().unwrap().contains("not a member"),
        "{error}"
    );
}

/// Each code as a synchronous caller and as a queued send's owner meet it.
#[tokio::test]
async fn refusals_by_code_say_what_to_do() {
    let (app, session) = app_with_anna().await;
    assert_eq!(send(&app, &session, ANNA).await.status.as_u16(), 200);
    for (code, reason, word) in [
        (429, "rate_overlimit", "too much"),
        (403, "rejected", "blocked"),
        (475, "account_restricted", "new chats"),
        (479, "rejected", "479"),
        (404, "recipient_not_on_whatsapp", "know"),
    ] {
        let fault = json!({ "kind": "nack", "phone": OWN, "code": code, "count": 2 });
        app.phones.post("/faults", fault).await.well();
        let refused = send(&app, &session, ANNA).await;
        assert_eq!(refused.refused(502), "upstream_error", "{code}");
        let error = &refused.body["error"];
        assert_eq!(error["details"]["reason"], reason, "{code}");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        let queued = accept(&app, &session, ANNA, "and later?").await;
        let failed = status(&app, &session, &queued, "failed").await;
        assert_eq!(failed["error"], error["message"]);
    }
    // Nothing of it was delivered, and nothing holds up what comes next.
    assert_eq!(send(&app, &session, ANNA).await.status.as_u16(), 200);
    let seen = app.inbox(ANNA, |seen| seen.len() >= 2).await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    app.clean_ledger().await;
}

#[tokio::test]
async fn trouble_at_whatsapps_end_is_no_refusal() {
    let (app, session) = app_with_anna().await;
    for code in [500, 503] {
        let fault = json!({ "kind": "nack", "phone": OWN, "code": code, "count": 1 });
        app.phones.post("/faults", fault).await.well();
        let sent = send(&app, &session, ANNA).await;
        assert_eq!(sent.status.as_u16(), 200, "{}", sent.body);
    }
    assert_eq!(app.inbox(ANNA, |seen| seen.len() >= 2).await.len(), 2);
}

#[tokio::test]
async fn who_has_no_device_to_encrypt_for_is_not_written_to() {
    let (app, session) = app_with_anna().await;
    let refused = send(&app, &session, "987654321098765@lid").await;
    assert_eq!(refused.refused(502), "upstream_error");
    let details = &refused.body["error"]["details"];
    assert_eq!(details["reason"], "recipient_not_on_whatsapp");
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["messages"], json!([]), "something was written");
}
