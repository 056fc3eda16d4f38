//! What people send is fetched, checked, kept and read in parts.

use super::real::{animated_webp, jpeg, mp4, pdf, sha256, voice_note};
use crate::{
    harness::{ANNA, BORIS, OWN, Session, TestApp, until},
    messages::support::{app_with_group, says, shown},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

async fn fetch(app: &TestApp, session: &Session, id: &str, headers: &[(&str, &str)]) -> Response {
    let path = session.path(&format!("/messages/{id}/media"));
    let mut request = app.api.request(Method::GET, &path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn error(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    (status, body["error"]["details"]["reason"].clone())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The message once it is stored.
async fn comes(app: &TestApp, session: &Session, chat: &str, id: &str) -> Value {
    until("the message", || async {
        let path = session.path(&format!("/chats/{chat}/messages"));
        let list = app.api.get(&path).await;
        let list = list.body["data"].as_array().cloned().unwrap_or_default();
        list.into_iter()
            .find(|message| message["waMessageId"] == *id)
    })
    .await
}

#[tokio::test]
async fn every_kind_comes_whole_from_a_chat_and_from_a_group() {
    let (app, session, gid) = app_with_group().await;
    for (from, chat) in [(ANNA, ANNA), (BORIS, gid.as_str())] {
        let to = if chat == gid { gid.as_str() } else { OWN };
        for (kind, bytes, mimetype, voice) in [
            ("image", jpeg(), "image/jpeg", false),
            ("audio", voice_note(), "audio/ogg; codecs=opus", true),
            ("video", mp4(), "video/mp4", false),
            ("document", pdf(), "application/pdf", false),
            ("sticker", animated_webp(), "image/webp", false),
        ] {
            let media = json!({ "data": STANDARD.encode(&bytes), "mimetype": mimetype, "filename": "é x.bin" });
            let mut body = json!({ "to": to, "type": kind, "media": media });
            if voice {
                body["voice"] = json!(true);
            }
            let id = says(&app, from, body).await;
            let message = comes(&app, &session, chat, &id).await;
            assert_eq!(
                (&message["type"], &message["hasMedia"]),
                (&json!(kind), &json!(true))
            );
            assert_eq!(message["media"]["kind"], if voice { "voice" } else { kind });
            assert_eq!(message["media"]["size"], bytes.len());
            assert_eq!(message["media"]["mimetype"], mimetype);
            let got = fetch(&app, &session, &id, &[]).await;
            assert_eq!(got.status(), StatusCode::OK);
            assert_eq!(header(&got, "content-type"), mimetype);
            assert_eq!(header(&got, "etag"), format!("\"{}\"", sha256(&bytes)));
            assert_eq!(header(&got, "x-content-type-options"), "nosniff");
            let expected = match kind {
                "document" => "attachment; filename*=UTF-8''%C3%A9%20x.bin",
                _ => "attachment",
            };
            assert_eq!(header(&got, "content-disposition"), expected);
            assert_eq!(got.bytes().await.unwrap(), bytes);
        }
    }
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn a_kept_file_is_read_in_parts_and_while_disconnected() {
    let (app, session, _) = app_with_group().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n / 7) as u8).collect();
    let media = json!({ "data": STANDARD.encode(&bytes), "mimetype": "application/x-test" });
    let id = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "document", "media": media }),
    )
    .await;
    comes(&app, &session, ANNA, &id).await;
    let other = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "document", "media": media }),
    )
    .await;
    comes(&app, &session, ANNA, &other).await;
    let third = json!({ "data": STANDARD.encode(b"unread"), "mimetype": "text/plain" });
    let third = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "document", "media": third }),
    )
    .await;
    comes(&app, &session, ANNA, &third).await;

    let part = fetch(&app, &session, &id, &[("range", "bytes=65530-65545")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 65530-65545/300000");
    assert_eq!(part.bytes().await.unwrap(), bytes[65_530..=65_545]);

    app.api.poke(&session.path(":stop")).await.well();
    app.status(&session, "stopped").await;
    let tag = format!("\"{}\"", sha256(&bytes));
    let last = fetch(&app, &session, &id, &[("range", "bytes=-5")]).await;
    assert_eq!(last.bytes().await.unwrap(), bytes[299_995..]);
    let stale = fetch(
        &app,
        &session,
        &id,
        &[("range", "bytes=-5"), ("if-range", "\"x\"")],
    )
    .await;
    assert_eq!(
        (stale.status(), stale.bytes().await.unwrap().len()),
        (StatusCode::OK, 300_000)
    );
    let known = fetch(&app, &session, &id, &[("if-none-match", tag.as_str())]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let beyond = fetch(&app, &session, &id, &[("range", "bytes=300000-")]).await;
    assert_eq!(header(&beyond, "content-range"), "bytes */300000");
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    // The same bytes in another message are kept already.
    let same = fetch(&app, &session, &other, &[]).await;
    assert_eq!(same.bytes().await.unwrap(), bytes);
    // What was never fetched cannot be had now.
    let unread = fetch(&app, &session, &third, &[]).await;
    assert_eq!(error(unread).await, (501, json!("session_not_connected")));
    let none = fetch(&app, &session, "3EB0NONE", &[]).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn own_files_are_readable_and_texts_have_none() {
    let (app, session, _) = app_with_group().await;
    let page = pdf();
    let body = json!({ "type": "document", "to": ANNA, "media": { "data": STANDARD.encode(&page), "filename": "p.pdf" } });
    let sent = app.api.post(&session.path("/messages"), body).await.well();
    let got = fetch(&app, &session, sent["waMessageId"].as_str().unwrap(), &[]).await;
    assert_eq!(header(&got, "content-type"), "application/pdf");
    assert_eq!(got.bytes().await.unwrap(), page);
    // Also when the store has let it go: WhatsApp has it, and where is known.
    std::fs::remove_dir_all(app.data().join("media/files")).unwrap();
    std::fs::create_dir(app.data().join("media/files")).unwrap();
    let got = fetch(&app, &session, sent["waMessageId"].as_str().unwrap(), &[]).await;
    assert_eq!(got.bytes().await.unwrap(), page);
    let body = json!({ "type": "text", "to": ANNA, "text": "x" });
    let sent = app.api.post(&session.path("/messages"), body).await.well();
    let got = fetch(&app, &session, sent["waMessageId"].as_str().unwrap(), &[]).await;
    assert_eq!(got.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_that_whatsapp_dropped_is_asked_of_the_phone() {
    let (app, session, gid) = app_with_group().await;
    let file = |text: &str| json!({ "data": STANDARD.encode(text), "mimetype": "text/plain" });
    for (from, chat, to) in [(ANNA, ANNA, OWN), (BORIS, gid.as_str(), gid.as_str())] {
        let again = says(
            &app,
            from,
            json!({ "to": to, "type": "document", "media": file("again") }),
        )
        .await;
        comes(&app, &session, chat, &again).await;
        let expire = format!("/accounts/{OWN}/expire-media");
        app.phones
            .post(&expire, json!({ "waMessageId": again }))
            .await
            .well();
        let got = fetch(&app, &session, &again, &[]).await;
        assert_eq!(got.status(), StatusCode::OK);
        assert_eq!(got.bytes().await.unwrap(), "again");
    }
    let lost = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "document", "media": file("lost") }),
    )
    .await;
    comes(&app, &session, ANNA, &lost).await;
    let expire = format!("/accounts/{OWN}/expire-media");
    app.phones
        .post(&expire, json!({ "waMessageId": lost, "forget": true }))
        .await
        .well();
    let got = fetch(&app, &session, &lost, &[]).await;
    assert_eq!(error(got).await, (502, json!("media_expired")));
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn a_sticker_that_moves_still_moves_when_it_is_passed_on() {
    let (app, session, gid) = app_with_group().await;
    for moves in [true, false] {
        let media = json!({ "data": STANDARD.encode(animated_webp()), "mimetype": "image/webp",
            "width": 128, "height": 128, "animated": moves });
        let id = says(
            &app,
            ANNA,
            json!({ "to": OWN, "type": "sticker", "media": media }),
        )
        .await;
        let message = comes(&app, &session, ANNA, &id).await;
        assert_eq!(
            (
                &message["body"],
                &message["media"]["kind"],
                &message["media"]["width"]
            ),
            (&json!(""), &json!("sticker"), &json!(128))
        );
        let forward = json!({ "chat": ANNA, "to": gid });
        let path = session.path(&format!("/messages/{id}/forward"));
        let copy = app.api.post(&path, forward).await.well();
        let seen = shown(&app, BORIS, copy["waMessageId"].as_str().unwrap(), |_| true).await;
        assert_eq!(
            (&seen["media"]["animated"], &seen["media"]["problem"]),
            (&json!(moves), &Value::Null)
        );
    }
}

/// WhatsApp shows it on the phone alone; that it came is stored, and that is all.
#[tokio::test]
async fn what_may_be_seen_once_is_told_and_not_shown() {
    let (app, session, gid) = app_with_group().await;
    for (to, chat) in [(OWN, ANNA), (gid.as_str(), gid.as_str())] {
        // The client library overlooks the word where the sender's key for the group comes with it, which is once.
        let text = says(
            &app,
            ANNA,
            json!({ "to": to, "type": "text", "text": "look" }),
        )
        .await;
        comes(&app, &session, chat, &text).await;
        for (kind, bytes) in [("image", jpeg()), ("video", mp4()), ("audio", voice_note())] {
            let body = json!({ "to": to, "type": kind, "viewOnce": true,
                "media": { "data": STANDARD.encode(bytes) } });
            let id = says(&app, ANNA, body).await;
            let message = comes(&app, &session, chat, &id).await;
            assert_eq!(
                (
                    &message["type"],
                    &message["body"],
                    &message["hasMedia"],
                    &message["senderPhone"]
                ),
                (&json!("view_once"), &json!(""), &json!(false), &json!(ANNA))
            );
            assert_eq!(
                fetch(&app, &session, &id, &[]).await.status(),
                StatusCode::NOT_FOUND
            );
            let forward = json!({ "chat": chat, "to": BORIS });
            let path = session.path(&format!("/messages/{id}/forward"));
            let refused = app.api.post(&path, forward).await;
            assert_eq!(refused.refused(400), "validation_error");
        }
    }
    let told = app.events("message");
    assert_eq!(told.iter().filter(|m| m["type"] == "view_once").count(), 6);
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}
