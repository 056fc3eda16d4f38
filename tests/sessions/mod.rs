//! Linking, states, unlinking.

mod deletion;
mod disk;
mod failures;
mod passkey;
mod proxy;

use crate::harness::{ANNA, BORIS, OWN, TestApp, until};
use serde_json::{Value, json};

#[tokio::test]
async fn a_number_is_attached_by_qr_and_says_who_it_is() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let me = app.api.get(&session.path("/me")).await.well();
    assert_eq!(me["connected"], true);
    assert_eq!(me["phoneNumber"], OWN);
    assert_eq!(me["waJid"], format!("{OWN}@s.whatsapp.net"));
    assert!(me["waLid"].as_str().unwrap().ends_with("@lid"));
    // Paired: no further code.
    assert_eq!(
        app.api.get(&session.path("/qr")).await.refused(400),
        "validation_error"
    );
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_number_is_attached_by_pairing_code() {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let created = app.api.post("/sessions", json!({})).await.well();
    assert_eq!(created["status"], "stopped");
    let path = format!("/sessions/{}", created["id"].as_str().unwrap());
    assert_eq!(
        app.api
            .post(&format!("{path}/pairing-code"), json!({ "phone": "12" }))
            .await
            .refused(400),
        "validation_error"
    );
    let code = app
        .api
        .post(&format!("{path}/pairing-code"), json!({ "phone": OWN }))
        .await
        .well();
    let text = code["code"].as_str().unwrap();
    assert_eq!(text.len(), 9, "{text}");
    app.phones
        .post(
            &format!("/accounts/{OWN}/enter-code"),
            json!({ "code": text }),
        )
        .await
        .well();
    until("working", || async {
        (app.api.get(&path).await.well()["status"] == "working").then_some(())
    })
    .await;
}

#[tokio::test]
async fn stop_start_restart_and_logout() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    for _ in 0..2 {
        assert_eq!(
            app.api.poke(&session.path(":stop")).await.well()["status"],
            "stopped"
        );
    }
    assert_eq!(
        app.api
            .get(&session.path("/contacts/check?phone=628990000001"))
            .await
            .refused(501),
        "not_implemented"
    );
    app.api.poke(&session.path(":start")).await.well();
    app.status(&session, "working").await;
    app.api.poke(&session.path(":restart")).await.well();
    app.status(&session, "working").await;
    for _ in 0..2 {
        assert_eq!(
            app.api.poke(&session.path(":logout")).await.well()["status"],
            "logged_out"
        );
    }
    let devices = app.phones.get(&format!("/accounts/{OWN}")).await.well();
    assert_eq!(
        devices["devices"].as_array().map(Vec::len),
        Some(0),
        "{devices}"
    );
    assert_eq!(
        app.api.get(&session.path("/me")).await.refused(404),
        "not_found"
    );
    assert_eq!(app.api.delete(&session.path("")).await.status.as_u16(), 204);
    assert_eq!(
        app.api.delete(&session.path("")).await.refused(404),
        "not_found"
    );
    app.clean_ledger().await;
}

#[tokio::test]
async fn the_phone_unlinks_and_the_session_says_so() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let account = app.phones.get(&format!("/accounts/{OWN}")).await.well();
    let device = account["devices"][0]["device"]
        .as_u64()
        .or(account["devices"][0]["n"].as_u64())
        .or(account["devices"][0]["id"].as_u64());
    let device = device.unwrap_or_else(|| panic!("{account}"));
    app.phones
        .delete(&format!("/accounts/{OWN}/devices/{device}"))
        .await
        .well();
    app.status(&session, "logged_out").await;
    // Stored data stays readable.
    app.api.get(&session.path("/contacts")).await.well();
}

#[tokio::test]
async fn a_silent_socket_is_not_working_and_a_dropped_one_comes_back() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    app.phones
        .post("/faults", json!({ "kind": "drop_socket", "phone": OWN }))
        .await
        .well();
    app.account(ANNA, "Anna").await;
    app.phones
        .post(
            &format!("/accounts/{ANNA}/send"),
            json!({ "to": OWN, "type": "text", "text": "after the drop" }),
        )
        .await
        .well();
    let chats = until("the message", || async {
        let chats = app.api.get(&session.path("/chats")).await.well();
        (chats["data"]
            .as_array()
            .is_some_and(|chats| !chats.is_empty()))
        .then_some(chats)
    })
    .await;
    assert_eq!(chats["data"][0]["lastMessage"]["body"], "after the drop");
    app.status(&session, "working").await;
    app.clean_ledger().await;
}

#[tokio::test]
async fn replaced_is_final_until_somebody_starts_it_again() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    app.phones
        .post("/faults", json!({ "kind": "replaced", "phone": OWN }))
        .await;
    app.phones
        .post(
            "/faults",
            json!({ "kind": "stream_error", "code": "replaced", "phone": OWN }),
        )
        .await;
    let now = app.status(&session, "failed").await;
    assert_eq!(now["statusReason"], "replaced");
    app.api.poke(&session.path(":start")).await.well();
    app.status(&session, "working").await;
}

