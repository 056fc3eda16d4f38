//! What WhatsApp's server says decides what became of a send.

use crate::support::*;
use serde_json::json;
use wharf_domain::{
    inbound::Inbound,
    outbox::{Content, Quoted},
    ports::engine::{Engine, Handed},
};

fn reason(handed: &Handed) -> &str {
    match handed {
        Handed::Refused(refusal) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_unknown_to_whatsapp_is_refused_before_anything_is_written() {
    let home = Home::linked().await;
    let mut outgoing = text("15550008888@s.whatsapp.net", "3EB0NOBODY", "anyone?");
    outgoing.first_contact = true;
    assert_eq!(
        reason(&home.send(&outgoing).await),
        "recipient_not_on_whatsapp"
    );
    outgoing.first_contact = false;
    assert_eq!(
        reason(&home.send(&outgoing).await),
        "recipient_not_on_whatsapp",
        "no device to encrypt for"
    );
    let ledger = home.get("/ledger").await;
    let sent = ledger["messages"]
        .as_array()
        .unwrap()
        .iter()
        .any(|m| m["waMessageId"] == "3EB0NOBODY");
    assert!(!sent, "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timelock_is_a_refusal_with_its_reason_and_its_end() {
    let home = Home::linked().await;
    home.post("/faults", json!({ "kind": "timelock", "ms": 3_600_000 }))
        .await;
    let outgoing = text(&format!("{FRIEND}@s.whatsapp.net"), "3EB0LOCKED", "psst");
    let Handed::Refused(refusal) = home.send(&outgoing).await else {
        panic!("not refused");
    };
    assert_eq!(refusal.reason, "reachout_timelocked");
    let now = i64::try_from(
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_millis(),
    );
    let left = refusal.until.unwrap() - now.unwrap();
    assert!((3_500_000..=3_601_000).contains(&left), "{left}");
    assert!(home.inbox_of(FRIEND).await.is_empty());
}

/// The same code, but the account is not locked: it is this person who takes nothing from strangers.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_takes_nothing_from_strangers_is_no_lock() {
    let home = Home::linked().await;
    home.post("/faults", json!({ "kind": "timelock", "count": 1 }))
        .await;
    let outgoing = text(&format!("{FRIEND}@s.whatsapp.net"), "3EB0SHUT", "psst");
    assert_eq!(reason(&home.send(&outgoing).await), "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_lost_before_the_word_is_unknown_and_the_resend_is_shown_once() {
    let home = Home::linked().await;
    home.post(
        "/faults",
        json!({ "kind": "drop_socket", "phone": OWNER, "count": 1 }),
    )
    .await;
    let outgoing = text(
        &format!("{FRIEND}@s.whatsapp.net"),
        "3EB0TWICE",
        "once only",
    );
    let first = home.send(&outgoing).await;
    assert_eq!(first, Handed::Unknown);
    // As the outbox does: again, until WhatsApp says something.
    let start = std::time::Instant::now();
    loop {
        home.online().await;
        match home.send(&outgoing).await {
            Handed::Unknown => assert!(start.elapsed() < PATIENCE),
            Handed::Acknowledged(_) => break,
            refused => panic!("{refused:?}"),
        }
    }
    let shown = home.inbox_of(FRIEND).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(home.get("/ledger").await["reusedKeys"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_follow() {
    let home = Home::linked().await;
    let outgoing = text(
        &format!("{FRIEND}@s.whatsapp.net"),
        "3EB0RECEIPT",
        "got it?",
    );
    assert!(matches!(
        home.send(&outgoing).await,
        Handed::Acknowledged(_)
    ));
    until("a delivery receipt", || {
        home.inbox.has(|fact| matches!(fact, Inbound::Receipt { wa_ids, level: 2, by, .. }
            if wa_ids.contains(&"3EB0RECEIPT".to_owned()) && (by.phone.is_some() || by.lid.is_some())))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_and_a_lid_address_arrive() {
    let home = Home::linked().await;
    home.says(FRIEND, OWNER, "question").await;
    until("the question", || home.inbox.text("question").is_some()).await;
    let asked = home.inbox.text("question").unwrap();
    let lid = asked.sender.lid.unwrap().jid();
    let mut outgoing = text(&lid, "3EB0ANSWER", "");
    outgoing.content = Content {
        quoted: Some(Quoted {
            wa_id: asked.wa_id,
            sender_jid: lid.clone(),
            body: "question".into(),
            sealed: String::new(),
        }),
        ..Content::text("answer")
    };
    let handed = home.send(&outgoing).await;
    assert!(matches!(handed, Handed::Acknowledged(_)), "{handed:?}");
    let shown = home.inbox_of(FRIEND).await;
    assert!(
        shown
            .iter()
            .any(|m| m["waMessageId"] == "3EB0ANSWER" && m["body"] == "answer"),
        "{shown:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_taken_and_no_key_is_used_twice() {
    let home = Home::linked().await;
    let sends = (0..30).map(|n| {
        let outgoing = text(
            &format!("{FRIEND}@s.whatsapp.net"),
            &format!("3EB0MANY{n:03}"),
            &format!("no {n}"),
        );
        let home = &home;
        async move { home.send(&outgoing).await }
    });
    for handed in futures_util::future::join_all(sends).await {
        assert!(matches!(handed, Handed::Acknowledged(_)), "{handed:?}");
    }
    assert_eq!(home.inbox_of(FRIEND).await.len(), 30);
    assert_eq!(home.get("/ledger").await["reusedKeys"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_pictures_and_abouts() {
    let home = Home::linked().await;
    home.post(
        &format!("/accounts/{FRIEND}/profile"),
        json!({ "about": "at sea" }),
    )
    .await;
    let phones = [FRIEND.parse().unwrap(), "15550008888".parse().unwrap()];
    let checks = home
        .engine
        .check_numbers(&home.scope, &phones)
        .await
        .unwrap();
    assert_eq!(
        checks.iter().map(|c| c.on_whatsapp).collect::<Vec<_>>(),
        [true, false]
    );
    assert!(checks[0].lid.is_some());
    let friend = FRIEND.parse().unwrap();
    assert_eq!(home.engine.picture(&home.scope, &friend).await, Ok(None));
    assert_eq!(
        home.engine.about(&home.scope, &friend).await,
        Ok(Some("at sea".into()))
    );
    home.engine.stop(&home.scope).await.unwrap();
    assert_eq!(
        home.engine.about(&home.scope, &friend).await,
        Err(wharf_domain::Error::NotConnected)
    );
}
