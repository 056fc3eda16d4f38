//! Chats: as stored, and as the account's phone has them.

mod settings;

use crate::harness::{ANNA, BORIS, OWN, TestApp, until};
use serde_json::json;

#[tokio::test]
async fn newest_first_and_addressed_by_both_ids() {
    let app = TestApp::new().await;
    for (phone, name) in [(ANNA, "Anna"), (BORIS, "Boris")] {
        app.account(phone, name).await;
    }
    let session = app.session(OWN).await;
    for phone in [ANNA, BORIS] {
        app.phones
            .post(
                &format!("/accounts/{phone}/send"),
                json!({ "to": OWN, "type": "text", "text": "hi" }),
            )
            .await
            .well();
        until("the chat", || async {
            app.api
                .get(&session.path(&format!("/chats/{phone}")))
                .await
                .status
                .is_success()
                .then_some(())
        })
        .await;
    }
    let chats = app.all(&session.path("/chats?limit=1")).await;
    let names: Vec<_> = chats
        .iter()
        .map(|chat| chat["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Boris", "Anna"]);
    let lid = app
        .api
        .get(&session.path(&format!("/contacts/{ANNA}")))
        .await
        .well()["identity"]["lid"]
        .as_str()
        .unwrap()
        .to_owned();
    let by_lid = app
        .api
        .get(&session.path(&format!("/chats/{lid}")))
        .await
        .well();
    assert_eq!(by_lid["jid"], format!("{ANNA}@s.whatsapp.net"));
    assert_eq!(
        app.api
            .get(&session.path("/chats/628990009999"))
            .await
            .refused(404),
        "not_found"
    );
    assert_eq!(
        app.api
            .get(&session.path("/chats/nonsense"))
            .await
            .refused(400),
        "validation_error"
    );
    assert_eq!(app.all(&session.path("/chats?q=ann")).await.len(), 1);
    assert_eq!(app.all(&session.path("/chats?type=group")).await.len(), 0);
}