#[tokio::test]
async fn two_numbers_in_one_gateway_write_to_each_other() {
    let app = TestApp::new().await;
    let (one, two) = (app.session(OWN).await, app.session(BORIS).await);
    let sent = app
        .api
        .post(
            &one.path("/messages"),
            json!({ "type": "text", "to": BORIS, "text": "hello neighbour" }),
        )
        .await
        .well();
    assert_eq!(
        sent["status"]
            .as_str()
            .map(|s| s != "queued" && s != "failed"),
        Some(true),
        "{sent}"
    );
    let chats = until("arrival", || async {
        let chats = app.api.get(&two.path("/chats")).await.well();
        chats["data"]
            .as_array()
            .filter(|chats| !chats.is_empty())
            .cloned()
    })
    .await;
    assert_eq!(chats[0]["lastMessage"]["body"], "hello neighbour");
    assert_eq!(chats[0]["unreadCount"], 1);
    app.clean_ledger().await;
}

#[tokio::test]
async fn settings_are_checked_and_take_effect() {
    let app = TestApp::new().await;
    let made = app
        .api
        .post("/sessions", json!({ "label": "one", "ratePerMin": 3 }))
        .await;
    assert_eq!(made.status.as_u16(), 201);
    let path = format!("/sessions/{}", made.body["id"].as_str().unwrap());
    let wrong = app
        .api
        .patch(&path, json!({ "ratePerMin": 0, "ratePerHour": 1_000_001 }))
        .await;
    assert_eq!(wrong.refused(400), "validation_error");
    let details = wrong.body["error"]["details"].as_object().unwrap();
    assert!(
        details.contains_key("ratePerMin") && details.contains_key("ratePerHour"),
        "{details:?}"
    );
    assert_eq!(
        app.api
            .patch(&path, json!({ "colour": "red" }))
            .await
            .refused(400),
        "validation_error"
    );
    let now: Value = app
        .api
        .patch(&path, json!({ "label": "two", "autoRead": true }))
        .await
        .well();
    assert_eq!(
        (&now["label"], &now["autoRead"], &now["ratePerMin"]),
        (&json!("two"), &json!(true), &json!(3))
    );
}

#[tokio::test]
async fn a_dead_socket_is_noticed_and_the_send_on_it_goes_once() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    app.phones
        .post("/faults", json!({ "kind": "half_open", "phone": OWN }))
        .await
        .well();
    let sent = app
        .api
        .post(
            &session.path("/messages?async=true"),
            json!({ "type": "text", "to": ANNA, "text": "into the void" }),
        )
        .await
        .well();
    let inbox = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(inbox[0]["waMessageId"], sent["waMessageId"]);
    app.status(&session, "working").await;
    app.clean_ledger().await;
}

#[tokio::test]
async fn a_socket_that_does_not_answer_a_call_is_not_working() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    app.phones
        .post("/faults", json!({ "kind": "half_open", "phone": OWN }))
        .await
        .well();
    let check = session.path(&format!("/contacts/check?phone={ANNA}"));
    assert_eq!(app.api.get(&check).await.refused(504), "timeout");
    let now = app.api.get(&session.path("")).await.well();
    assert_ne!(now["status"], "working", "{now}");
    app.status(&session, "working").await;
    let answer = app.api.get(&check).await.well();
    assert_eq!(answer["isOnWhatsApp"], true);
    app.clean_ledger().await;
}

#[tokio::test]
async fn replaced_right_after_linking_and_started_again_it_lacks_nothing() {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let crowd = json!({ "for": OWN, "people": 30, "groups": 2, "messages": 2, "seed": 3 });
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(OWN).await;
    let replaced = json!({ "kind": "stream_error", "code": "replaced", "phone": OWN });
    app.phones.post("/faults", replaced).await.well();
    app.status(&session, "failed").await;
    app.api.poke(&session.path(":start")).await.well();
    let now = app.status(&session, "working").await;
    assert_eq!(now["statusReason"], "");
    until("everybody", || async {
        let people = app.all(&session.path("/contacts?limit=200")).await;
        (people.len() == 30).then_some(())
    })
    .await;
    let now = app.api.get(&session.path("")).await.well();
    assert_eq!(
        (&now["status"], &now["statusReason"]),
        (&json!("working"), &json!(""))
    );
}

#[tokio::test]
async fn the_log_knows_nobody() {
    const BODY: &str = "a canary in the coal mine";
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let send = json!({ "type": "text", "to": ANNA, "text": BODY });
    app.api
        .post(&session.path("/messages"), send.clone())
        .await
        .well();
    let received = json!({ "to": OWN, "type": "text", "text": BODY });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), received)
        .await
        .well();
    app.api
        .get(&session.path(&format!("/contacts/{ANNA}")))
        .await
        .well();
    app.api
        .get(&session.path("/contacts/not-a-phone-628990000001"))
        .await
        .refused(400);
    let lid = app.api.get(&session.path("/me")).await.well()["waLid"].clone();
    let lid = lid.as_str().unwrap().trim_end_matches("@lid").to_owned();
    let unlinked = json!({ "kind": "stream_error", "code": 401, "phone": OWN });
    app.phones.post("/faults", unlinked).await.well();
    app.status(&session, "logged_out").await;
    app.api
        .post(&session.path("/messages"), send)
        .await
        .refused(501);
    let log = std::fs::read_to_string(app.dir.path().join("gateway.log")).unwrap();
    assert!(log.contains("listening"), "{log}");
    for secret in [OWN, ANNA, BODY, &app.key, &lid] {
        let found = log.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}
