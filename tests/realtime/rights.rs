//! What a socket tells is what its credential may read, while it may.

use super::{home, said, write};
use crate::harness::{Door, Ears, Ended, TestApp};
use serde_json::{Value, json};

/// Somebody who logged in: their door, and what they were given.
async fn person(app: &TestApp) -> (Door, Value) {
    let login = app.login.clone();
    let tokens = app.root.post("/api/v1/auth/login", login).await.well();
    let base = format!("{}/api/v1", app.root_url());
    (Door::new(&base, tokens["accessToken"].as_str()), tokens)
}

async fn listen(door: &Door, wish: Value) -> Ears {
    let ticket = door.post("/realtime/ticket", wish).await.well();
    Ears::at(ticket["url"].as_str().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_person_listens_until_they_log_out() {
    let (app, session) = home().await;
    let (one, tokens) = person(&app).await;
    let (other, _) = person(&app).await;
    let mut ears = listen(&one, json!({})).await;
    let mut others = listen(&other, json!({})).await;
    let mut by_key = app.listen(json!({})).await;
    write(&app, "hello").await;
    // What happened before the last of them listened is not compared.
    let heard = ears.until(said("hello")).await.pop();
    assert_eq!(others.until(said("hello")).await.pop(), heard);
    assert_eq!(by_key.until(said("hello")).await.pop(), heard);
    assert_eq!(heard.unwrap()["session"], session.id);

    let out = json!({ "refreshToken": tokens["refreshToken"] });
    let gone = app.root.post("/api/v1/auth/logout", out).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(ears.end().await, Ended::Closed(4003));
    // That was one log-in, not the person.
    write(&app, "still here").await;
    others.until(said("still here")).await;
    by_key.until(said("still here")).await;
}

#[tokio::test]
async fn a_ticket_whose_credential_was_revoked_opens_nothing() {
    let (app, _session) = home().await;
    let asked = json!({ "name": "short", "permissions": ["read"] });
    let made = app.api.post("/api-keys", asked).await.well();
    let base = format!("{}/api/v1", app.root_url());
    let door = Door::new(&base, made["secret"].as_str());
    let ticket = door.post("/realtime/ticket", json!({})).await.well();
    let mut open = listen(&door, json!({})).await;
    let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
    assert!(app.api.delete(&path).await.status.is_success());
    // Once the open one is cut off, the revocation is known.
    assert_eq!(open.end().await, Ended::Closed(4003));
    let mut late = Ears::at(ticket["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(late.end().await, Ended::Closed(4001));
}

#[tokio::test]
async fn a_limited_key_hears_its_session_alone() {
    let (app, mine) = home().await;
    let other = app.session("15550100002").await;
    let asked = json!({ "name": "limited", "permissions": ["read"], "sessions": [mine.id] });
    let made = app.api.post("/api-keys", asked).await.well();
    let base = format!("{}/api/v1", app.root_url());
    let door = Door::new(&base, made["secret"].as_str());
    let mut ears = listen(&door, json!({ "events": ["message"] })).await;
    let wish = json!({ "sessions": [other.id] });
    let refused = door.post("/realtime/ticket", wish).await;
    assert_eq!(refused.refused(400), "validation_error");
    let body = json!({ "to": "15550100002", "type": "text", "text": "for the other" });
    let path = format!("/accounts/{}/send", crate::harness::ANNA);
    app.phones.post(&path, body).await.well();
    app.chat_with(&other, crate::harness::ANNA).await;
    write(&app, "for mine").await;
    let first = ears.next().await.unwrap();
    assert!(said("for mine")(&first), "{first}");
}
