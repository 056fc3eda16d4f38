//! Every type of the catalogue occurs here, and is as the OpenAPI document says: the recorder and the socket hold each to it.

use super::{harbour, traffic::Traffic};
use crate::harness::{BORIS, Ears, OWN, TestApp, schemas};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn kinds(ears: &mut Ears, last: &str) -> BTreeSet<String> {
    let heard = ears
        .until(|event| event["event"] == "message" && event["payload"]["body"] == last)
        .await;
    let kind = |event: &Value| event["event"].as_str().unwrap().to_owned();
    heard.iter().map(kind).collect()
}

#[tokio::test]
async fn every_type_is_told_as_documented() {
    let app = harbour().await;
    let mut ears = app.listen(json!({})).await;
    let session = app.pair(OWN).await;
    let (app, session) = (&app, &session);
    let traffic = Traffic { app, session };
    traffic.messages().await;
    traffic.groups().await;
    traffic.passing().await;
    traffic.jobs().await;
    traffic.merged().await;
    traffic.a_webhook_is_disabled().await;
    traffic.codes().await;
    traffic.restricted().await;
    traffic.says(BORIS, OWN, "the end").await;
    let mut told = kinds(&mut ears, "the end").await;
    let test = traffic.a_webhook_is_tested().await;
    told.insert(test["event"].as_str().unwrap().to_owned());
    assert_eq!(told, schemas::types());
}

/// The judge itself: an event that is not as documented does not pass.
#[tokio::test]
async fn what_is_not_documented_is_refused() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let good = app.pull().await.remove(0);
    assert_eq!(good["session"], session.id);
    assert_eq!(schemas::wrong(&good), Vec::<String>::new());
    let payload = |name: &str, value: Value| {
        let mut event = good.clone();
        event["payload"][name] = value;
        event
    };
    let envelope = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    let mut without = good.clone();
    without["payload"].as_object_mut().unwrap().remove("since");
    for bad in [
        payload("more", json!(1)),
        payload("since", json!("1")),
        payload("since", Value::Null),
        payload("status", json!("asleep")),
        without,
        envelope("more", json!(1)),
        envelope("seq", Value::Null),
        envelope("id", json!("evt_1")),
        envelope("session", json!("")),
        envelope("event", json!("session.stat")),
        envelope("event", json!("message")),
        envelope("payload", json!({ "erased": false })),
    ] {
        assert_ne!(schemas::wrong(&bad), Vec::<String>::new(), "{bad}");
    }
    assert_eq!(
        schemas::wrong(&envelope("payload", json!({ "erased": true }))),
        Vec::<String>::new()
    );
}
