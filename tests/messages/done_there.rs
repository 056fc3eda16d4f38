//! What people do to messages, as it is stored and told.

use super::support::{app_with_group, group, says, send, shown, stored};
use crate::harness::{ANNA, BORIS, OWN, until};
use serde_json::{Value, json};

#[tokio::test]
async fn reactions_stand_on_the_message_they_are_about() {
    let (app, session, gid) = app_with_group().await;
    for (to, from_anna) in [(ANNA, OWN), (gid.as_str(), gid.as_str())] {
        let sent = send(
            &app,
            &session,
            json!({ "type": "text", "to": to, "text": "like it?" }),
        )
        .await;
        let id = sent["waMessageId"].as_str().unwrap();
        shown(&app, ANNA, id, |_| true).await;
        let react = |emoji: &str| json!({ "to": from_anna, "type": "reaction", "waMessageId": id, "emoji": emoji });
        for emoji in ["👍", "😂"] {
            says(&app, ANNA, react(emoji)).await;
            let kept = stored(&app, &session, to, id, |m| {
                m["reactions"][0]["emoji"] == emoji
            })
            .await;
            assert_eq!(kept["reactions"].as_array().unwrap().len(), 1, "{kept}");
            assert_eq!(
                kept["reactions"][0]["senderJid"],
                format!("{ANNA}@s.whatsapp.net")
            );
        }
        says(&app, ANNA, react("")).await;
        stored(&app, &session, to, id, |m| m["reactions"] == json!([])).await;
        // No messages of their own.
        let all = app
            .all(&session.path(&format!("/chats/{to}/messages")))
            .await;
        assert_eq!(all.len(), 1, "{all:?}");
    }
}

#[tokio::test]
async fn edits_and_revocations_of_texts_captions_and_by_admins() {
    let (app, session, gid) = app_with_group().await;
    let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
        let image =
            json!({ "to": to, "type": "image", "media": { "data": pixel, "caption": "the peir" } });
        let id = says(&app, ANNA, image).await;
        stored(&app, &session, chat, &id, |m| m["body"] == "the peir").await;
        says(
            &app,
            ANNA,
            json!({ "to": to, "type": "edit", "waMessageId": id, "text": "the pier" }),
        )
        .await;
        let kept = stored(&app, &session, chat, &id, |m| m["edited"] == true).await;
        assert_eq!(
            (&kept["body"], &kept["media"]["caption"], &kept["type"]),
            (&json!("the pier"), &json!("the pier"), &json!("image"))
        );
        says(
            &app,
            ANNA,
            json!({ "to": to, "type": "revoke", "waMessageId": id }),
        )
        .await;
        let gone = stored(&app, &session, chat, &id, |m| m["deleted"] == true).await;
        assert_eq!((&gone["body"], &gone["media"]), (&json!(""), &Value::Null));
    }
    // Anna owns the group: she takes back what others wrote, also what this account wrote.
    let sent = send(
        &app,
        &session,
        json!({ "type": "text", "to": gid, "text": "off topic" }),
    )
    .await;
    let ours = sent["waMessageId"].as_str().unwrap().to_owned();
    let theirs = says(
        &app,
        BORIS,
        json!({ "to": gid, "type": "text", "text": "me too" }),
    )
    .await;
    for id in [ours, theirs] {
        shown(&app, ANNA, &id, |_| true).await;
        stored(&app, &session, &gid, &id, |_| true).await;
        says(
            &app,
            ANNA,
            json!({ "to": gid, "type": "revoke", "waMessageId": id }),
        )
        .await;
        stored(&app, &session, &gid, &id, |m| m["deleted"] == true).await;
    }
}

#[tokio::test]
async fn what_happened_while_disconnected_comes_in_order() {
    let (app, session, gid) = app_with_group().await;
    app.api.poke(&session.path(":stop")).await.well();
    let mut ids = Vec::new();
    for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
        let id = says(
            &app,
            ANNA,
            json!({ "to": to, "type": "text", "text": "frist" }),
        )
        .await;
        says(
            &app,
            ANNA,
            json!({ "to": to, "type": "edit", "waMessageId": id, "text": "first" }),
        )
        .await;
        says(
            &app,
            ANNA,
            json!({ "to": to, "type": "reaction", "waMessageId": id, "emoji": "🎉" }),
        )
        .await;
        ids.push((chat.to_owned(), id));
    }
    app.api.poke(&session.path(":start")).await.well();
    for (chat, id) in ids {
        let kept = stored(&app, &session, &chat, &id, |m| m["reactions"] != json!([])).await;
        assert_eq!(
            (&kept["body"], &kept["edited"]),
            (&json!("first"), &json!(true))
        );
    }
}

#[tokio::test]
async fn a_second_group_is_not_confused_with_the_first() {
    let (app, session, gid) = app_with_group().await;
    let other = group(&app, &session, BORIS).await;
    let id = says(
        &app,
        ANNA,
        json!({ "to": gid, "type": "text", "text": "here" }),
    )
    .await;
    stored(&app, &session, &gid, &id, |_| true).await;
    let found = app
        .api
        .get(&session.path(&format!("/messages/{id}?chat={other}")))
        .await;
    assert!(matches!(found.status.as_u16(), 404), "{}", found.body);
    let found = until("the message by its id alone", || async {
        let found = app.api.get(&session.path(&format!("/messages/{id}"))).await;
        found.status.is_success().then_some(found.body)
    })
    .await;
    assert_eq!(
        (&found["body"], &found["chatJid"]),
        (&json!("here"), &json!(gid))
    );
}
