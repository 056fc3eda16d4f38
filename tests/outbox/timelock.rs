//! While WhatsApp lets the account write to nobody new: first contacts wait, everybody else goes on.

use super::{accept, app_with_anna, item, now_ms, status};
use crate::harness::{ANNA, BORIS, CHLOE, OWN};
use serde_json::json;

#[tokio::test]
async fn first_contacts_wait_for_the_end_and_known_chats_go_on() {
    let (mut app, session) = app_with_anna().await;
    app.account(BORIS, "Boris").await;
    app.account(CHLOE, "Chloe").await;
    // Anna is known: she wrote.
    let hello = json!({ "to": OWN, "type": "text", "text": "hello" });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), hello)
        .await
        .well();
    app.chat_with(&session, ANNA).await;
    let begun = now_ms();
    let lock = json!({ "kind": "timelock", "phone": OWN, "ms": 15_000 });
    app.phones.post("/faults", lock).await.well();

    let first = accept(&app, &session, BORIS, "first").await;
    let second = accept(&app, &session, BORIS, "second").await;
    let answered = app
        .api
        .post(
            &session.path("/messages"),
            json!({ "type": "text", "to": ANNA, "text": "we know each other" }),
        )
        .await;
    assert_eq!(answered.status.as_u16(), 200, "{}", answered.body);
    let refused = app
        .api
        .post(
            &session.path("/messages"),
            json!({ "type": "text", "to": CHLOE, "text": "we do not" }),
        )
        .await;
    assert_eq!(refused.refused(502), "upstream_error");
    let details = &refused.body["error"]["details"];
    assert_eq!(details["reason"], "reachout_timelocked");
    let until = details["until"].as_i64().unwrap();
    assert!(
        (begun + 14_000..begun + 20_000).contains(&until),
        "{until} after {begun}"
    );
    for waiting in [&first, &second] {
        assert_eq!(item(&app, &session, waiting).await["status"], "queued");
    }
    // Who waits can be taken back, and the lock outlives the process.
    let third = accept(&app, &session, CHLOE, "never mind").await;
    let path = session.path(&format!("/outbox/{}", third["outboxId"].as_str().unwrap()));
    assert_eq!(app.api.delete(&path).await.status.as_u16(), 204);
    app.kill_gateway().await;
    app.start_gateway().await;
    app.status(&session, "working").await;
    let seen = app.inbox(BORIS, |seen| seen.len() >= 2).await;
    assert!(now_ms() >= begun + 14_000, "before the lock ended");
    let bodies: Vec<_> = seen.iter().map(|m| m["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["first", "second"]);
    status(&app, &session, &second, "delivered").await;
    let chloe = app.inbox(CHLOE, |_| true).await;
    assert!(chloe.is_empty(), "{chloe:?}");
    // One refusal was enough to learn of the lock: the others were not even tried.
    let trace = app
        .phones
        .get(&format!("/trace?phone={OWN}&limit=2000"))
        .await
        .well();
    let refusals = trace.to_string().matches("error=\\\"463\\\"").count()
        + trace.to_string().matches("error='463'").count();
    assert!((1..=2).contains(&refusals), "{refusals} tries");
    let restricted = app.events("account.restricted");
    assert_eq!(restricted.len(), 1, "{restricted:?}");
    assert_eq!(restricted[0]["reason"], "reachout_timelocked");
    assert_eq!(restricted[0]["until"], until);
    app.clean_ledger().await;
}
