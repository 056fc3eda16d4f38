//! The first line through the engine: link, connect, a text in through the hook, a text out to its acknowledgement.

use crate::support::*;
use wharf_domain::{
    inbound::InChat,
    ports::engine::{Connection, Engine, Handed},
};

#[tokio::test(flavor = "multi_thread")]
async fn links_by_qr_and_says_so_in_order() {
    let home = Home::linked().await;
    let states = home.inbox.states.lock().unwrap().clone();
    let at = |wanted: fn(&Connection) -> bool| states.iter().position(wanted).unwrap();
    let order = [
        at(|s| matches!(s, Connection::Connecting { again: false })),
        at(|s| matches!(s, Connection::AwaitingScan)),
        at(
            |s| matches!(s, Connection::Paired { phone, lid: Some(_), .. } if phone.as_str() == OWNER),
        ),
        at(|s| matches!(s, Connection::Connected)),
    ];
    assert!(order.is_sorted(), "{states:?}");
    assert!(home.engine.qr(&home.scope).is_none(), "no code once linked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_comes_in_with_both_ids_and_a_name() {
    let home = Home::linked().await;
    let id = home.says(FRIEND, OWNER, "hello").await;
    until("the text", || home.inbox.text("hello").is_some()).await;
    let message = home.inbox.text("hello").unwrap();
    assert_eq!(
        (message.wa_id, message.kind.as_str(), message.from_me),
        (id, "text", false)
    );
    assert_eq!(message.sender.phone.as_ref().unwrap().as_str(), FRIEND);
    assert!(message.sender.lid.is_some());
    assert_eq!(message.chat, InChat::Person(message.sender));
    assert_eq!(message.push_name, "Friend");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_out_under_its_id_and_is_shown_once() {
    let home = Home::linked().await;
    let outgoing = text(
        &format!("{FRIEND}@s.whatsapp.net"),
        "3EB0FIRST0001",
        "hi there",
    );
    let handed = home.send(&outgoing).await;
    assert!(matches!(handed, Handed::Acknowledged(_)), "{handed:?}");
    let shown = home.inbox_of(FRIEND).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["waMessageId"], "3EB0FIRST0001");
    assert_eq!(shown[0]["body"], "hi there");
    assert_eq!(home.complaints().await, serde_json::json!([]));
}
