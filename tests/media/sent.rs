//! What the API sends arrives, whole, as the kind it is.

use super::real::{animated_webp, jpeg, mp4, pdf, sha256, voice_note, wav};
use crate::{
    harness::{ANNA, BORIS, OWN, Session, TestApp, until},
    messages::support::{app_with_group, send},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

pub fn data(bytes: &[u8]) -> Value {
    json!({ "data": STANDARD.encode(bytes) })
}

/// Sends to the chat; what this reader's phone has of it, checked for being whole.
async fn arrives(app: &TestApp, session: &Session, reader: &str, body: Value) -> (Value, Value) {
    let sent = send(app, session, body).await;
    let id = sent["waMessageId"].clone();
    let has = |seen: &[Value]| seen.iter().any(|line| line["waMessageId"] == id);
    let inbox = app.inbox(reader, has).await;
    let line = inbox
        .into_iter()
        .find(|line| line["waMessageId"] == id)
        .unwrap();
    assert_eq!(line["media"]["problem"], Value::Null, "{line}");
    (line, id)
}

async fn stored(app: &TestApp, session: &Session, chat: &str, id: &Value) -> Value {
    let list = app
        .all(&session.path(&format!("/chats/{chat}/messages")))
        .await;
    list.into_iter()
        .find(|message| message["waMessageId"] == *id)
        .unwrap()
}

#[tokio::test]
async fn every_kind_arrives_as_what_it_is_in_a_chat_and_in_a_group() {
    let (app, session, gid) = app_with_group().await;
    let (picture, note, film, page) = (jpeg(), voice_note(), mp4(), pdf());
    for (to, reader) in [(ANNA, ANNA), (gid.as_str(), BORIS)] {
        let mut media = data(&picture);
        media["caption"] = json!("harbour");
        let body = json!({ "type": "image", "to": to, "media": media });
        let (line, id) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(line["body"], "harbour");
        assert_eq!(
            (&got["kind"], &got["mimetype"]),
            (&json!("image"), &json!("image/jpeg"))
        );
        assert_eq!(got["sha256"], sha256(&picture));
        assert_eq!((&got["width"], &got["height"]), (&json!(320), &json!(180)));
        assert_eq!(got["hasThumbnail"], true);
        let message = stored(&app, &session, to, &id).await;
        assert_eq!(
            (&message["type"], &message["body"]),
            (&json!("image"), &json!("harbour"))
        );
        assert_eq!(message["hasMedia"], true);
        assert_eq!(message["media"]["size"], picture.len());
        assert_eq!(message["media"]["width"], 320);

        let body = json!({ "type": "audio", "to": to, "media": data(&note), "voice": true });
        let (line, id) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(got["mimetype"], "audio/ogg; codecs=opus");
        // It is Opus already: not a byte is changed.
        assert_eq!(got["sha256"], sha256(&note));
        assert_eq!(
            (&got["voice"], &got["hasWaveform"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(got["seconds"], 2);
        assert_eq!(
            stored(&app, &session, to, &id).await["media"]["kind"],
            "voice"
        );

        let body = json!({ "type": "video", "to": to, "media": data(&film) });
        let (line, id) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(
            (&got["kind"], &got["mimetype"]),
            (&json!("video"), &json!("video/mp4"))
        );
        let message = stored(&app, &session, to, &id).await;
        assert_eq!(
            (&message["type"], &message["media"]["seconds"]),
            (&json!("video"), &json!(3))
        );
        assert_eq!(got["sha256"], sha256(&film));
        assert_eq!((&got["seconds"], &got["width"]), (&json!(3), &json!(320)));
        assert_eq!(got["hasThumbnail"], true);

        let mut media = data(&page);
        media["filename"] = json!("page.pdf");
        let body = json!({ "type": "document", "to": to, "media": media });
        let (line, id) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(
            (&got["mimetype"], &got["filename"]),
            (&json!("application/pdf"), &json!("page.pdf"))
        );
        let message = stored(&app, &session, to, &id).await;
        assert_eq!(
            (&message["type"], &message["media"]["filename"]),
            (&json!("document"), &json!("page.pdf"))
        );
        assert_eq!(got["sha256"], sha256(&page));

        let body = json!({ "type": "sticker", "to": to, "media": data(&picture) });
        let (line, id) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(
            (&got["kind"], &got["mimetype"], &got["animated"]),
            (&json!("sticker"), &json!("image/webp"), &json!(false))
        );
        assert_eq!((&got["width"], &got["height"]), (&json!(512), &json!(512)));
        let message = stored(&app, &session, to, &id).await;
        assert_eq!(
            (&message["type"], &message["media"]["mimetype"]),
            (&json!("sticker"), &json!("image/webp"))
        );
        let moving = animated_webp();
        let body = json!({ "type": "sticker", "to": to, "media": data(&moving) });
        let (line, _) = arrives(&app, &session, reader, body).await;
        let got = &line["media"];
        assert_eq!(
            (&got["animated"], &got["sha256"]),
            (&json!(true), &json!(sha256(&moving)))
        );
    }
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn a_sound_is_made_a_voice_note_and_a_picture_is_seen_once() {
    let (app, session, gid) = app_with_group().await;
    let body = json!({ "type": "audio", "to": ANNA, "media": data(&wav()), "voice": true });
    let (line, _) = arrives(&app, &session, ANNA, body).await;
    assert_eq!(line["media"]["mimetype"], "audio/ogg; codecs=opus");
    assert_eq!(line["media"]["seconds"], 2);
    assert_eq!(line["media"]["hasWaveform"], true);

    let uri = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg()));
    let body = json!({ "type": "image", "to": gid, "media": { "data": uri }, "viewOnce": true });
    let (line, _) = arrives(&app, &session, BORIS, body).await;
    assert_eq!(line["viewOnce"], true, "{line}");
    let body =
        json!({ "type": "audio", "to": ANNA, "media": data(&voice_note()), "viewOnce": true });
    let (line, _) = arrives(&app, &session, ANNA, body).await;
    assert_eq!(line["viewOnce"], true, "{line}");
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["violations"], json!([]), "{ledger}");
}

#[tokio::test]
async fn a_kill_before_the_acknowledgement_sends_the_same_file_once() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let page = [pdf(), vec![b'%'; 400_000]].concat();
    let path = session.path("/messages?async=true");
    let mut ids = Vec::new();
    for round in 0..3 {
        // The upload of 400 kB takes a second and more, so the kill meets it.
        let slow = json!({ "kind": "slow", "ms": 50 });
        app.phones.post("/faults", slow).await.well();
        let body = json!({ "type": "document", "to": ANNA, "media": data(&page), "reference": format!("r{round}") });
        let sent = app.api.post(&path, body).await.well();
        ids.push(sent["waMessageId"].clone());
        // Accepted; encrypted and perhaps half uploaded.
        until("the scratch file", || async {
            let scratch = std::fs::read_dir(app.data().join("media/scratch")).unwrap();
            (scratch.count() > 0).then_some(())
        })
        .await;
        app.kill_gateway().await;
        app.phones.delete("/faults").await;
        app.start_gateway().await;
    }
    let all = |seen: &[Value]| {
        ids.iter()
            .all(|id| seen.iter().any(|line| line["waMessageId"] == *id))
    };
    let inbox = app.inbox(ANNA, all).await;
    for id in &ids {
        let lines: Vec<&Value> = inbox
            .iter()
            .filter(|line| line["waMessageId"] == *id)
            .collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["media"]["problem"], Value::Null);
        assert_eq!(lines[0]["media"]["sha256"], sha256(&page));
    }
    app.clean_ledger().await;
}
