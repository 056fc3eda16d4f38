//! Changing chats: what is stored, what is told, and what waits for the phone.

use crate::harness::{TestApi, until};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::{
    inbound::{ChatState, InChat, InMessage, Inbound, MessageExtra, Origin, Seen},
    inbox::DomainInbox,
    ports::{
        engine::{Connection, Inbox},
        store::StoreExt,
    },
    sessions::SessionScope,
};

const ZOE: &str = "15551230001";
const NOW: i64 = 1_800_000_000_000;

fn zoe() -> Seen {
    Seen {
        phone: Some(ZOE.parse().unwrap()),
        lid: None,
    }
}

fn text(chat: InChat, wa_id: &str) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        chat,
        sender: zoe(),
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: NOW - 5_000,
        push_name: "Zoë".to_owned(),
        kind: "text".to_owned(),
        body: "hello".to_owned(),
        extra: MessageExtra::default(),
        origin: Origin::Live,
        ack_level: 0,
    }))
}

/// The phone's word that the chat is archived, or not.
fn archived(yes: bool, at: Option<i64>) -> Inbound {
    Inbound::Chat {
        chat: InChat::Person(zoe()),
        state: ChatState {
            archived: Some(yes),
            ..ChatState::default()
        },
        at,
        origin: Origin::Live,
    }
}

struct Home {
    api: TestApi,
    scope: SessionScope,
    path: String,
}

impl Home {
    /// A connected session with one chat, where nothing waits.
    async fn new() -> Self {
        let api = TestApi::new().await;
        let scope = api.working().await;
        api.told(scope, vec![text(InChat::Person(zoe()), "M1")])
            .await;
        let path = format!("/sessions/{}/chats/{ZOE}", scope.id);
        api.engine.heard();
        Self { api, scope, path }
    }

    async fn patch(&self, body: Value) -> Value {
        let asked = self.api.by_key("PATCH", &self.path).json(&body).go().await;
        asked.ok(200)
    }

    fn connect(&self, yes: bool) {
        self.api.engine.connected.store(yes, Ordering::SeqCst);
    }

    async fn login(&self) {
        self.connect(true);
        DomainInbox(self.api.domain.clone())
            .connection(&self.scope, Connection::Connected)
            .await
            .unwrap();
    }

    async fn waiting(&self) -> usize {
        let s = self.scope.no;
        let read = self
            .api
            .domain
            .store
            .read(move |view| view.chat_settings(s, 100));
        read.await.unwrap().len()
    }

    async fn nothing_waits(&self) -> Vec<String> {
        until("nothing waits", async || self.waiting().await == 0).await;
        self.api.engine.heard()
    }

    async fn events(&self, kind: &str) -> Vec<Value> {
        self.api.events(kind).await
    }
}

fn set(what: &str) -> String {
    format!("{ZOE}@s.whatsapp.net {what}")
}

#[tokio::test]
async fn settings_are_stored_told_and_given_to_the_phone() {
    let home = Home::new().await;
    let before = home.events("chat.updated").await.len();
    let until = NOW + 60_000;
    let chat = home
        .patch(json!({"archived": true, "pinned": true, "mutedUntil": until}))
        .await;
    assert_eq!(
        (&chat["archived"], &chat["pinned"], &chat["mutedUntil"]),
        (&json!(true), &json!(true), &json!(until))
    );
    assert_eq!(home.api.get(&home.path).await.ok(200), chat);
    let told = home.events("chat.updated").await;
    assert_eq!(told.len(), before + 1);
    let last = told.last().unwrap();
    assert_eq!(
        (&last["archived"], &last["chatId"]),
        (&json!(true), &chat["id"])
    );
    let mut given = home.nothing_waits().await;
    given.sort();
    assert_eq!(
        given,
        [
            set("Archived(true)"),
            set(&format!("MutedUntil(Some({until}))")),
            set("Pinned(true)"),
            "catch up".to_owned()
        ]
    );
    // unmute wins; what stays as it was is no event.
    let chat = home
        .patch(json!({"unmute": true, "mutedUntil": 5, "archived": true}))
        .await;
    assert_eq!(chat["mutedUntil"], Value::Null);
    assert_eq!(home.patch(json!({})).await, chat);
    assert_eq!(home.patch(json!({"unmute": false})).await, chat);
    assert_eq!(home.events("chat.updated").await.len(), before + 2);
}

