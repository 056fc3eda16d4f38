//! Writing in one's own channel, and not being allowed to in others'.

use super::{annas, app_with_own, listed, on_the_server, stored};
use crate::{
    harness::{ANNA, until},
    media::{
        real::{jpeg, sha256},
        sent::data,
    },
    messages::support::{outbox, send, shown},
};
use serde_json::{Value, json};

#[tokio::test]
async fn what_the_owner_posts_changes_and_takes_back_is_what_followers_see() {
    let (app, session, jid) = app_with_own().await;
    let first = send(
        &app,
        &session,
        json!({ "type": "text", "to": jid, "text": "first" }),
    )
    .await;
    assert_eq!(
        (&first["mode"], &first["status"]),
        (&json!("sync"), &json!("sent"))
    );
    let id = first["waMessageId"].as_str().unwrap().to_owned();
    let line = shown(&app, ANNA, &id, |_| true).await;
    assert_eq!(
        (&line["chat"], &line["body"]),
        (&json!(jid), &json!("first"))
    );

    let poll = json!({ "type": "poll", "to": jid, "name": "Swim?", "options": ["yes", "no"], "selectableCount": 1 });
    let poll = send(&app, &session, poll).await;
    let line = shown(&app, ANNA, poll["waMessageId"].as_str().unwrap(), |_| true).await;
    assert_eq!(
        (&line["type"], &line["poll"]["options"][1]["text"]),
        (&json!("poll"), &json!("no"))
    );

    let picture = jpeg();
    let mut media = data(&picture);
    media["caption"] = json!("the pier");
    let image = json!({ "type": "image", "to": jid, "media": media });
    let image = send(&app, &session, image).await;
    let image = image["waMessageId"].as_str().unwrap().to_owned();
    let line = shown(&app, ANNA, &image, |_| true).await;
    let got = &line["media"];
    assert_eq!(
        (&got["problem"], &got["sha256"]),
        (&Value::Null, &json!(sha256(&picture))),
        "{line}"
    );
    assert_eq!(
        (&got["caption"], &got["hasThumbnail"]),
        (&json!("the pier"), &json!(true))
    );

    let path = session.path(&format!("/messages/{id}"));
    let edited = app
        .api
        .patch(&path, json!({ "chat": jid, "text": "first, edited" }))
        .await
        .well();
    assert_eq!(edited["status"], "sent");
    shown(&app, ANNA, &id, |line| line["body"] == "first, edited").await;
    let post = stored(&app, &session, &jid, &id, |post| post["edited"] == true).await;
    assert_eq!(
        (&post["body"], &post["fromMe"], &post["status"]),
        (&json!("first, edited"), &json!(true), &json!("sent"))
    );
    assert_eq!(post["chatJid"], jid);

    let taken = app.api.request(
        reqwest::Method::DELETE,
        &session.path(&format!("/messages/{image}")),
    );
    let taken = crate::harness::Door::send(taken.json(&json!({ "chat": jid })))
        .await
        .well();
    assert_eq!(taken["status"], "sent");
    shown(&app, ANNA, &image, |line| line["deleted"] == true).await;
    stored(&app, &session, &jid, &image, |post| post["deleted"] == true).await;

    let ledger = app.clean_ledger().await;
    let to_channel: Vec<&Value> = ledger["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["to"] == jid.as_str())
        .collect();
    assert_eq!(
        to_channel.len(),
        3,
        "an edit and a revocation are no posts: {to_channel:?}"
    );
    let trace = app.phones.get("/trace").await.well();
    assert_eq!(trace["errors"], json!([]));
}

#[tokio::test]
async fn reactions_come_back_as_counts_and_the_own_one_by_name() {
    let (app, session, jid) = app_with_own().await;
    let sent = send(
        &app,
        &session,
        json!({ "type": "text", "to": jid, "text": "react!" }),
    )
    .await;
    let id = sent["waMessageId"].as_str().unwrap().to_owned();
    let number = on_the_server(&app, &jid).await["posts"][0]["serverId"].clone();
    let anna = json!({ "phone": ANNA, "serverId": number, "emoji": "👍" });
    app.phones
        .post(&format!("/channels/{jid}/reactions"), anna)
        .await
        .well();
    let post = stored(&app, &session, &jid, &id, |post| {
        post["reactions"][0]["count"] == 1
    })
    .await;
    assert_eq!(
        post["reactions"],
        json!([{ "emoji": "👍", "senderJid": "", "timestamp": null, "count": 1 }])
    );

    let path = session.path(&format!("/messages/{id}/reaction"));
    app.api
        .post(&path, json!({ "chat": jid, "emoji": "👍" }))
        .await
        .well();
    let reactions = on_the_server(&app, &jid).await["posts"][0]["reactions"].clone();
    assert_eq!(reactions, json!([{ "emoji": "👍", "count": 2 }]));
    let two = |post: &Value| post["reactions"].as_array().unwrap().len() == 2;
    let post = stored(&app, &session, &jid, &id, |post| {
        two(post) && post["reactions"][1]["count"] == 1
    })
    .await;
    assert_eq!(
        post["reactions"][0]["senderJid"],
        format!("{}@s.whatsapp.net", session.phone)
    );

    let taken = app.api.request(reqwest::Method::DELETE, &path);
    crate::harness::Door::send(taken.json(&json!({ "chat": jid })))
        .await
        .well();
    let reactions = on_the_server(&app, &jid).await["posts"][0]["reactions"].clone();
    assert_eq!(reactions, json!([{ "emoji": "👍", "count": 1 }]));
    stored(&app, &session, &jid, &id, |post| {
        !two(post) && post["reactions"][0]["count"] == 1
    })
    .await;
    app.clean_ledger().await;
}

#[tokio::test]
async fn who_may_not_write_is_told_so_and_nothing_is_sent() {
    let (app, session, own) = app_with_own().await;
    let theirs = annas(&app, "Anna's").await;
    let text = |to: &str| json!({ "type": "text", "to": to, "text": "mine" });
    // Unknown here: the server's word.
    let refused = app
        .api
        .post(&session.path("/messages"), text(&theirs))
        .await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(
        refused.body["error"]["details"]["reason"],
        "not_channel_admin"
    );
    let nowhere = "120363400000000000@newsletter";
    let refused = app
        .api
        .post(&session.path("/messages"), text(nowhere))
        .await;
    assert_eq!(refused.refused(502), "upstream_error");
    // Known here: nothing is even tried.
    app.api
        .poke(&session.path(&format!("/channels/{theirs}:follow")))
        .await;
    listed(&app, &session, &theirs, |one| one["role"] == "follower").await;
    let before = outbox(&app, &session).await.len();
    let refused = app
        .api
        .post(&session.path("/messages"), text(&theirs))
        .await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(
        refused.body["error"]["details"]["reason"],
        "not_channel_admin"
    );
    let once = json!({ "type": "image", "to": own, "media": data(&jpeg()), "viewOnce": true });
    let refused = app.api.post(&session.path("/messages"), once).await;
    assert!(
        refused.body["error"]["details"]["viewOnce"].is_string(),
        "{}",
        refused.body
    );
    let (id, _) = super::posts(&app, &theirs, json!({ "text": "Anna's words" })).await;
    stored(&app, &session, &theirs, &id, |_| true).await;
    let path = session.path(&format!("/messages/{id}"));
    let refused = app
        .api
        .patch(&path, json!({ "chat": theirs, "text": "mine" }))
        .await;
    assert_eq!(refused.refused(403), "forbidden");
    let refused = app.api.request(reqwest::Method::DELETE, &path);
    let refused = crate::harness::Door::send(refused.json(&json!({ "chat": theirs }))).await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(outbox(&app, &session).await.len(), before);
    assert_eq!(
        on_the_server(&app, &theirs).await["posts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_post_accepted_while_disconnected_goes_once_under_its_id() {
    let (mut app, session, jid) = app_with_own().await;
    app.api.poke(&session.path(":stop")).await.well();
    let path = session.path("/messages?async=true");
    let later = app
        .api
        .post(&path, json!({ "type": "text", "to": jid, "text": "later" }))
        .await;
    assert_eq!(later.status.as_u16(), 202);
    app.kill_gateway().await;
    app.start_gateway().await;
    app.api.poke(&session.path(":start")).await.well();
    let id = later.body["waMessageId"].as_str().unwrap();
    shown(&app, ANNA, id, |_| true).await;
    until("sent", || async {
        let outbox = later.body["outboxId"].as_str().unwrap();
        let now = app
            .api
            .get(&session.path(&format!("/outbox/{outbox}")))
            .await
            .well();
        (now["status"] == "sent").then_some(())
    })
    .await;
    assert_eq!(
        on_the_server(&app, &jid).await["posts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.clean_ledger().await;
}
