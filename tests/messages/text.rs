//! Text out and in.

use super::support::app_with_anna;
use crate::harness::{ANNA, Door, OWN, until};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn text_out_is_sent_when_the_server_says_so_and_shown_once() {
    let (app, session) = app_with_anna().await;
    let sent = app
        .api
        .post(
            &session.path("/messages"),
            json!({ "type": "text", "to": ANNA, "text": "hello Anna" }),
        )
        .await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.body);
    assert_eq!(sent.body["mode"], "sync");
    let inbox = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0]["body"], "hello Anna");
    assert_eq!(inbox[0]["waMessageId"], sent.body["waMessageId"]);
    let outbox = sent.body["outboxId"].as_str().unwrap();
    until("delivered", || async {
        let now = app
            .api
            .get(&session.path(&format!("/outbox/{outbox}")))
            .await
            .well();
        (now["status"] == "delivered").then_some(())
    })
    .await;
    app.clean_ledger().await;
}

#[tokio::test]
async fn text_in_is_stored_counted_and_read() {
    let (app, session) = app_with_anna().await;
    for n in 0..3 {
        app.phones
            .post(
                &format!("/accounts/{ANNA}/send"),
                json!({ "to": OWN, "type": "text", "text": format!("in {n}") }),
            )
            .await
            .well();
    }
    let chat = until("three messages", || async {
        let answer = app.api.get(&session.path(&format!("/chats/{ANNA}"))).await;
        (answer.status.is_success() && answer.body["unreadCount"] == 3).then_some(answer.body)
    })
    .await;
    assert_eq!(chat["name"], "Anna");
    assert_eq!(chat["lastMessage"]["body"], "in 2");
    let messages = app
        .all(&session.path(&format!("/chats/{ANNA}/messages?limit=2")))
        .await;
    let bodies: Vec<&Value> = messages.iter().map(|m| &m["body"]).collect();
    assert_eq!(bodies, ["in 2", "in 1", "in 0"]);
    assert_eq!(messages[0]["senderPhone"], ANNA);
    let read = app
        .api
        .poke(&session.path(&format!("/chats/{ANNA}/read")))
        .await
        .well();
    assert_eq!(read["unreadCount"], 0);
}

#[tokio::test]
async fn a_number_that_is_not_on_whatsapp_is_an_upstream_refusal() {
    let (app, session) = app_with_anna().await;
    let refused = app
        .api
        .post(
            &session.path("/messages"),
            json!({ "type": "text", "to": "628999999999", "text": "anyone?" }),
        )
        .await;
    assert_eq!(refused.refused(502), "upstream_error");
    assert_eq!(
        refused.body["error"]["details"]["reason"],
        "recipient_not_on_whatsapp"
    );
}

#[tokio::test]
async fn an_idempotency_key_sends_once() {
    let (app, session) = app_with_anna().await;
    let body = json!({ "type": "text", "to": ANNA, "text": "only once" });
    let send = |body: Value| {
        let request = app
            .api
            .request(Method::POST, &session.path("/messages"))
            .header("Idempotency-Key", "k-1")
            .json(&body);
        Door::send(request)
    };
    let first = send(body.clone()).await;
    assert_eq!(
        (first.status.as_u16(), &first.body["replayed"]),
        (200, &json!(false))
    );
    let again = send(body).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["replayed"]),
        (200, &json!(true))
    );
    assert_eq!(again.body["waMessageId"], first.body["waMessageId"]);
    let other = send(json!({ "type": "text", "to": ANNA, "text": "something else" })).await;
    assert_eq!(other.refused(422), "idempotency_key_reused");
    let inbox = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(inbox.len(), 1);
}

