//! Calls: rejected here, seen so by the caller. That they are events is tested where events can be read.

use crate::harness::{ANNA, OWN, TestApp, until};
use serde_json::json;

#[tokio::test]
async fn a_ringing_call_is_rejected_and_an_unknown_one_is_not_found() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let reject = async |id: &str| {
        let path = session.path(&format!("/calls/{id}:reject"));
        app.api.poke(&path).await
    };
    let calls = async |kind: &str| {
        let body = json!({ "to": OWN, "type": "call", "kind": kind });
        let path = format!("/accounts/{ANNA}/send");
        app.phones.post(&path, body).await.well()["callId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(reject("NOBODY").await.refused(404), "not_found");
    let id = calls("video").await;
    until("it rings and is rejected", || async {
        let answer = reject(&id).await;
        assert!(
            matches!(answer.status.as_u16(), 204 | 404),
            "{}",
            answer.body
        );
        (answer.status == 204).then_some(())
    })
    .await;
    until("the caller sees it", || async {
        let seen = app.phones.get(&format!("/accounts/{ANNA}/seen")).await;
        let seen = seen.well()["events"].as_array().unwrap().clone();
        let call = seen.into_iter().find(|event| event["type"] == "call")?;
        assert_eq!(
            (&call["callId"], &call["state"]),
            (&json!(id), &json!("rejected"))
        );
        Some(())
    })
    .await;
    assert_eq!(reject(&id).await.refused(404), "not_found");
    // Given up by the caller before anybody rejects it.
    let missed = calls("missed").await;
    let rings = calls("audio").await;
    until("the later one rings", || async {
        (reject(&rings).await.status == 204).then_some(())
    })
    .await;
    assert_eq!(reject(&missed).await.refused(404), "not_found");
    app.api.poke(&session.path(":stop")).await.well();
    let away = reject(&rings).await;
    assert_eq!(away.refused(501), "not_implemented");
    assert_eq!(
        away.body["error"]["details"]["reason"],
        "session_not_connected"
    );
    let trace = app.phones.get("/trace?limit=1").await.well();
    assert_eq!(trace["errors"], json!([]));
}
