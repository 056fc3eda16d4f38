//! Connections begin, are lost, come back and end; each state is told from evidence.

use crate::support::*;
use serde_json::json;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use wharf_domain::ports::{
    engine::{Connection, Engine},
    store::StoreExt,
};

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_started_it_is_the_same_device_and_the_queue_comes() {
    let home = Home::linked().await;
    home.engine.stop(&home.scope).await.unwrap();
    home.engine.stop(&home.scope).await.unwrap();
    assert_eq!(home.inbox.last_state(), Some(Connection::Stopped));
    assert!(!home.engine.connected(&home.scope));
    home.says(FRIEND, OWNER, "while away").await;
    home.engine.start(&home.scope).await.unwrap();
    home.engine.start(&home.scope).await.unwrap();
    until("the queue", || home.inbox.text("while away").is_some()).await;
    home.online().await;
    let account = home.get(&format!("/accounts/{OWNER}")).await;
    assert_eq!(account["devices"].as_array().unwrap().len(), 1, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_died_loses_nothing() {
    let mut home = Home::linked().await;
    home.says(FRIEND, OWNER, "before").await;
    until("the first text", || home.inbox.text("before").is_some()).await;
    // No goodbye: what is not durable now is lost.
    home.reborn().await;
    home.says(FRIEND, OWNER, "after").await;
    home.engine.start(&home.scope).await.unwrap();
    until("the second text", || home.inbox.text("after").is_some()).await;
    home.online().await;
    let handed = home
        .send(&text(
            &format!("{FRIEND}@s.whatsapp.net"),
            "3EB0REBORN",
            "here again",
        ))
        .await;
    assert!(
        matches!(handed, wharf_domain::ports::engine::Handed::Acknowledged(_)),
        "{handed:?}"
    );
    assert_eq!(home.get("/ledger").await["reusedKeys"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_socket_is_told_and_replaced() {
    let home = Home::linked().await;
    home.post("/faults", json!({ "kind": "drop_socket", "phone": OWNER }))
        .await;
    until("the loss", || {
        home.inbox.told(&Connection::Connecting { again: true })
    })
    .await;
    home.online().await;
    until("connected again", || {
        home.inbox.last_state() == Some(Connection::Connected)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_socket_stops_being_connected_within_its_bound() {
    let home = Home::linked().await;
    home.post("/faults", json!({ "kind": "half_open", "phone": OWNER }))
        .await;
    let struck = Instant::now();
    // The state told, not a sample of it: the next socket may be up before anybody looks.
    until("no longer connected", || {
        home.inbox.told(&Connection::Connecting { again: true })
    })
    .await;
    let bound = home.timings.silence + home.timings.answer + Duration::from_secs(2);
    assert!(struck.elapsed() < bound, "{:?}", struck.elapsed());
    home.online().await;
    home.says(FRIEND, OWNER, "alive").await;
    until("a text on the new socket", || {
        home.inbox.text("alive").is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_could_not_be_stored_comes_again() {
    let home = Home::linked().await;
    home.inbox.refuse.store(true, Ordering::SeqCst);
    let id = home.says(FRIEND, OWNER, "precious").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(home.inbox.text("precious").is_none());
    home.inbox.refuse.store(false, Ordering::SeqCst);
    until("the message again", || {
        home.inbox.text("precious").is_some()
    })
    .await;
    assert_eq!(home.inbox.text("precious").unwrap().wa_id, id);
    assert_eq!(
        home.inbox
            .messages()
            .iter()
            .filter(|m| m.body == "precious")
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_by_the_phone_it_forgets_its_keys_and_can_be_linked_anew() {
    let home = Home::linked().await;
    let account = home.get(&format!("/accounts/{OWNER}")).await;
    let n = account["devices"][0]["n"].as_u64().unwrap();
    home.delete(&format!("/accounts/{OWNER}/devices/{n}")).await;
    until("logged out", || {
        home.inbox.last_state() == Some(Connection::LoggedOut)
    })
    .await;
    home.link().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_unlinks_at_whatsapp() {
    let home = Home::linked().await;
    home.engine.logout(&home.scope).await.unwrap();
    assert_eq!(home.inbox.last_state(), Some(Connection::LoggedOut));
    let account = home.get(&format!("/accounts/{OWNER}")).await;
    assert_eq!(account["devices"], json!([]), "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_is_final() {
    let home = Home::linked().await;
    home.post(
        "/faults",
        json!({ "kind": "stream_error", "phone": OWNER, "code": "replaced" }),
    )
    .await;
    until("replaced", || {
        home.inbox.last_state() == Some(Connection::Replaced)
    })
    .await;
    assert!(!home.engine.connected(&home.scope));
    // A person starts it again.
    home.engine.start(&home.scope).await.unwrap();
    home.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_client_is_told() {
    let home = Home::linked().await;
    home.engine.stop(&home.scope).await.unwrap();
    home.post(
        "/faults",
        json!({ "kind": "connect_failure", "phone": OWNER, "code": 405, "count": 1 }),
    )
    .await;
    home.engine.start(&home.scope).await.unwrap();
    until("outdated", || {
        home.inbox.last_state() == Some(Connection::Outdated)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_by_a_typed_code() {
    let home = Home::new().await;
    let code = home
        .engine
        .pairing_code(&home.scope, &OWNER.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(code.code.len(), 9, "{}", code.code);
    home.post(
        &format!("/accounts/{OWNER}/enter-code"),
        json!({ "code": code.code }),
    )
    .await;
    home.online().await;
    assert!(
        home.inbox
            .states
            .lock()
            .unwrap()
            .iter()
            .any(|s| matches!(s, Connection::Paired { .. }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_it_writes_nothing_more() {
    let home = Home::linked().await;
    home.engine.forget(&home.scope).await.unwrap();
    assert!(!home.engine.connected(&home.scope));
    assert!(!home.inbox.told(&Connection::Stopped) && !home.inbox.told(&Connection::LoggedOut));
    let account = home.get(&format!("/accounts/{OWNER}")).await;
    assert_eq!(
        account["devices"].as_array().unwrap().len(),
        1,
        "the phone still lists it: {account}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_device_it_is_is_told_until_it_is_known() {
    let home = Home::linked().await;
    let times = || {
        let states = home.inbox.states.lock().unwrap();
        let paired = |state: &&Connection| matches!(state, Connection::Paired { .. });
        states.iter().filter(paired).count()
    };
    assert_eq!(times(), 1);
    // This domain writes nothing: as if the process had died before it could.
    home.engine.stop(&home.scope).await.unwrap();
    home.engine.start(&home.scope).await.unwrap();
    home.online().await;
    assert_eq!(times(), 2);
    let scope = home.scope;
    home.store
        .write(move |tx| {
            let mut row = tx.session(&scope.org, &scope.id)?.unwrap();
            row.linked = true;
            tx.update_session(&row)
        })
        .await
        .unwrap();
    home.engine.stop(&home.scope).await.unwrap();
    home.engine.start(&home.scope).await.unwrap();
    home.online().await;
    assert_eq!(times(), 2);
}