#[tokio::test]
async fn bad_settings_name_the_field_and_change_nothing() {
    let home = Home::new().await;
    let before = home.api.get(&home.path).await.ok(200);
    for (body, field) in [
        (json!({"archived": "yes"}), "archived"),
        (json!({"pinned": 1}), "pinned"),
        (json!({"mutedUntil": "tomorrow"}), "mutedUntil"),
        (json!({"mutedUntil": 1.5}), "mutedUntil"),
        (json!({"mutedUntil": NOW, "pinned": true}), "mutedUntil"),
        (json!({"mutedUntil": -1}), "mutedUntil"),
        (json!({"mutedUntil": 253_402_300_800_000i64}), "mutedUntil"),
        (json!({"unmute": "x"}), "unmute"),
        (json!({"pinned": true, "colour": "red"}), "colour"),
    ] {
        let asked = home.api.by_key("PATCH", &home.path).json(&body).go().await;
        let details = asked.is(400, "validation_error");
        assert!(details[field].is_string(), "{body}: {details}");
    }
    let chats = format!("/sessions/{}/chats", home.scope.id);
    for (cid, status, code) in [
        ("19999999999", 404, "not_found"),
        ("120363000000000009@g.us", 404, "not_found"),
        ("x", 400, "validation_error"),
    ] {
        let path = format!("{chats}/{cid}");
        let patch = home
            .api
            .by_key("PATCH", &path)
            .json(&json!({"pinned": true}));
        patch.go().await.is(status, code);
        home.api.by_key("DELETE", &path).go().await.is(status, code);
    }
    assert_eq!(home.api.get(&home.path).await.ok(200), before);
    assert_eq!(home.waiting().await, 0);
}

#[tokio::test]
async fn without_a_connection_the_newest_word_waits_and_goes_after_catching_up() {
    let home = Home::new().await;
    home.connect(false);
    home.patch(json!({"archived": true})).await;
    home.patch(json!({"archived": false, "pinned": true})).await;
    assert_eq!(home.waiting().await, 2);
    home.login().await;
    assert_eq!(
        home.nothing_waits().await,
        [
            "catch up".to_owned(),
            set("Archived(false)"),
            set("Pinned(true)")
        ]
    );
}

