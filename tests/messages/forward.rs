//! Passing messages on: a faithful copy, marked.

use super::done_here::ask;
use super::support::{app_with_group, says, send, shown, stored};
use crate::harness::{ANNA, BORIS, Door, OWN};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn what_came_and_what_was_sent_is_passed_on_as_it_is() {
    let (app, session, gid) = app_with_group().await;
    let mut texts = vec![
        says(&app, ANNA, json!({ "to": OWN, "type": "text", "text": "from Anna" })).await,
        says(&app, ANNA, json!({ "to": OWN, "type": "location", "latitude": 1.5, "longitude": -2.5, "name": "Pier" })).await,
        says(&app, ANNA, json!({ "to": OWN, "type": "contact", "contact": { "name": "Zoë", "phone": "15551239999" } })).await,
    ];
    for id in &texts {
        stored(&app, &session, ANNA, id, |_| true).await;
    }
    for body in [
        json!({ "type": "text", "to": ANNA, "text": "from here" }),
        json!({ "type": "poll", "to": ANNA, "name": "Tea?", "options": ["yes", "no"] }),
    ] {
        texts.push(
            send(&app, &session, body).await["waMessageId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    for id in texts {
        let source = stored(&app, &session, ANNA, &id, |_| true).await;
        for (to, reader) in [(BORIS, BORIS), (gid.as_str(), BORIS)] {
            let forward = json!({ "chat": ANNA, "to": to });
            let answer = ask(
                &app,
                &session,
                Method::POST,
                &format!("{id}/forward"),
                forward,
            )
            .await;
            let copy = answer.well()["waMessageId"].as_str().unwrap().to_owned();
            let seen = shown(&app, reader, &copy, |_| true).await;
            assert_eq!(
                (&seen["type"], &seen["body"]),
                (&source["type"], &source["body"])
            );
            assert_eq!(
                (&seen["forwarded"], &seen["forwardingScore"]),
                (&json!(true), &json!(1)),
                "{seen}"
            );
            let kept = stored(&app, &session, to, &copy, |_| true).await;
            for field in ["type", "body", "location", "contact", "poll"] {
                assert_eq!(kept[field], source[field], "{field}");
            }
            assert_eq!(kept["direction"], "out");
        }
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn media_go_on_without_a_new_upload_and_the_mark_counts() {
    let (app, session, _) = app_with_group().await;
    let image = json!({ "to": OWN, "type": "image", "forwarded": 2,
        "media": { "data": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "caption": "pixel" } });
    let id = says(&app, ANNA, image).await;
    let source = stored(&app, &session, ANNA, &id, |_| true).await;
    let forward = json!({ "chat": ANNA, "to": BORIS });
    let answer = ask(
        &app,
        &session,
        Method::POST,
        &format!("{id}/forward"),
        forward,
    )
    .await;
    let copy = answer.well()["waMessageId"].as_str().unwrap().to_owned();
    let seen = shown(&app, BORIS, &copy, |_| true).await;
    assert_eq!(
        (&seen["type"], &seen["body"]),
        (&json!("image"), &json!("pixel"))
    );
    assert_eq!(
        seen["media"]["problem"],
        Value::Null,
        "the phone could open it"
    );
    assert_eq!(seen["forwardingScore"], 3);
    let kept = stored(&app, &session, BORIS, &copy, |_| true).await;
    assert_eq!(kept["media"], source["media"]);
    // And on from there.
    let forward = json!({ "chat": BORIS, "to": ANNA });
    let answer = ask(
        &app,
        &session,
        Method::POST,
        &format!("{copy}/forward"),
        forward,
    )
    .await;
    let copy = answer.well()["waMessageId"].as_str().unwrap().to_owned();
    let seen = shown(&app, ANNA, &copy, |_| true).await;
    assert_eq!(seen["media"]["problem"], Value::Null);
}

#[tokio::test]
async fn a_repeated_key_passes_on_once() {
    let (app, session, _) = app_with_group().await;
    let id = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "text", "text": "once" }),
    )
    .await;
    stored(&app, &session, ANNA, &id, |_| true).await;
    let mut answers = Vec::new();
    for to in [BORIS, BORIS, ANNA] {
        let request = app
            .api
            .request(
                Method::POST,
                &session.path(&format!("/messages/{id}/forward")),
            )
            .header("Idempotency-Key", "f-1")
            .json(&json!({ "chat": ANNA, "to": to }));
        answers.push(Door::send(request).await);
    }
    assert_eq!(answers[0].body["replayed"], false);
    assert_eq!(answers[1].body["replayed"], true);
    assert_eq!(
        answers[0].body["waMessageId"],
        answers[1].body["waMessageId"]
    );
    assert_eq!(answers[2].refused(422), "idempotency_key_reused");
    assert_eq!(app.inbox(BORIS, |seen| !seen.is_empty()).await.len(), 1);
}

#[tokio::test]
async fn a_caption_goes_on_as_it_stands_now() {
    let (app, session, _) = app_with_group().await;
    let image = json!({ "to": OWN, "type": "image",
        "media": { "data": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "caption": "the peir" } });
    let mut id = says(&app, ANNA, image).await;
    stored(&app, &session, ANNA, &id, |_| true).await;
    let edit = json!({ "to": OWN, "type": "edit", "waMessageId": id, "text": "the pier" });
    says(&app, ANNA, edit).await;
    stored(&app, &session, ANNA, &id, |m| m["edited"] == true).await;
    // And from the copy.
    for (chat, to) in [(ANNA, BORIS), (BORIS, ANNA)] {
        let forward = json!({ "chat": chat, "to": to });
        let path = format!("{id}/forward");
        let answer = ask(&app, &session, Method::POST, &path, forward).await;
        id = answer.well()["waMessageId"].as_str().unwrap().to_owned();
        let seen = shown(&app, to, &id, |_| true).await;
        assert_eq!(
            (&seen["body"], &seen["media"]["problem"]),
            (&json!("the pier"), &Value::Null)
        );
        let kept = stored(&app, &session, to, &id, |_| true).await;
        assert_eq!(
            (&kept["body"], &kept["media"]["caption"], &kept["edited"]),
            (&json!("the pier"), &json!("the pier"), &json!(false))
        );
    }
}
