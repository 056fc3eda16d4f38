//! `POST …/media`: files sent ahead.

use super::real::{jpeg, pdf, sha256};
use crate::harness::{ANNA, Answer, BORIS, Door, OWN, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn upload(app: &TestApp, session: &Session, mimetype: &str, bytes: Vec<u8>) -> Answer {
    let mut request = app
        .api
        .request(Method::POST, &session.path("/media"))
        .body(bytes);
    if !mimetype.is_empty() {
        request = request.header("content-type", mimetype);
    }
    Door::send(request).await
}

#[tokio::test]
async fn an_upload_is_sent_as_often_as_wanted() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let page = pdf();
    let raw = upload(&app, &session, "application/pdf", page.clone())
        .await
        .well();
    assert_eq!(
        (&raw["mimetype"], &raw["size"]),
        (&json!("application/pdf"), &json!(page.len()))
    );
    assert_eq!(raw["sha256"], sha256(&page));
    // The same without a type: the bytes show it.
    assert_eq!(
        upload(&app, &session, "", page.clone()).await.well()["mimetype"],
        "application/pdf"
    );

    let form = "--edge\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--edge\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"C:\\x\\page.pdf\"\r\n\
        content-type: application/pdf\r\n\r\n";
    let body = [form.as_bytes(), &page, b"\r\n--edge--\r\n"].concat();
    let form = upload(&app, &session, "multipart/form-data; boundary=edge", body)
        .await
        .well();
    assert_eq!(form["sha256"], sha256(&page));

    // It outlives the process.
    app.kill_gateway().await;
    app.start_gateway().await;
    app.status(&session, "working").await;
    for (number, id) in [&raw["mediaId"], &form["mediaId"], &raw["mediaId"]]
        .into_iter()
        .enumerate()
    {
        let body = json!({ "type": "document", "to": ANNA, "media": { "mediaId": id } });
        app.api.post(&session.path("/messages"), body).await.well();
        let inbox = app.inbox(ANNA, |seen| seen.len() == number + 1).await;
        assert!(
            inbox
                .iter()
                .all(|line| line["media"]["sha256"] == sha256(&page))
        );
    }
    let inbox = app.inbox(ANNA, |seen| seen.len() == 3).await;
    assert_eq!(
        inbox
            .iter()
            .filter(|line| line["media"]["filename"] == "page.pdf")
            .count(),
        1
    );
}

#[tokio::test]
async fn an_upload_belongs_to_its_session() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    app.account(BORIS, "Boris").await;
    let other = app.pair(BORIS).await;
    let uploaded = upload(&app, &session, "", jpeg()).await.well();
    let body = json!({ "type": "image", "to": ANNA, "media": { "mediaId": uploaded["mediaId"] } });
    let answer = app.api.post(&other.path("/messages"), body).await;
    assert_eq!(answer.refused(400), "validation_error");
    assert!(answer.body["error"]["details"]["media.mediaId"].is_string());
}

#[tokio::test]
async fn bad_uploads_leave_nothing() {
    let app = TestApp::with_env(&[("WHARF_MEDIA__LARGEST", "1000000")]).await;
    let session = app.session(OWN).await;
    assert_eq!(
        upload(&app, &session, "", Vec::new()).await.refused(400),
        "validation_error"
    );
    assert_eq!(
        upload(&app, &session, "x", vec![1]).await.refused(400),
        "validation_error"
    );
    let form = "multipart/form-data; boundary=edge";
    for body in [
        "",
        "--edge--\r\n",
        "--edge\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nx\r\n--edge--\r\n",
    ] {
        assert_eq!(
            upload(&app, &session, form, body.into()).await.refused(400),
            "validation_error"
        );
    }
    let cut = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nhalf";
    assert_eq!(
        upload(&app, &session, form, cut.into()).await.refused(400),
        "validation_error"
    );
    // Announced too large, and found too large.
    let large = vec![1; 1_000_001];
    assert_eq!(
        upload(&app, &session, "", large.clone()).await.refused(413),
        "payload_too_large"
    );
    let chunks = futures_util::stream::iter(
        large
            .chunks(65_536)
            .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
            .collect::<Vec<_>>(),
    );
    let request = app
        .api
        .request(Method::POST, &session.path("/media"))
        .body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(Door::send(request).await.refused(413), "payload_too_large");
    let scratch = std::fs::read_dir(app.data().join("media/scratch"))
        .unwrap()
        .count();
    let kept: usize = std::fs::read_dir(app.data().join("media/files"))
        .unwrap()
        .map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!((scratch, kept), (0, 0));
    assert_eq!(app.all(&session.path("/outbox")).await, Vec::<Value>::new());
}