#[tokio::test]
async fn the_newer_of_two_words_counts() {
    let home = Home::new().await;
    let archived_now = async || home.api.get(&home.path).await.ok(200)["archived"].clone();
    home.connect(false);
    home.patch(json!({"archived": true})).await;
    // Older word, and history that tells no time.
    home.api
        .told(home.scope, vec![archived(false, Some(NOW - 1))])
        .await;
    home.api.told(home.scope, vec![archived(false, None)]).await;
    assert_eq!(
        (archived_now().await, home.waiting().await),
        (json!(true), 1)
    );
    // The echo of what waits: the server has it.
    home.api
        .told(home.scope, vec![archived(true, Some(NOW))])
        .await;
    assert_eq!(
        (archived_now().await, home.waiting().await),
        (json!(true), 0)
    );
    // Newer word of the phone: what waited is never sent.
    home.patch(json!({"archived": true})).await;
    home.api
        .told(home.scope, vec![archived(false, Some(NOW + 1))])
        .await;
    assert_eq!(
        (archived_now().await, home.waiting().await),
        (json!(false), 0)
    );
    home.login().await;
    assert_eq!(home.nothing_waits().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_may_have_been_sent_is_followed_by_the_phones_newer_word() {
    let home = Home::new().await;
    home.api.engine.refuses.store(true, Ordering::SeqCst);
    home.patch(json!({"archived": true})).await;
    until("it was handed over", async || {
        home.api
            .engine
            .told
            .lock()
            .unwrap()
            .contains(&set("Archived(true)"))
    })
    .await;
    home.connect(false);
    home.api
        .told(home.scope, vec![archived(false, Some(NOW + 1))])
        .await;
    // Our own earlier word comes back after it: it must not count.
    home.api
        .told(home.scope, vec![archived(true, Some(NOW))])
        .await;
    assert_eq!(home.api.get(&home.path).await.ok(200)["archived"], false);
    assert_eq!(home.waiting().await, 1);
    home.api.engine.refuses.store(false, Ordering::SeqCst);
    home.api.engine.heard();
    home.login().await;
    let given = home.nothing_waits().await;
    assert_eq!(given.last(), Some(&set("Archived(false)")), "{given:?}");
    assert_eq!(home.api.get(&home.path).await.ok(200)["archived"], false);
}

#[tokio::test]
async fn a_mute_that_ended_while_it_waited_leaves_the_phone_loud() {
    let home = Home::new().await;
    home.connect(false);
    home.patch(json!({"mutedUntil": NOW + 1_000})).await;
    home.api.clock.advance(2_000);
    home.login().await;
    assert_eq!(
        home.nothing_waits().await,
        ["catch up".to_owned(), set("MutedUntil(None)")]
    );
}

#[tokio::test]
async fn a_deleted_chat_is_gone_until_new_activity() {
    let home = Home::new().await;
    home.connect(false);
    home.patch(json!({"pinned": true})).await;
    let before = home.api.get(&home.path).await.ok(200);
    let contacts = format!("/sessions/{}/contacts?source=dm", home.scope.id);
    assert_eq!(
        home.api.get(&contacts).await.ok(200)["data"][0]["name"],
        "Zoë"
    );
    let gone = home.api.by_key("DELETE", &home.path).go().await;
    assert_eq!((gone.status.as_u16(), gone.bytes.len()), (204, 0));
    home.api.get(&home.path).await.is(404, "not_found");
    home.api
        .by_key("DELETE", &home.path)
        .go()
        .await
        .is(404, "not_found");
    assert_eq!(home.api.get(&contacts).await.ok(200)["data"], json!([]));
    assert_eq!(home.waiting().await, 0);
    let told = home.events("chat.deleted").await;
    assert_eq!((told.len(), &told[0]["chatId"]), (1, &before["id"]));
    home.api
        .told(home.scope, vec![text(InChat::Person(zoe()), "M2")])
        .await;
    let back = home.api.get(&home.path).await.ok(200);
    assert_eq!(
        (&back["pinned"], &back["unreadCount"]),
        (&json!(false), &json!(1))
    );
    assert_ne!(back["id"], before["id"]);
    let messages = home
        .api
        .get(&format!("{}/messages", home.path))
        .await
        .ok(200);
    assert_eq!(messages["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_by_what_was_set() {
    let home = Home::new().await;
    let group = InChat::Group("120363000000000001@g.us".parse().unwrap());
    home.api.told(home.scope, vec![text(group, "G1")]).await;
    home.patch(json!({"archived": true})).await;
    let base = format!("/sessions/{}/chats", home.scope.id);
    let list = async |query: &str| {
        let page = home.api.get(&format!("{base}?{query}")).await.ok(200);
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("archived=true", vec!["dm"]),
        ("archived=false", vec!["group"]),
        ("archived=", vec!["group", "dm"]),
        ("type=group&archived=true", vec![]),
        ("type=channel", vec![]),
        ("unread=true", vec!["group", "dm"]),
        ("q=zo%C3%AB", vec!["dm"]),
        ("q=555-123", vec!["dm"]),
        ("q=nobody", vec![]),
    ] {
        assert_eq!(list(query).await, expected, "{query}");
    }
    home.api
        .by_key("POST", &format!("{}/read", home.path))
        .go()
        .await
        .ok(200);
    assert_eq!(list("unread=true").await, ["group"]);
    assert_eq!(list("unread=false").await, ["dm"]);
    let page = home.api.get(&format!("{base}?type=dm")).await.ok(200);
    assert_eq!(page["data"][0]["lastMessage"]["waMessageId"], "M1");
}
