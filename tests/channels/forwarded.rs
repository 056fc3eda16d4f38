//! Passed on between channels and chats: files lie open in the one and encrypted in the other.

use super::{annas, app_with_own, posts, stored};
use crate::{
    harness::{ANNA, OWN},
    media::real::{jpeg, sha256},
    messages::support::{says, shown, stored as stored_in_chat},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

#[tokio::test]
async fn texts_and_files_go_from_chats_to_channels_and_back() {
    let (app, session, own) = app_with_own().await;
    let picture = jpeg();
    let media = json!({ "data": STANDARD.encode(&picture), "caption": "the pier" });
    let text = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "text", "text": "read this" }),
    )
    .await;
    let image = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "image", "media": media }),
    )
    .await;
    let pass_on = async |id: &str, chat: &str, to: &str| {
        let path = session.path(&format!("/messages/{id}/forward"));
        let sent = app
            .api
            .post(&path, json!({ "chat": chat, "to": to }))
            .await
            .well();
        sent["waMessageId"].as_str().unwrap().to_owned()
    };
    for id in [&text, &image] {
        stored_in_chat(&app, &session, ANNA, id, |_| true).await;
    }
    let id = pass_on(&text, ANNA, &own).await;
    let line = shown(&app, ANNA, &id, |_| true).await;
    assert_eq!(
        (&line["chat"], &line["body"], &line["forwarded"]),
        (&json!(own), &json!("read this"), &json!(true))
    );
    let whole = |line: &Value| {
        assert_eq!(line["media"]["problem"], Value::Null, "{line}");
        assert_eq!(line["media"]["sha256"], sha256(&picture));
        assert_eq!(
            (&line["body"], &line["forwarded"]),
            (&json!("the pier"), &json!(true))
        );
    };
    let posted = pass_on(&image, ANNA, &own).await;
    whole(&shown(&app, ANNA, &posted, |line| line["chat"] == own.as_str()).await);

    // Back, of an own post and of another's.
    let back = pass_on(&posted, &own, ANNA).await;
    whole(&shown(&app, ANNA, &back, |_| true).await);
    let theirs = annas(&app, "Anna's").await;
    let path = session.path(&format!("/channels/{theirs}:follow"));
    assert_eq!(app.api.poke(&path).await.status.as_u16(), 204);
    let media = json!({ "data": STANDARD.encode(&picture), "caption": "the pier" });
    let (post, _) = posts(&app, &theirs, json!({ "type": "image", "media": media })).await;
    stored(&app, &session, &theirs, &post, |_| true).await;
    let back = pass_on(&post, &theirs, ANNA).await;
    whole(&shown(&app, ANNA, &back, |_| true).await);
    // From channel to channel the upload there is serves.
    let across = pass_on(&post, &theirs, &own).await;
    whole(&shown(&app, ANNA, &across, |line| line["chat"] == own.as_str()).await);
    app.clean_ledger().await;
}
