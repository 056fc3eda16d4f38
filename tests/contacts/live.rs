//! What WhatsApp tells of people when it is asked, and whom the account blocks.

use crate::{
    harness::{ANNA, BORIS, OWN, Session, TestApp, until},
    media::real::jpeg,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

async fn app() -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    (app, session)
}

async fn profile(app: &TestApp, body: Value) {
    let path = format!("/accounts/{ANNA}/profile");
    app.phones.post(&path, body).await.well();
}

#[tokio::test]
async fn picture_and_about_are_as_the_person_shows_them_now() {
    let (app, session) = app().await;
    let picture = session.path(&format!("/contacts/{ANNA}/picture"));
    let about = session.path(&format!("/contacts/{ANNA}/about"));
    assert_eq!(app.api.get(&picture).await.refused(404), "not_found");
    assert_eq!(app.api.get(&about).await.well(), json!({ "about": "" }));
    profile(
        &app,
        json!({ "about": "at the pier", "picture": STANDARD.encode(jpeg()) }),
    )
    .await;
    let first = app.api.get(&picture).await.well();
    assert!(!first["id"].as_str().unwrap().is_empty());
    assert!(first["url"].as_str().unwrap().starts_with("https://"));
    assert_eq!(
        app.api.get(&about).await.well(),
        json!({ "about": "at the pier" })
    );
    // By LID too, and again after the picture went.
    let lid = app.phones.get(&format!("/accounts/{ANNA}")).await.well()["lid"].clone();
    let lid = lid.as_str().unwrap();
    let lid = if lid.contains('@') {
        lid.to_owned()
    } else {
        format!("{lid}@lid")
    };
    let by_lid = session.path(&format!("/contacts/{lid}/picture"));
    assert_eq!(app.api.get(&by_lid).await.well()["id"], first["id"]);
    profile(&app, json!({ "about": "", "picture": "" })).await;
    assert_eq!(app.api.get(&picture).await.refused(404), "not_found");
    assert_eq!(app.api.get(&about).await.well(), json!({ "about": "" }));
    // Nobody became a contact by being looked at.
    assert!(app.all(&session.path("/contacts")).await.is_empty());
    app.api.poke(&session.path(":stop")).await.well();
    for path in [&picture, &about, &session.path("/contacts/blocked")] {
        let off = app.api.get(path).await;
        assert_eq!(off.refused(501), "not_implemented");
        assert_eq!(
            off.body["error"]["details"]["reason"],
            "session_not_connected"
        );
    }
}

#[tokio::test]
async fn another_picture_is_told_of_whom_the_account_knows() {
    let (app, session) = app().await;
    let says = json!({ "to": OWN, "type": "text", "text": "hello" });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), says)
        .await
        .well();
    app.chat_with(&session, ANNA).await;
    let told = || {
        let all = app.events("contact.updated").into_iter();
        all.filter(|event| event["phoneNumber"] == ANNA).count()
    };
    // What a picture changes is not stored, so each change is news, also one that came while nobody listened.
    let picture = json!({ "picture": STANDARD.encode(jpeg()) });
    let before = told();
    profile(&app, picture).await;
    until("word of the picture", || async {
        (told() > before).then_some(())
    })
    .await;
    let before = told();
    app.api.poke(&session.path(":stop")).await.well();
    profile(&app, json!({ "picture": "" })).await;
    app.api.poke(&session.path(":start")).await.well();
    until("word of its end", || async {
        (told() > before).then_some(())
    })
    .await;
    // Who has no chat here is nobody's news.
    let stranger = json!({ "picture": STANDARD.encode(jpeg()) });
    let path = format!("/accounts/{BORIS}/profile");
    app.phones.post(&path, stranger).await.well();
    let says = json!({ "to": OWN, "type": "text", "text": "after" });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), says)
        .await
        .well();
    until("the message after", || async {
        let all = app.events("message");
        all.iter().any(|one| one["body"] == "after").then_some(())
    })
    .await;
    assert!(
        app.events("contact.updated")
            .iter()
            .all(|event| event["phoneNumber"] != BORIS)
    );
}

#[tokio::test]
async fn who_is_blocked_reaches_nobody_until_unblocked() {
    let (app, session) = app().await;
    let blocked = session.path("/contacts/blocked");
    assert!(app.all(&blocked).await.is_empty());
    let says = async |text: &str| {
        let body = json!({ "to": OWN, "type": "text", "text": text });
        app.phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await
            .well();
    };
    says("before").await;
    let chat = app.chat_with(&session, ANNA).await;
    assert_eq!(chat["name"], "Anna");
    for phone in [ANNA, ANNA, BORIS] {
        let answer = app
            .api
            .poke(&session.path(&format!("/contacts/{phone}/block")))
            .await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.body);
    }
    let list = app.all(&format!("{blocked}?limit=1")).await;
    assert_eq!(list.len(), 2);
    let anna = list.iter().find(|one| one["phoneNumber"] == ANNA).unwrap();
    assert_eq!(anna["name"], "Anna");
    assert!(anna["lid"].as_str().unwrap().ends_with("@lid"));
    // Neither side reaches the other.
    let send = json!({ "type": "text", "to": ANNA, "text": "to her" });
    let refused = app.api.post(&session.path("/messages"), send).await;
    assert_eq!(refused.refused(502), "upstream_error");
    assert_eq!(refused.body["error"]["details"]["reason"], "rejected");
    says("while blocked").await;
    for phone in [ANNA, ANNA, BORIS] {
        let answer = app
            .api
            .poke(&session.path(&format!("/contacts/{phone}/unblock")))
            .await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.body);
    }
    assert!(app.all(&blocked).await.is_empty());
    says("after").await;
    let bodies = until("the message after", || async {
        let all = app
            .all(&session.path(&format!("/chats/{ANNA}/messages")))
            .await;
        let came = all.iter().filter(|message| message["direction"] == "in");
        let bodies: Vec<Value> = came.map(|message| message["body"].clone()).collect();
        bodies.contains(&json!("after")).then_some(bodies)
    })
    .await;
    assert_eq!(bodies, ["after", "before"]);
    let nobody = app
        .api
        .poke(&session.path("/contacts/628999999999/block"))
        .await;
    assert_eq!(nobody.refused(502), "upstream_error");
    assert_eq!(
        nobody.body["error"]["details"]["reason"],
        "recipient_not_on_whatsapp"
    );
    let own = app
        .api
        .poke(&session.path(&format!("/contacts/{OWN}/block")))
        .await;
    assert_eq!(own.refused(400), "validation_error");
    app.clean_ledger().await;
}
