//! An Idempotency-Key outlives the process that answered it.

use super::{app_with_anna, status};
use crate::harness::{ANNA, Door, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn send(
    app: &TestApp,
    session: &Session,
    query: &str,
    key: &str,
    body: &Value,
) -> crate::harness::Answer {
    let request = app
        .api
        .request(Method::POST, &session.path(&format!("/messages{query}")))
        .header("Idempotency-Key", key)
        .json(body);
    Door::send(request).await
}

#[tokio::test]
async fn a_replay_after_a_restart_is_the_first_answer_and_sends_nothing() {
    let (mut app, session) = app_with_anna().await;
    let body = json!({ "type": "text", "to": ANNA, "text": "only once" });
    let first = send(&app, &session, "", "sync", &body).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.body);
    let queued = send(&app, &session, "?async=true", "async", &body).await;
    assert_eq!(queued.status.as_u16(), 202);
    let nobody = json!({ "type": "text", "to": "628999999999", "text": "anyone?" });
    let refused = send(&app, &session, "", "refused", &nobody).await;
    assert_eq!(refused.refused(502), "upstream_error");
    status(&app, &session, &queued.body, "delivered").await;
    status(&app, &session, &first.body, "delivered").await;

    app.kill_gateway().await;
    app.start_gateway().await;
    // While it is not connected yet, and after it is.
    for _ in 0..2 {
        for (answer, query, key, code) in [
            (&first, "", "sync", 200),
            (&queued, "?async=true", "async", 202),
        ] {
            let again = send(&app, &session, query, key, &body).await;
            assert_eq!(again.status.as_u16(), code, "{}", again.body);
            assert_eq!(again.body["replayed"], true);
            assert_eq!(again.body["status"], "delivered");
            for same in ["outboxId", "waMessageId", "mode"] {
                assert_eq!(again.body[same], answer.body[same], "{same}");
            }
        }
        let again = send(&app, &session, "", "refused", &nobody).await;
        assert_eq!(again.refused(502), "upstream_error");
        assert_eq!(again.body["error"], refused.body["error"]);
        let other = json!({ "type": "text", "to": ANNA, "text": "something else" });
        let reused = send(&app, &session, "", "sync", &other).await;
        assert_eq!(reused.refused(422), "idempotency_key_reused");
        app.status(&session, "working").await;
    }
    assert_eq!(app.inbox(ANNA, |seen| seen.len() >= 2).await.len(), 2);
    app.clean_ledger().await;
}