#[tokio::test]
async fn rates_refuse_synchronous_sends_and_hold_asynchronous_ones() {
    let (app, session) = app_with_anna().await;
    app.api
        .patch(&session.path(""), json!({ "ratePerMin": 2 }))
        .await
        .well();
    let body = json!({ "type": "text", "to": ANNA, "text": "quick" });
    for _ in 0..2 {
        assert_eq!(
            app.api
                .post(&session.path("/messages"), body.clone())
                .await
                .status
                .as_u16(),
            200
        );
    }
    let over = app.api.post(&session.path("/messages"), body.clone()).await;
    assert_eq!(over.refused(429), "rate_limited");
    let wait: u64 = over.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let queued = app
        .api
        .post(&session.path("/messages?async=true"), body)
        .await;
    assert_eq!(
        (queued.status.as_u16(), &queued.body["status"]),
        (202, &json!("queued"))
    );
    let id = queued.body["outboxId"].as_str().unwrap();
    assert_eq!(
        app.api
            .delete(&session.path(&format!("/outbox/{id}")))
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(
        app.api
            .get(&session.path(&format!("/outbox/{id}")))
            .await
            .well()["status"],
        "cancelled"
    );
    assert_eq!(app.inbox(ANNA, |seen| seen.len() >= 2).await.len(), 2);
}

#[tokio::test]
async fn disconnected_a_synchronous_send_is_501_and_an_asynchronous_one_waits() {
    let (app, session) = app_with_anna().await;
    app.api.poke(&session.path(":stop")).await.well();
    let body = json!({ "type": "text", "to": ANNA, "text": "later" });
    let now = app.api.post(&session.path("/messages"), body.clone()).await;
    assert_eq!(now.refused(501), "not_implemented");
    assert_eq!(
        now.body["error"]["details"]["reason"],
        "session_not_connected"
    );
    assert_eq!(
        app.api.get(&session.path("/outbox")).await.well()["data"],
        json!([])
    );
    let later = app
        .api
        .post(&session.path("/messages?async=true"), body)
        .await;
    assert_eq!(later.status.as_u16(), 202);
    app.api.poke(&session.path(":start")).await.well();
    let inbox = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(inbox[0]["waMessageId"], later.body["waMessageId"]);
}

#[tokio::test]
async fn bad_bodies_name_the_field_and_write_nothing() {
    let (app, session) = app_with_anna().await;
    for (body, field) in [
        (json!({ "type": "text", "to": ANNA }), "text"),
        (json!({ "type": "text", "to": ANNA, "text": "" }), "text"),
        (
            json!({ "type": "text", "to": ANNA, "text": "x".repeat(65_537) }),
            "text",
        ),
        (
            json!({ "type": "text", "to": ANNA, "text": "nul \u{0} inside" }),
            "text",
        ),
        (json!({ "type": "text", "to": "12", "text": "x" }), "to"),
        (
            json!({ "type": "text", "to": ANNA, "text": "x", "colour": "red" }),
            "colour",
        ),
        (json!({ "type": "song", "to": ANNA, "text": "x" }), "type"),
    ] {
        let answer = app.api.post(&session.path("/messages"), body.clone()).await;
        assert_eq!(answer.refused(400), "validation_error", "{body}");
        let details = answer.body["error"]["details"]
            .as_object()
            .unwrap_or_else(|| panic!("{}", answer.body));
        assert!(details.contains_key(field), "{field}: {details:?}");
    }
    let lone = app
        .api
        .request(Method::POST, &session.path("/messages"))
        .header("Content-Type", "application/json");
    let lone = Door::send(lone.body(format!(
        "{{\"type\":\"text\",\"to\":\"{ANNA}\",\"text\":\"\\ud800\"}}"
    )))
    .await;
    assert_eq!(lone.refused(400), "validation_error");
    assert_eq!(
        app.api.get(&session.path("/outbox")).await.well()["data"],
        json!([])
    );
    assert_eq!(
        app.api.get(&session.path("/chats")).await.well()["data"],
        json!([])
    );
}

#[tokio::test]
async fn read_receipts_and_typing_are_as_the_owner_wants() {
    let (app, session) = app_with_anna().await;
    let write = async |text: &str| {
        let body = json!({ "to": OWN, "type": "text", "text": text });
        let sent = app
            .phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await;
        let id = sent.well()["waMessageId"].clone();
        until("it is stored", || async {
            let page = format!("/chats/{ANNA}/messages?limit=1");
            let newest = app.api.get(&session.path(&page)).await.body;
            (newest["data"][0]["waMessageId"] == id).then_some(())
        })
        .await;
        id
    };
    let read = async |id: &Value| {
        let ledger = app.phones.get("/ledger").await.well();
        let messages = ledger["messages"].as_array().unwrap().clone();
        let message = messages.into_iter().find(|m| m["waMessageId"] == *id);
        message.unwrap()["receipts"]
            .to_string()
            .contains("\"read\"")
    };
    let silent = write("not seen").await;
    let wanted = json!({ "autoRead": true, "presenceTyping": true });
    app.api.patch(&session.path(""), wanted).await.well();
    let seen = write("seen").await;
    until("a read receipt", || async {
        read(&seen).await.then_some(())
    })
    .await;
    assert!(!read(&silent).await, "sent before it was wanted");

    let composing = async || {
        let trace = app
            .phones
            .get(&format!("/trace?phone={OWN}&limit=200"))
            .await;
        trace.well().to_string().contains("<composing")
    };
    assert!(!composing().await);
    let send = json!({ "type": "text", "to": ANNA, "text": "typed" });
    app.api.post(&session.path("/messages"), send).await.well();
    assert!(composing().await);
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_higher_rate_lets_what_waits_go_at_once() {
    let (app, session) = app_with_anna().await;
    let send = json!({ "type": "text", "to": ANNA, "text": "one a minute" });
    let path = session.path("/messages?async=true");
    app.api
        .patch(&session.path(""), json!({ "ratePerMin": 1 }))
        .await
        .well();
    app.api.post(&path, send.clone()).await.well();
    app.inbox(ANNA, |seen| seen.len() == 1).await;
    let waiting = app.api.post(&path, send).await.well();
    let outbox = session.path(&format!(
        "/outbox/{}",
        waiting["outboxId"].as_str().unwrap()
    ));
    assert_eq!(app.api.get(&outbox).await.well()["status"], "queued");
    let raised = std::time::Instant::now();
    app.api
        .patch(&session.path(""), json!({ "ratePerMin": 60 }))
        .await
        .well();
    app.inbox(ANNA, |seen| seen.len() == 2).await;
    // Without a word to the worker it would look again after 30 s.
    assert!(raised.elapsed().as_secs() < 20, "{:?}", raised.elapsed());
}
