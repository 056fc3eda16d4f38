//! What passes between people and is not kept: typing, presence, calls; and settings of chats.

use crate::support::*;
use serde_json::json;
use wharf_domain::{
    Error,
    calls::CallState,
    chats::settings::Setting,
    inbound::{InChat, Inbound},
    ports::engine::{Engine, Typing},
};
use wharf_types::Address;

fn friend() -> Address {
    Address::Phone(FRIEND.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_and_presence_of_people_are_told_as_they_pass() {
    let home = Home::linked().await;
    home.says(FRIEND, OWNER, "hi").await;
    until("the text", || home.inbox.text("hi").is_some()).await;
    // Who is not there themselves is told nothing.
    be_there(&home).await;
    for state in ["composing", "recording", "paused"] {
        let body = json!({ "to": OWNER, "type": "typing", "state": state });
        home.post(&format!("/accounts/{FRIEND}/send"), body).await;
        until(state, || {
            let passed = home.inbox.passed.lock().unwrap();
            passed
                .iter()
                .any(|p| p.state == state && matches!(p.chat, Some(InChat::Person(_))))
        })
        .await;
    }
    home.engine
        .subscribe_presence(&home.scope, &friend())
        .await
        .unwrap();
    until("presence", || {
        let passed = home.inbox.passed.lock().unwrap();
        passed
            .iter()
            .any(|p| p.state == "unavailable" && p.chat.is_none())
    })
    .await;
    let there = json!({ "state": "available" });
    home.post(&format!("/accounts/{FRIEND}/presence"), there)
        .await;
    until("they come", || {
        let passed = home.inbox.passed.lock().unwrap();
        passed.iter().any(|p| p.state == "available")
    })
    .await;
    assert_eq!(home.complaints().await, json!([]));
}

/// Shows the account as there, once it has a name: that comes with the first app state.
async fn be_there(home: &Home) {
    let begun = std::time::Instant::now();
    while let Err(error) = home.engine.presence(&home.scope, true).await {
        assert!(matches!(error, Error::Upstream(_)) && begun.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_presence_is_as_the_owner_last_said() {
    let home = Home::linked().await;
    let last_said = async || {
        let trace = home.get(&format!("/trace?phone={OWNER}&limit=1000")).await;
        let lines = trace["lines"].as_array().cloned().unwrap_or_default();
        lines
            .iter()
            .filter(|line| line["direction"] == "in")
            .filter_map(|line| line["text"].as_str())
            .filter(|text| text.starts_with("<presence type=\""))
            .filter_map(|text| text.split('"').nth(1).map(str::to_owned))
            .rfind(|kind| kind.ends_with("available"))
    };
    be_there(&home).await;
    for (available, word) in [
        (true, "available"),
        (false, "unavailable"),
        (true, "available"),
    ] {
        home.engine.presence(&home.scope, available).await.unwrap();
        let begun = std::time::Instant::now();
        while last_said().await.as_deref() != Some(word) {
            assert!(begun.elapsed() < PATIENCE, "{word}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    // What is done by itself after a login respects it.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(last_said().await.as_deref(), Some("available"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_ring_and_are_missed() {
    let home = Home::linked().await;
    let call = async |kind: &str| {
        let body = json!({ "to": OWNER, "type": "call", "kind": kind });
        let made = home.post(&format!("/accounts/{FRIEND}/send"), body).await;
        made["callId"].as_str().unwrap().to_owned()
    };
    let told = |id: &str, state: CallState, video: Option<bool>| {
        let id = id.to_owned();
        move |fact: &Inbound| {
            matches!(fact, Inbound::Call(call) if call.id == id && call.state == state
                && call.video == video && (call.from.phone.is_some() || call.from.lid.is_some()))
        }
    };
    let video = call("video").await;
    until("a video call", || {
        home.inbox.has(told(&video, CallState::Offer, Some(true)))
    })
    .await;
    let missed = call("missed").await;
    until("a missed call", || {
        home.inbox.has(told(&missed, CallState::Offer, Some(false)))
            && home
                .inbox
                .has(told(&missed, CallState::Missed, Some(false)))
    })
    .await;
    assert_eq!(
        home.engine.reject_call(&home.scope, &missed).await,
        Err(Error::NotFound("call"))
    );
    home.engine.stop(&home.scope).await.unwrap();
    let away = call("missed").await;
    home.engine.start(&home.scope).await.unwrap();
    home.online().await;
    until("a call missed while away", || {
        home.inbox.has(told(&away, CallState::Missed, None))
    })
    .await;
    assert_eq!(home.complaints().await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_is_taken_by_the_server_or_an_error() {
    let home = Home::linked().await;
    home.says(FRIEND, OWNER, "hi").await;
    until("the text", || home.inbox.text("hi").is_some()).await;
    let chat = format!("{FRIEND}@s.whatsapp.net");
    let set = async |setting, at| home.engine.set_chat(&home.scope, &chat, setting, at).await;
    let begun = std::time::Instant::now();
    while set(Setting::Pinned(true), 5).await.is_err() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    set(Setting::MutedUntil(Some(253_402_300_799_000)), 7)
        .await
        .unwrap();
    let state = home.get(&format!("/accounts/{OWNER}/appstate")).await;
    let actions: Vec<_> = state["collections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|c| c["actions"].as_array().unwrap())
        .filter(|a| a["index"][1] == chat)
        .map(|a| json!([a["index"][0], a["timestamp"], a["pinned"], a["mutedUntil"]]))
        .collect();
    assert!(
        actions.contains(&json!(["pin_v1", 5, true, null])),
        "{actions:?}"
    );
    assert!(
        actions.contains(&json!(["mute", 7, null, -1])),
        "{actions:?}"
    );
    home.engine.catch_up(&home.scope).await.unwrap();
    let typing = home
        .engine
        .typing(&home.scope, &chat, Typing::Composing)
        .await;
    assert_eq!(typing, Ok(()));
    home.engine.stop(&home.scope).await.unwrap();
    assert_eq!(
        set(Setting::Pinned(false), 9).await,
        Err(Error::NotConnected)
    );
    assert_eq!(
        home.engine.catch_up(&home.scope).await,
        Err(Error::NotConnected)
    );
    assert_eq!(home.complaints().await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_is_rejected_once() {
    let home = Home::linked().await;
    let body = json!({ "to": OWNER, "type": "call", "kind": "audio" });
    let made = home.post(&format!("/accounts/{FRIEND}/send"), body).await;
    let id = made["callId"].as_str().unwrap();
    let is = |state: CallState, reason: &'static str| {
        let id = id.to_owned();
        move |fact: &Inbound| matches!(fact, Inbound::Call(call) if call.id == id && call.state == state && call.reason == reason)
    };
    until("it rings", || home.inbox.has(is(CallState::Offer, ""))).await;
    home.engine.reject_call(&home.scope, id).await.unwrap();
    until("it is over", || {
        home.inbox.has(is(CallState::Ended, "rejected"))
    })
    .await;
    let begun = std::time::Instant::now();
    let rejected = async || {
        let seen = home.get(&format!("/accounts/{FRIEND}/seen")).await;
        let events = seen["events"].as_array().unwrap().clone();
        events
            .iter()
            .any(|e| e["callId"] == id && e["state"] == "rejected")
    };
    while !rejected().await {
        assert!(begun.elapsed() < PATIENCE, "the caller sees it");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let again = home.engine.reject_call(&home.scope, id).await;
    assert_eq!(again, Err(Error::NotFound("call")));
    assert_eq!(home.inbox.count(|fact| matches!(fact, Inbound::Call(_))), 2);
    assert_eq!(home.complaints().await, json!([]));
}
