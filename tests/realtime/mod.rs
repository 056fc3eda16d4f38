//! The event log over a WebSocket.

mod away;
mod rights;

use crate::harness::{ANNA, Door, Ears, Ended, OWN, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn is(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["event"] == kind
}

fn said(text: &str) -> impl Fn(&Value) -> bool {
    move |event| event["event"] == "message" && event["payload"]["body"] == text
}

async fn write(app: &TestApp, text: &str) {
    app.phones
        .post(
            &format!("/accounts/{ANNA}/send"),
            json!({ "to": OWN, "type": "text", "text": text }),
        )
        .await
        .well();
}

async fn home() -> (TestApp, crate::harness::Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

#[tokio::test]
async fn pairing_is_heard_from_the_code_to_the_end() {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let mut early = app.listen(json!({})).await;
    let reader = app
        .api
        .post(
            "/api-keys",
            json!({ "name": "reader", "permissions": ["read"] }),
        )
        .await
        .well();
    let reading = Door::new(
        &format!("{}/api/v1", app.root_url()),
        reader["secret"].as_str(),
    );
    let url = reading.post("/realtime/ticket", json!({})).await.well();
    let mut unprivileged = Ears::at(url["url"].as_str().unwrap()).await.unwrap();

    let made = app
        .api
        .post("/sessions", json!({ "start": true }))
        .await
        .well();
    let session = crate::harness::Session {
        id: made["id"].as_str().unwrap().to_owned(),
        phone: OWN.to_owned(),
    };
    let code = early.until(is("auth.qr")).await.pop().unwrap();
    assert_eq!((&code["id"], &code["seq"]), (&json!(""), &Value::Null));
    assert!(!code["payload"]["code"].as_str().unwrap().is_empty());
    assert!(code["payload"]["expiresAt"].is_i64());
    // Who comes later is told the code that holds now.
    let mut late = app.listen(json!({ "sessions": [session.id] })).await;
    let now = late.next().await.unwrap();
    assert_eq!(
        (&now["event"], &now["session"]),
        (&json!("auth.qr"), &json!(session.id))
    );
    let shown = app.api.get(&session.path("/qr")).await.well();
    assert_eq!(now["payload"]["code"], shown["code"]);

    app.scan(&session).await;
    app.status(&session, "working").await;
    let working = |event: &Value| event["payload"]["status"] == "working";
    for ears in [&mut early, &mut late, &mut unprivileged] {
        let heard = ears.until(working).await;
        let mut seqs = heard.iter().filter_map(|event| event["seq"].as_i64());
        let first = seqs.next().unwrap();
        assert!(seqs.zip(first + 1..).all(|(seq, expected)| seq == expected));
    }
    assert!(
        !app.pull()
            .await
            .iter()
            .any(|event| { event["event"].as_str().unwrap().starts_with("auth.") })
    );
    assert!(!app.traces_of(now["payload"]["code"].as_str().unwrap()));
    drop(unprivileged);
}

#[tokio::test]
async fn who_was_away_resumes_without_a_gap_or_a_duplicate() {
    let (app, session) = home().await;
    let mut ears = app.listen(json!({})).await;
    write(&app, "first").await;
    let heard = ears.until(said("first")).await;
    let last = heard.last().unwrap()["id"].as_str().unwrap().to_owned();
    drop(ears);
    for n in 0..20 {
        write(&app, &format!("missed {n}")).await;
    }
    app.chat_with(&session, ANNA).await;
    // Some are written while the reader catches up.
    let mut ears = app.listen_since(&last).await;
    for n in 0..20 {
        write(&app, &format!("more {n}")).await;
    }
    let heard = ears.until(said("more 19")).await;
    let log = app.pull().await;
    let place = |id: &Value| log.iter().position(|event| event["id"] == *id).unwrap();
    let (from, to) = (place(&json!(last)) + 1, place(&heard.last().unwrap()["id"]));
    assert_eq!(
        heard,
        log[from..=to],
        "the same events, the same bytes, each once"
    );
    // Seen to the end: nothing comes again.
    write(&app, "end").await;
    let end = heard.last().unwrap()["id"].as_str().unwrap().to_owned();
    let mut ears = app.listen_since(&end).await;
    assert_ne!(ears.next().await.unwrap()["id"], json!(end));
}

#[tokio::test]
async fn a_ticket_is_good_once_and_says_what_is_told() {
    let (app, session) = home().await;
    let url = app.ticket(json!({ "events": ["message"] })).await;
    let mut ears = Ears::at(&url).await.unwrap();
    let mut again = Ears::at(&url).await.unwrap();
    assert_eq!(again.end().await, Ended::Closed(4001));
    write(&app, "only this").await;
    let first = ears.next().await.unwrap();
    assert!(said("only this")(&first), "{first}");
    assert_eq!(first["session"], session.id);
    let plain = app.api.get("/realtime?ticket=x").await;
    assert_eq!(plain.refused(400), "validation_error");
    for wrong in [
        json!({ "events": ["mesage"] }),
        json!({ "sessions": ["sess_00000000000000000000000000"] }),
        json!({ "event": [] }),
    ] {
        let answer = app.api.post("/realtime/ticket", wrong).await;
        assert_eq!(answer.refused(400), "validation_error");
    }
    let url = app.ticket(json!({})).await;
    let unknown = format!("{url}&since=evt_00000000000000000000000000");
    let Err(tokio_websockets::Error::Upgrade(refused)) = Ears::at(&unknown).await.map(|_| ())
    else {
        panic!("an unknown event was taken");
    };
    assert!(format!("{refused:?}").contains("400"), "{refused:?}");
}

#[tokio::test]
async fn a_revoked_key_is_cut_off_and_a_stop_says_so() {
    let (mut app, _session) = home().await;
    let made = app
        .api
        .post(
            "/api-keys",
            json!({ "name": "short", "permissions": ["read"] }),
        )
        .await
        .well();
    let door = Door::new(
        &format!("{}/api/v1", app.root_url()),
        made["secret"].as_str(),
    );
    let url = door.post("/realtime/ticket", json!({})).await.well();
    let mut theirs = Ears::at(url["url"].as_str().unwrap()).await.unwrap();
    let mut ours = app.listen(json!({})).await;
    let began = Instant::now();
    let id = made["id"].as_str().unwrap();
    let gone = app.api.delete(&format!("/api-keys/{id}")).await;
    assert!(gone.status.is_success());
    assert_eq!(theirs.end().await, Ended::Closed(4003));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "the contract's time"
    );
    write(&app, "still here").await;
    ours.until(said("still here")).await;
    let (stopped, ended) = tokio::join!(app.stop_gateway(), ours.end());
    assert_eq!(ended, Ended::Closed(1012));
    assert!(stopped);
}

#[tokio::test]
async fn typing_is_heard_live_and_never_logged() {
    let (app, session) = home().await;
    write(&app, "hello").await;
    app.chat_with(&session, ANNA).await;
    let mut ears = app.listen(json!({ "events": ["presence"] })).await;
    // Typing is shown to whoever is there.
    let there = app.api.request(Method::PUT, &session.path("/presence"));
    let there = Door::send(there.json(&json!({ "state": "available" }))).await;
    assert_eq!(there.status, 204, "{}", there.body);
    // Once this is answered, the network has heard what went before it.
    app.api.get(&session.path("/contacts/blocked")).await.well();
    let path = format!("/accounts/{ANNA}/send");
    let body = json!({ "to": OWN, "type": "typing", "state": "composing" });
    app.phones.post(&path, body).await.well();
    let event = ears.next().await.unwrap();
    assert_eq!(event["payload"]["state"], "composing");
    assert_eq!((&event["id"], &event["seq"]), (&json!(""), &Value::Null));
    assert_eq!(app.events("presence"), Vec::<Value>::new());
}
