//! What ends a connection, what the session says of it, and what brings it back.

use crate::harness::{ANNA, OWN, Session, TestApp, until};
use serde_json::{Value, json};

/// A linked session, its network told to go wrong.
async fn struck(fault: Value) -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    strike(&app, fault).await;
    (app, session)
}

async fn strike(app: &TestApp, mut fault: Value) {
    fault["phone"] = json!(OWN);
    app.phones.post("/faults", fault).await.well();
}

/// Left `working` and came back to it by itself; what was sent meanwhile arrives, once.
async fn comes_back(app: &TestApp, session: &Session) {
    let sent = app
        .api
        .post(
            &session.path("/messages?async=true"),
            json!({ "type": "text", "to": ANNA, "text": "afterwards" }),
        )
        .await
        .well();
    let inbox = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0]["waMessageId"], sent["waMessageId"]);
    let now = app.status(session, "working").await;
    assert_eq!(now["statusReason"], "");
    app.clean_ledger().await;
}

/// Stays as it is until somebody starts it, and then works.
async fn waits_for_somebody(app: &TestApp, session: &Session, reason: &str) -> Value {
    let failed = app.status(session, "failed").await;
    assert_eq!(failed["statusReason"], reason);
    let refused = app
        .api
        .get(&session.path(&format!("/contacts/check?phone={ANNA}")))
        .await;
    assert_eq!(refused.refused(501), "not_implemented");
    failed
}

async fn starts_again(app: &TestApp, session: &Session) {
    app.phones.delete("/faults").await;
    app.api.poke(&session.path(":start")).await.well();
    app.status(session, "working").await;
    comes_back(app, session).await;
}

#[tokio::test]
async fn stream_errors_that_pass_bring_a_new_connection() {
    for code in [503, 515, 403] {
        let app = TestApp::new().await;
        app.account(ANNA, "Anna").await;
        let session = app.session(OWN).await;
        let sockets = async || {
            let ledger = app.phones.get("/ledger").await.well();
            ledger["connections"].as_array().unwrap().len()
        };
        let before = sockets().await;
        strike(&app, json!({ "kind": "stream_error", "code": code })).await;
        until("a new connection", || async {
            (sockets().await > before).then_some(())
        })
        .await;
        app.status(&session, "working").await;
        comes_back(&app, &session).await;
    }
}

#[tokio::test]
async fn asked_to_slow_down_it_waits_and_comes_back() {
    let (app, session) = struck(json!({ "kind": "stream_error", "code": 429 })).await;
    let now = app.status(&session, "starting").await;
    assert_eq!(now["statusReason"], "reconnecting");
    comes_back(&app, &session).await;
}

#[tokio::test]
async fn a_conflict_is_replaced_and_final_until_started() {
    let (app, session) = struck(json!({ "kind": "stream_error", "code": 409 })).await;
    waits_for_somebody(&app, &session, "replaced").await;
    starts_again(&app, &session).await;
}

#[tokio::test]
async fn unauthorized_is_logged_out_and_can_be_linked_anew() {
    let (app, session) = struck(json!({ "kind": "stream_error", "code": 401 })).await;
    app.status(&session, "logged_out").await;
    let send = json!({ "type": "text", "to": ANNA, "text": "anyone?" });
    let refused = app
        .api
        .post(&session.path("/messages?async=true"), send)
        .await;
    assert_eq!(refused.refused(501), "not_implemented");
    assert_eq!(refused.body["error"]["details"]["reason"], "not_paired");
    app.api.poke(&session.path(":start")).await.well();
    app.scan(&session).await;
    app.status(&session, "working").await;
    comes_back(&app, &session).await;
}

#[tokio::test]
async fn an_outdated_client_fails_and_says_so() {
    let (app, session) = struck(json!({ "kind": "connect_failure", "code": 405 })).await;
    strike(&app, json!({ "kind": "drop_socket" })).await;
    waits_for_somebody(&app, &session, "client_outdated").await;
    starts_again(&app, &session).await;
}

#[tokio::test]
async fn a_ban_fails_and_says_until_when() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let before = now_ms();
    strike(&app, json!({ "kind": "ban", "ms": 7_200_000 })).await;
    let failed = waits_for_somebody(&app, &session, "banned").await;
    let until = failed["statusUntil"].as_i64().unwrap();
    let expected = before + 7_200_000;
    assert!(
        (expected - 5_000..expected + 120_000).contains(&until),
        "{until}, expected about {expected}"
    );
    starts_again(&app, &session).await;
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[tokio::test]
async fn a_network_that_goes_away_is_waited_for() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    app.kill_network().await;
    let now = app.status(&session, "starting").await;
    assert_eq!(now["statusReason"], "reconnecting");
    let send = json!({ "type": "text", "to": ANNA, "text": "nobody there" });
    let refused = app.api.post(&session.path("/messages"), send).await;
    assert_eq!(refused.refused(501), "not_implemented");
    app.start_network().await;
    app.status(&session, "working").await;
    comes_back(&app, &session).await;
}
