//! What others are shown as it happens: typing, read receipts, being there.

use crate::harness::{ANNA, BORIS, Door, OWN, Session, TestApp, until};
use reqwest::Method;
use serde_json::{Value, json};

struct Home {
    app: TestApp,
    session: Session,
}

impl Home {
    async fn new() -> Self {
        let app = TestApp::new().await;
        for (phone, name) in [(ANNA, "Anna"), (BORIS, "Boris")] {
            app.account(phone, name).await;
        }
        let session = app.session(OWN).await;
        Self { app, session }
    }

    async fn put(&self, path: &str, state: &str) -> crate::harness::Answer {
        let request = self.app.api.request(Method::PUT, &self.session.path(path));
        Door::send(request.json(&json!({ "state": state }))).await
    }

    /// Somebody writes; the message's id once it is stored here.
    async fn write(&self, by: &str, to: &str, chat: &str) -> String {
        let body = json!({ "to": to, "type": "text", "text": "hello" });
        let path = format!("/accounts/{by}/send");
        let id = self.app.phones.post(&path, body).await.well()["waMessageId"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = self.session.path(&format!("/chats/{chat}/messages"));
        until("it is stored", || async {
            let page = self.app.api.get(&path).await.body;
            let rows = page["data"].as_array()?.clone();
            rows.iter()
                .any(|row| row["waMessageId"] == id)
                .then_some(())
        })
        .await;
        id
    }

    /// What the network heard from the account's devices, as it was written.
    async fn said(&self) -> Vec<String> {
        let path = format!("/trace?phone={OWN}&limit=2000");
        let lines = self.app.phones.get(&path).await.well()["lines"]
            .as_array()
            .unwrap()
            .clone();
        lines
            .iter()
            .filter(|line| line["direction"] == "in")
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn heard(&self, what: &str) {
        until(what, || async {
            self.said()
                .await
                .iter()
                .any(|text| text.contains(what))
                .then_some(())
        })
        .await;
    }

    /// Who has told the network that they read the message.
    async fn read_by(&self, id: &str) -> Vec<Value> {
        let ledger = self.app.phones.get("/ledger").await.well();
        let messages = ledger["messages"].as_array().unwrap().clone();
        let message = messages
            .into_iter()
            .find(|m| m["waMessageId"] == id)
            .unwrap();
        let receipts = message["receipts"].as_array().unwrap().clone();
        receipts
            .into_iter()
            .filter(|r| r.to_string().contains("\"read\""))
            .collect()
    }

    async fn no_complaints(&self) {
        let trace = self.app.phones.get("/trace?limit=1").await.well();
        assert_eq!(trace["errors"], json!([]));
        self.app.clean_ledger().await;
    }
}

#[tokio::test]
async fn typing_reaches_the_network_live_or_not_at_all() {
    let home = Home::new().await;
    home.write(ANNA, OWN, ANNA).await;
    let path = format!("/chats/{ANNA}/presence");
    for (state, stanza) in [
        ("composing", "<composing/>"),
        ("recording", "<composing media=\"audio\"/>"),
        ("paused", "<paused/>"),
    ] {
        assert_eq!(home.put(&path, state).await.status.as_u16(), 204);
        home.heard(stanza).await;
    }
    assert_eq!(
        home.put(&path, "singing").await.refused(400),
        "validation_error"
    );
    let unknown = format!("/chats/{BORIS}/presence");
    assert_eq!(home.put(&unknown, "paused").await.refused(404), "not_found");
    home.app.api.poke(&home.session.path(":stop")).await.well();
    let away = home.put(&path, "composing").await;
    assert_eq!(away.refused(501), "not_implemented");
    home.no_complaints().await;
}

#[tokio::test]
async fn read_receipts_reach_authors_in_direct_chats_and_groups() {
    let home = Home::new().await;
    let app = &home.app;
    let old = json!({ "phone": "628990000009", "name": "Old", "lidMigrated": false });
    app.phones.post("/accounts", old).await.well();
    let group = json!({ "subject": "G", "owner": ANNA, "members": [OWN, BORIS] });
    let made = app.phones.post("/groups", group).await.well();
    let gid = made["groupJid"].as_str().unwrap();
    let send = async |chat: &str, ids: Value| {
        let path = home.session.path(&format!("/chats/{chat}/receipts"));
        app.api.post(&path, json!({ "messages": ids })).await
    };
    for (by, to, chat) in [
        (ANNA, OWN, ANNA),
        ("628990000009", OWN, "628990000009"),
        (ANNA, gid, gid),
        (BORIS, gid, gid),
    ] {
        let first = home.write(by, to, chat).await;
        let second = home.write(by, to, chat).await;
        let unread = home.write(by, to, chat).await;
        assert_eq!(
            send(chat, json!([first, second])).await.status.as_u16(),
            204
        );
        for id in [first, second] {
            until("a read receipt", || async {
                (!home.read_by(&id).await.is_empty()).then_some(())
            })
            .await;
        }
        assert!(home.read_by(&unread).await.is_empty());
    }
    assert_eq!(send(ANNA, json!(["NONE"])).await.refused(404), "not_found");
    assert_eq!(send(ANNA, json!([])).await.refused(400), "validation_error");
    home.no_complaints().await;
}

#[tokio::test]
async fn a_chat_read_on_the_phone_is_read_here() {
    let home = Home::new().await;
    let id = home.write(ANNA, OWN, ANNA).await;
    let chat = home.session.path(&format!("/chats/{ANNA}"));
    assert_eq!(home.app.api.get(&chat).await.well()["unreadCount"], 1);
    let read = json!({ "to": ANNA, "type": "receipt", "waMessageIds": [id], "kind": "read" });
    home.app
        .phones
        .post(&format!("/accounts/{OWN}/send"), read)
        .await
        .well();
    until("it is read here", || async {
        (home.app.api.get(&chat).await.well()["unreadCount"] == 0).then_some(())
    })
    .await;
    home.no_complaints().await;
}

/// The account's own message of a page.
fn own(page: &Value) -> Value {
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .find(|row| row["fromMe"] == true)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn an_own_message_goes_from_sent_to_played_and_never_back() {
    let home = Home::new().await;
    let body = json!({ "type": "text", "to": ANNA, "text": "listen" });
    let sent = home
        .app
        .api
        .post(&home.session.path("/messages"), body)
        .await
        .well();
    let id = sent["waMessageId"].clone();
    let path = home.session.path(&format!("/chats/{ANNA}/messages"));
    let is = async |status: &str| {
        until(status, || async {
            let page = home.app.api.get(&path).await.well();
            let own = own(&page);
            (own["status"] == status).then(|| own["ackLevel"].clone())
        })
        .await
    };
    let receipt = async |kind: &str| {
        let body = json!({ "to": OWN, "type": "receipt", "waMessageIds": [id], "kind": kind });
        home.app
            .phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await
            .well();
    };
    assert_eq!(is("delivered").await, 2);
    receipt("read").await;
    assert_eq!(is("read").await, 3);
    receipt("played").await;
    assert_eq!(is("played").await, 4);
    receipt("read").await;
    home.write(ANNA, OWN, ANNA).await;
    let page = home.app.api.get(&path).await.well();
    assert_eq!(own(&page)["status"], "played");
    home.no_complaints().await;
}

#[tokio::test]
async fn being_there_is_what_the_owner_says() {
    let home = Home::new().await;
    let last = async || {
        let said = home.said().await;
        let presence = said
            .iter()
            .filter(|text| text.starts_with("<presence type=\""));
        let mut kinds = presence.filter_map(|text| text.split('"').nth(1));
        kinds
            .rfind(|kind| kind.ends_with("available"))
            .map(str::to_owned)
    };
    let becomes = async |state: &str| {
        until(state, || async {
            (last().await.as_deref() == Some(state)).then_some(())
        })
        .await;
    };
    until("the account has a name", || async {
        (home.put("/presence", "available").await.status == 204).then_some(())
    })
    .await;
    becomes("available").await;
    assert_eq!(
        home.put("/presence", "unavailable").await.status.as_u16(),
        204
    );
    becomes("unavailable").await;
    let online = json!({ "markOnline": true });
    home.app
        .api
        .patch(&home.session.path(""), online)
        .await
        .well();
    becomes("available").await;
    assert_eq!(
        home.put("/presence", "away").await.refused(400),
        "validation_error"
    );
    let subscribe = home
        .session
        .path(&format!("/contacts/{BORIS}/presence:subscribe"));
    assert_eq!(home.app.api.poke(&subscribe).await.status.as_u16(), 204);
    home.heard("<presence type=\"subscribe\"").await;
    home.app.api.poke(&home.session.path(":stop")).await.well();
    assert_eq!(
        home.app.api.poke(&subscribe).await.refused(501),
        "not_implemented"
    );
    assert_eq!(
        home.put("/presence", "available").await.refused(501),
        "not_implemented"
    );
    home.no_complaints().await;
}
