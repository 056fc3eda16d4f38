//! What a text's link leads to, as the other phone shows it.

use super::support::{send, shown};
use crate::{
    harness::{ANNA, OWN, Session, TestApp},
    media::{real::jpeg, server::Server},
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn app() -> (TestApp, Session) {
    let app = TestApp::with_env(&[
        ("WHARF_OUTBOUND__ALLOW_HTTP", "true"),
        ("WHARF_OUTBOUND__ALLOW_SUBNETS", r#"["127.0.0.1"]"#),
    ])
    .await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

fn page(body: &str) -> Vec<u8> {
    format!("<!doctype html><html><head>{body}</head><body>x</body></html>").into_bytes()
}

/// Sends the text; what Anna's phone shows of it.
async fn sent(app: &TestApp, session: &Session, text: &str) -> Value {
    let body = json!({ "type": "text", "to": ANNA, "text": text, "linkPreview": true });
    let sent = send(app, session, body).await;
    let line = shown(app, ANNA, sent["waMessageId"].as_str().unwrap(), |_| true).await;
    assert_eq!(
        (&line["type"], &line["body"]),
        (&json!("text"), &json!(text))
    );
    line["linkPreview"].clone()
}

#[tokio::test]
async fn the_other_phone_shows_what_the_first_link_leads_to() {
    let (app, session) = app().await;
    let full = page(
        r#"<title>not this</title><meta property="og:title" content="The pier &amp; harbour">
           <meta name="description" content="Boats,&#10;gulls"><meta property="og:image" content="pictures/pier.jpg">"#,
    );
    let bare = page("<title>Bare</title><meta property='og:image' content='/none.jpg'>");
    let server = Server::with(
        Vec::new(),
        vec![
            ("/a/pier", "text/html; charset=utf-8", full),
            ("/a/pictures/pier.jpg", "image/jpeg", jpeg()),
            ("/bare", "application/xhtml+xml", bare),
        ],
    )
    .await;
    let url = server.url("/a/pier");
    let preview = sent(
        &app,
        &session,
        &format!("look: {url}. And {}", server.url("/bare")),
    )
    .await;
    assert_eq!(
        preview,
        json!({ "url": url, "title": "The pier & harbour", "description": "Boats, gulls", "hasThumbnail": true })
    );
    let url = server.url("/bare");
    let preview = sent(&app, &session, &url).await;
    assert_eq!(
        preview,
        json!({ "url": url, "title": "Bare", "description": "", "hasThumbnail": false })
    );
    // Nobody asked for one.
    let plain = json!({ "type": "text", "to": ANNA, "text": url });
    let plain = send(&app, &session, plain).await;
    let line = shown(&app, ANNA, plain["waMessageId"].as_str().unwrap(), |_| true).await;
    assert_eq!(line["linkPreview"], Value::Null);
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_text_goes_without_a_preview_rather_than_not_at_all() {
    let (app, session) = app().await;
    let server = Server::with(
        page("<title>Slow</title>"),
        vec![
            ("/plain", "text/plain", page("<title>No page</title>")),
            (
                "/untitled",
                "text/html",
                page("<meta name='description' content='x'>"),
            ),
        ],
    )
    .await;
    for path in [
        "/slow.html",
        "/huge.html",
        "/away",
        "/cut.html",
        "/none",
        "/plain",
        "/untitled",
    ] {
        assert_eq!(
            sent(&app, &session, &server.url(path)).await,
            Value::Null,
            "{path}"
        );
    }
    // Of ten gigabytes, what the sockets hold and a megabyte.
    assert!(server.sent.load(Ordering::SeqCst) < 50_000_000);
    for text in [
        "no link at all",
        "https://nobody.invalid/x",
        "http://[::1]:1/x",
    ] {
        assert_eq!(sent(&app, &session, text).await, Value::Null, "{text}");
    }
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_link_may_not_lead_inside() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let server = Server::with(
        Vec::new(),
        vec![("/secret", "text/html", page("<title>Inside</title>"))],
    )
    .await;
    for text in [
        server.url("/secret"),
        format!("https://127.0.0.1:{}/secret", server.at.port()),
        "https://169.254.169.254/latest/meta-data/".into(),
        "https://10.0.0.1/".into(),
    ] {
        assert_eq!(sent(&app, &session, &text).await, Value::Null, "{text}");
    }
}
