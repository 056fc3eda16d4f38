//! Archived, pinned, muted: from here to the phone, from the phone to here, also while one was away.

use crate::harness::{ANNA, OWN, Session, TestApp, until};
use serde_json::{Value, json};

struct Home {
    app: TestApp,
    session: Session,
    path: String,
}

const FAR: i64 = 4_000_000_000_000;

impl Home {
    /// A session with one direct chat.
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.account(ANNA, "Anna").await;
        let session = app.session(OWN).await;
        let home = Self {
            path: session.path(&format!("/chats/{ANNA}")),
            app,
            session,
        };
        home.write("hi").await;
        home.chat(|_| true).await;
        home
    }

    async fn write(&self, text: &str) {
        let body = json!({ "to": OWN, "type": "text", "text": text });
        let path = format!("/accounts/{ANNA}/send");
        self.app.phones.post(&path, body).await.well();
    }

    async fn patch(&self, body: Value) -> Value {
        self.app.api.patch(&self.path, body).await.well()
    }

    /// The chat as stored here, once it is as wanted.
    async fn chat(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        until("the chat as wanted", || async {
            let answer = self.app.api.get(&self.path).await;
            (answer.status.is_success() && wanted(&answer.body)).then_some(answer.body)
        })
        .await
    }

    /// What the phone and its devices agree on, by action.
    async fn agreed(&self, action: &str, field: &str) -> Vec<Value> {
        let path = format!("/accounts/{OWN}/appstate");
        let state = self.app.phones.get(&path).await.well();
        let collections = state["collections"].as_array().unwrap().clone();
        collections
            .iter()
            .flat_map(|c| c["actions"].as_array().unwrap().clone())
            .filter(|a| {
                a["index"][0] == action && a["index"][1] == format!("{ANNA}@s.whatsapp.net")
            })
            .map(|a| a[field].clone())
            .collect()
    }

    /// Waits until the phone has it.
    async fn on_phone(&self, action: &str, field: &str, value: Value) {
        until(&format!("{action} {value} on the phone"), || async {
            (self.agreed(action, field).await == [value.clone()]).then_some(())
        })
        .await;
    }

    async fn phone_sets(&self, body: Value) {
        let mut body = body;
        body["chat"] = json!(ANNA);
        let path = format!("/accounts/{OWN}/chats");
        self.app.phones.post(&path, body).await.well();
    }

    async fn stop(&self) {
        self.app.api.poke(&self.session.path(":stop")).await.well();
    }

    async fn start(&self) {
        self.app.api.poke(&self.session.path(":start")).await.well();
        self.app.status(&self.session, "working").await;
    }
}

#[tokio::test]
async fn what_is_set_here_reaches_the_phone() {
    let home = Home::new().await;
    let chat = home
        .patch(json!({ "archived": true, "pinned": true, "mutedUntil": FAR }))
        .await;
    assert_eq!(
        (&chat["archived"], &chat["mutedUntil"]),
        (&json!(true), &json!(FAR))
    );
    home.on_phone("archive", "archived", json!(true)).await;
    home.on_phone("pin_v1", "pinned", json!(true)).await;
    home.on_phone("mute", "mutedUntil", json!(FAR)).await;
    home.patch(json!({ "archived": false, "unmute": true }))
        .await;
    home.on_phone("archive", "archived", json!(false)).await;
    home.on_phone("mute", "muted", json!(false)).await;
    // The echo of it changes nothing.
    let chat = home.chat(|_| true).await;
    assert_eq!(
        (&chat["archived"], &chat["pinned"], &chat["mutedUntil"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    home.app.clean_ledger().await;
}

#[tokio::test]
async fn what_the_phone_sets_is_stored_also_after_being_away() {
    let home = Home::new().await;
    home.phone_sets(json!({ "pinned": true })).await;
    home.chat(|chat| chat["pinned"] == true).await;
    home.stop().await;
    home.phone_sets(json!({ "archived": true })).await;
    home.phone_sets(json!({ "mutedUntil": -1 })).await;
    home.start().await;
    let chat = home
        .chat(|chat| chat["archived"] == true && chat["mutedUntil"].is_i64())
        .await;
    assert!(chat["mutedUntil"].as_i64().unwrap() > FAR);
    home.phone_sets(json!({ "mutedUntil": 0 })).await;
    home.chat(|chat| chat["mutedUntil"].is_null()).await;
}

#[tokio::test]
async fn what_was_set_while_away_reaches_the_phone_also_after_a_kill() {
    let mut home = Home::new().await;
    home.stop().await;
    home.patch(json!({ "archived": true })).await;
    home.patch(json!({ "archived": false, "pinned": true }))
        .await;
    home.app.kill_gateway().await;
    home.app.start_gateway().await;
    home.start().await;
    home.on_phone("pin_v1", "pinned", json!(true)).await;
    home.on_phone("archive", "archived", json!(false)).await;
    let chat = home.chat(|_| true).await;
    assert_eq!(
        (&chat["archived"], &chat["pinned"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_later_change_on_the_phone_is_not_undone_by_what_waited() {
    let home = Home::new().await;
    home.stop().await;
    home.patch(json!({ "archived": true, "pinned": true }))
        .await;
    home.phone_sets(json!({ "archived": false })).await;
    home.start().await;
    home.on_phone("pin_v1", "pinned", json!(true)).await;
    home.chat(|chat| chat["archived"] == false && chat["pinned"] == true)
        .await;
    assert_eq!(home.agreed("archive", "archived").await, [json!(false)]);
}

#[tokio::test]
async fn a_deleted_chat_leaves_the_lists_and_comes_back_with_the_next_message() {
    let home = Home::new().await;
    let app = &home.app;
    let contacts = home.session.path("/contacts?source=dm");
    assert_eq!(app.all(&contacts).await.len(), 1);
    assert_eq!(app.api.delete(&home.path).await.status.as_u16(), 204);
    assert_eq!(app.api.get(&home.path).await.refused(404), "not_found");
    assert_eq!(app.api.delete(&home.path).await.refused(404), "not_found");
    assert!(app.all(&contacts).await.is_empty());
    home.write("again").await;
    let chat = home
        .chat(|chat| chat["lastMessage"]["body"] == "again")
        .await;
    assert_eq!(chat["unreadCount"], 1);
    let messages = app
        .all(&home.session.path(&format!("/chats/{ANNA}/messages")))
        .await;
    assert_eq!(messages.len(), 1);
    assert_eq!(app.all(&contacts).await.len(), 1);
}
