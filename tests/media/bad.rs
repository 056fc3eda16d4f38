//! Bad files and bad places: the documented error, and nothing sent.

use super::{
    real::{jpeg, pdf, sha256},
    sent::data,
    server::Server,
};
use crate::harness::{ANNA, OWN, Session, TestApp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn refused(app: &TestApp, session: &Session, status: u16, field: &str, body: Value) {
    let shown = body.to_string();
    let shown = shown.get(..200).unwrap_or(&shown).to_owned();
    let answer = app.api.post(&session.path("/messages"), body).await;
    assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.body);
    if !field.is_empty() {
        assert!(
            answer.body["error"]["details"][field].is_string(),
            "{shown}: {}",
            answer.body
        );
    }
}

async fn nothing_was_sent(app: &TestApp, session: &Session) {
    assert_eq!(app.all(&session.path("/outbox")).await, Vec::<Value>::new());
    assert_eq!(app.inbox(ANNA, |_| true).await, Vec::<Value>::new());
}

#[tokio::test]
async fn bad_bytes_are_refused_by_name() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let base64 = STANDARD.encode(jpeg());
    let with = |kind: &str, media: Value| json!({ "type": kind, "to": ANNA, "media": media });
    for (field, body) in [
        (
            "media.data",
            with(
                "image",
                json!({ "data": &base64[..base64.len() / 4 * 4 - 3] }),
            ),
        ),
        ("media.data", with("image", json!({ "data": "" }))),
        (
            "media.data",
            with("image", json!({ "data": "data:image/jpeg,plain" })),
        ),
        (
            "media.data",
            with("image", json!({ "data": "not base64!" })),
        ),
        ("media", with("image", data(&pdf()))),
        ("media", with("image", json!({}))),
        (
            "media",
            with(
                "image",
                json!({ "data": base64, "url": "https://example.com/x" }),
            ),
        ),
        (
            "media.mimetype",
            with(
                "image",
                json!({ "data": base64, "mimetype": "application/pdf" }),
            ),
        ),
        (
            "media.mimetype",
            with("image", json!({ "data": base64, "mimetype": "jpeg" })),
        ),
        (
            "media.caption",
            with("sticker", json!({ "data": base64, "caption": "x" })),
        ),
        (
            "media.filename",
            with("document", json!({ "data": base64, "filename": "../x" })),
        ),
        (
            "media.mediaId",
            with("image", json!({ "mediaId": "media_AAAA" })),
        ),
        (
            "media.other",
            with("image", json!({ "data": base64, "other": 1 })),
        ),
        (
            "voice",
            json!({ "type": "image", "to": ANNA, "media": { "data": base64 }, "voice": true }),
        ),
        (
            "viewOnce",
            json!({ "type": "document", "to": ANNA, "media": { "data": base64 }, "viewOnce": true }),
        ),
    ] {
        refused(&app, &session, 400, field, body).await;
    }
    let most = 16 << 20;
    let large = with("document", data(&vec![0; most + 1]));
    refused(&app, &session, 413, "", large).await;
    nothing_was_sent(&app, &session).await;
    // The bound itself is not over it.
    let answer = app
        .api
        .post(
            &session.path("/messages"),
            with("document", data(&vec![0; most])),
        )
        .await;
    // 202 where encrypting it takes an unoptimised build longer than a synchronous call waits.
    answer.well();
    // A lie within the kind is corrected.
    let lie = with("image", json!({ "data": base64, "mimetype": "image/png" }));
    app.api.post(&session.path("/messages"), lie).await.well();
    let inbox = app.inbox(ANNA, |seen| seen.len() == 2).await;
    assert_eq!(
        inbox[0]["media"]["size"]
            .as_u64()
            .max(inbox[1]["media"]["size"].as_u64()),
        Some(most as u64)
    );
    assert!(
        inbox
            .iter()
            .any(|line| line["media"]["mimetype"] == "image/jpeg")
    );
}

#[tokio::test]
async fn a_url_may_not_lead_inside() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let server = Server::start(jpeg()).await;
    for url in [
        server.url("/file"),
        format!("https://127.0.0.1:{}/file", server.at.port()),
        format!("https://localhost:{}/file", server.at.port()),
        format!("https://[::ffff:127.0.0.1]:{}/file", server.at.port()),
        "https://169.254.169.254/latest/meta-data/".into(),
        "https://user:word@example.com/x".into(),
        "https://10.0.0.1/x".into(),
        "https://2130706433/x".into(),
        "file:///etc/passwd".into(),
        "x".into(),
        String::new(),
    ] {
        let body = json!({ "type": "image", "to": ANNA, "media": { "url": url } });
        refused(&app, &session, 400, "media.url", body).await;
    }
    nothing_was_sent(&app, &session).await;
    assert_eq!(server.sent.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_url_that_is_slow_or_endless_or_away_ends_in_words() {
    let app = TestApp::with_env(&[
        ("WHARF_OUTBOUND__ALLOW_HTTP", "true"),
        ("WHARF_OUTBOUND__ALLOW_SUBNETS", r#"["127.0.0.1"]"#),
        ("WHARF_MEDIA__LARGEST", "20000000"),
    ])
    .await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let picture = jpeg();
    let server = Server::start(picture.clone()).await;
    let with =
        |path: &str| json!({ "type": "image", "to": ANNA, "media": { "url": server.url(path) } });
    for path in ["/slow", "/away", "/cut", "/none"] {
        refused(&app, &session, 400, "media.url", with(path)).await;
    }
    refused(&app, &session, 413, "", with("/huge")).await;
    // What the sockets hold went out as well, and not ten gigabytes.
    assert!(server.sent.load(Ordering::SeqCst) < 100_000_000);
    nothing_was_sent(&app, &session).await;
    // What the server says of the file is not believed; the bytes are.
    app.api
        .post(&session.path("/messages"), with("/file"))
        .await
        .well();
    let inbox = app.inbox(ANNA, |seen| seen.len() == 1).await;
    assert_eq!(inbox[0]["media"]["mimetype"], "image/jpeg");
    assert_eq!(inbox[0]["media"]["sha256"], sha256(&picture));
}
