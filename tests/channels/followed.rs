//! Channels of others: followed, read, muted, left; posts that were missed.

use super::{annas, listed, on_the_server, posts, stored};
use crate::{
    harness::{ANNA, OWN, Session, TestApp, until},
    media::real::{jpeg, sha256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

async fn app() -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

async fn verb(app: &TestApp, session: &Session, jid: &str, verb: &str) {
    let answer = app
        .api
        .poke(&session.path(&format!("/channels/{jid}:{verb}")))
        .await;
    assert_eq!(answer.status.as_u16(), 204, "{verb}: {}", answer.body);
}

async fn mute(app: &TestApp, session: &Session, jid: &str, body: Value) {
    let path = session.path(&format!("/channels/{jid}:mute"));
    let answer = app.api.post(&path, body).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.body);
}

#[tokio::test]
async fn followed_read_muted_and_left_as_often_as_one_likes() {
    let (app, session) = app().await;
    let jid = annas(&app, "Anna's").await;
    let (before, _) = posts(&app, &jid, json!({ "text": "before" })).await;
    for _ in 0..2 {
        verb(&app, &session, &jid, "follow").await;
    }
    let channel = listed(&app, &session, &jid, |_| true).await;
    assert_eq!(
        (&channel["name"], &channel["role"], &channel["muted"]),
        (&json!("Anna's"), &json!("follower"), &json!(true))
    );
    assert_eq!(
        (&channel["description"], &channel["followers"]),
        (&json!("by Anna"), &json!(1))
    );
    assert!(
        channel["link"]
            .as_str()
            .unwrap()
            .starts_with("https://whatsapp.com/channel/0029")
    );
    let post = stored(&app, &session, &jid, &before, |_| true).await;
    assert_eq!(
        (
            &post["body"],
            &post["direction"],
            &post["senderJid"],
            &post["senderName"]
        ),
        (
            &json!("before"),
            &json!("in"),
            &json!(jid),
            &json!("Anna's")
        )
    );
    assert!(
        app.events("message").is_empty(),
        "what there was is no news"
    );

    let (live, number) = posts(&app, &jid, json!({ "text": "live" })).await;
    stored(&app, &session, &jid, &live, |_| true).await;
    let picture = jpeg();
    let media = json!({ "data": STANDARD.encode(&picture), "caption": "the pier" });
    let (image, _) = posts(&app, &jid, json!({ "type": "image", "media": media })).await;
    let post = stored(&app, &session, &jid, &image, |_| true).await;
    assert_eq!(
        (&post["type"], &post["body"]),
        (&json!("image"), &json!("the pier"))
    );
    let told = until("events", || async {
        let told = app.events("message");
        (told.len() == 2).then_some(told)
    })
    .await;
    assert_eq!(
        (&told[0]["waMessageId"], &told[0]["chatJid"]),
        (&json!(live), &json!(jid))
    );
    let file = app.api.request(
        Method::GET,
        &session.path(&format!("/messages/{image}/media")),
    );
    let file = file.send().await.unwrap();
    assert_eq!(file.status().as_u16(), 200);
    assert_eq!(sha256(&file.bytes().await.unwrap()), sha256(&picture));

    app.phones
        .patch(
            &format!("/channels/{jid}/posts/{live}"),
            json!({ "text": "live, edited" }),
        )
        .await
        .well();
    let post = stored(&app, &session, &jid, &live, |post| post["edited"] == true).await;
    assert_eq!(post["body"], "live, edited");
    let reaction = session.path(&format!("/messages/{live}/reaction"));
    app.api
        .post(&reaction, json!({ "chat": jid, "emoji": "🐟" }))
        .await
        .well();
    let server = on_the_server(&app, &jid).await;
    let post = server["posts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|post| post["serverId"] == number)
        .unwrap()
        .clone();
    assert_eq!(post["reactions"], json!([{ "emoji": "🐟", "count": 1 }]));
    app.phones
        .delete(&format!("/channels/{jid}/posts/{image}"))
        .await
        .well();
    stored(&app, &session, &jid, &image, |post| post["deleted"] == true).await;

    for (body, muted) in [
        (json!({ "mute": false }), json!([])),
        (json!({}), json!([OWN])),
        (json!({ "mute": true }), json!([OWN])),
    ] {
        mute(&app, &session, &jid, body).await;
        assert_eq!(
            on_the_server(&app, &jid).await["mutedBy"].to_string(),
            muted.to_string()
        );
    }
    assert_eq!(listed(&app, &session, &jid, |_| true).await["muted"], true);
    for _ in 0..2 {
        verb(&app, &session, &jid, "unfollow").await;
        assert_eq!(on_the_server(&app, &jid).await["followers"], json!([]));
    }
    assert_eq!(
        listed(&app, &session, &jid, |_| true).await["role"],
        "guest"
    );
    let path = session.path(&format!("/channels/{jid}:mute"));
    let refused = app.api.post(&path, json!({})).await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(refused.body["error"]["details"]["reason"], "not_following");
    let kept = app
        .all(&session.path(&format!("/channels/{jid}/messages")))
        .await;
    assert_eq!(kept.len(), 3, "stored posts stay");
    // A post has no author among the people.
    assert!(app.all(&session.path("/contacts")).await.is_empty());
    app.clean_ledger().await;
}

#[tokio::test]
async fn posts_that_were_missed_are_fetched_at_the_next_login() {
    let (mut app, session) = app().await;
    let jid = annas(&app, "Anna's").await;
    verb(&app, &session, &jid, "follow").await;
    let (first, _) = posts(&app, &jid, json!({ "text": "seen" })).await;
    stored(&app, &session, &jid, &first, |_| true).await;
    // The server tells nobody of these: as if the connection had gone at that moment.
    let mut missed = Vec::new();
    for n in 0..60 {
        let (id, _) = posts(
            &app,
            &jid,
            json!({ "text": format!("missed {n}"), "told": false }),
        )
        .await;
        missed.push(id);
    }
    app.phones
        .post(
            "/faults",
            json!({ "kind": "drop_socket", "phone": OWN, "count": 1 }),
        )
        .await
        .well();
    stored(&app, &session, &jid, &missed[59], |_| true).await;
    let all = app
        .all(&session.path(&format!("/channels/{jid}/messages")))
        .await;
    assert_eq!(all.len(), 61, "more than one page was missed");
    let bodies: Vec<&Value> = all.iter().map(|post| &post["body"]).collect();
    assert_eq!(
        (bodies[0], bodies[59], bodies[60]),
        (&json!("missed 59"), &json!("missed 0"), &json!("seen"))
    );
    assert_eq!(app.events("message").len(), 61);

    // What happened to them behind our back, over a kill.
    app.kill_gateway().await;
    app.phones
        .patch(
            &format!("/channels/{jid}/posts/{}", missed[58]),
            json!({ "text": "changed" }),
        )
        .await
        .well();
    app.phones
        .delete(&format!("/channels/{jid}/posts/{}", missed[57]))
        .await
        .well();
    let (later, _) = posts(&app, &jid, json!({ "text": "later", "told": false })).await;
    app.start_gateway().await;
    stored(&app, &session, &jid, &later, |_| true).await;
    stored(&app, &session, &jid, &missed[58], |post| {
        post["body"] == "changed"
    })
    .await;
    stored(&app, &session, &jid, &missed[57], |post| {
        post["deleted"] == true
    })
    .await;
    let all = app
        .all(&session.path(&format!("/channels/{jid}/messages")))
        .await;
    assert_eq!(all.len(), 62, "none twice");
    app.clean_ledger().await;
}

#[tokio::test]
async fn what_the_phone_follows_and_leaves_is_known_after_the_next_login() {
    let (app, session) = app().await;
    let jid = annas(&app, "Anna's").await;
    let again = || async {
        app.phones
            .post(
                "/faults",
                json!({ "kind": "drop_socket", "phone": OWN, "count": 1 }),
            )
            .await
            .well();
    };
    app.phones
        .post(
            &format!("/channels/{jid}/followers"),
            json!({ "phone": OWN }),
        )
        .await
        .well();
    again().await;
    listed(&app, &session, &jid, |one| one["role"] == "follower").await;
    let chat = app
        .api
        .get(&session.path(&format!("/chats/{jid}")))
        .await
        .well();
    assert_eq!(
        (&chat["type"], &chat["name"]),
        (&json!("channel"), &json!("Anna's"))
    );
    app.phones
        .delete(&format!("/channels/{jid}/followers/{OWN}"))
        .await
        .well();
    again().await;
    listed(&app, &session, &jid, |one| one["role"] == "guest").await;
}
