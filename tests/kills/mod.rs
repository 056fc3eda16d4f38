//! SIGKILL at any moment: nothing lost, nothing twice.
//!
//! `CHAOS_ROUNDS` sets the number of rounds (default 6); `just chaos` runs the long form.

mod deeds;
mod steps;

use crate::harness::{ANNA, OWN, TestApp, until};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

fn rounds() -> u64 {
    std::env::var("CHAOS_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(6)
}

/// Milliseconds spread over the interval by the round: reproducible, and never the same twice.
fn moment(round: u64, most: u64) -> Duration {
    Duration::from_millis((round.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % most)
}

/// Every accepted send appears under exactly one id, shown once by the other phone.
#[tokio::test]
async fn sends_survive_kills_at_any_moment() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let mut accepted = BTreeMap::new();
    for round in 0..rounds() {
        for n in 0..5 {
            // Three digits: the texts sort as they were sent.
            let text = format!("round {round:03} message {n}");
            let sent = app
                .api
                .post(
                    &session.path("/messages?async=true"),
                    json!({ "type": "text", "to": ANNA, "text": text }),
                )
                .await;
            assert_eq!(sent.status.as_u16(), 202, "{}", sent.body);
            accepted.insert(text, sent.body["waMessageId"].clone());
        }
        tokio::time::sleep(moment(round, 400)).await;
        app.kill_gateway().await;
        app.start_gateway().await;
    }
    let inbox = app.inbox(ANNA, |seen| seen.len() >= accepted.len()).await;
    let shown: BTreeMap<String, Value> = inbox
        .iter()
        .map(|m| {
            (
                m["body"].as_str().unwrap().to_owned(),
                m["waMessageId"].clone(),
            )
        })
        .collect();
    assert_eq!(shown, accepted);
    assert_eq!(inbox.len(), accepted.len(), "something was shown twice");
    let order: Vec<&str> = inbox.iter().map(|m| m["body"].as_str().unwrap()).collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(order, sorted, "order within the chat");
    app.clean_ledger().await;
}

/// Every message written to the account is stored, once.
#[tokio::test]
async fn messages_in_survive_kills_at_any_moment() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let mut written = Vec::new();
    for round in 0..rounds() {
        for n in 0..5 {
            let text = format!("round {round} message {n}");
            app.phones
                .post(
                    &format!("/accounts/{ANNA}/send"),
                    json!({ "to": OWN, "type": "text", "text": text }),
                )
                .await
                .well();
            written.push(text);
        }
        tokio::time::sleep(moment(round, 300)).await;
        app.kill_gateway().await;
        app.start_gateway().await;
    }
    written.sort_unstable();
    let stored = until("all messages", || async {
        let answer = app.api.get(&session.path(&format!("/chats/{ANNA}"))).await;
        if !answer.status.is_success() {
            return None;
        }
        let rows = app
            .all(&session.path(&format!("/chats/{ANNA}/messages?limit=200")))
            .await;
        (rows.len() >= written.len()).then_some(rows)
    })
    .await;
    let mut bodies: Vec<String> = stored
        .iter()
        .map(|m| m["body"].as_str().unwrap().to_owned())
        .collect();
    bodies.sort_unstable();
    assert_eq!(bodies, written);
    app.clean_ledger().await;
}

/// Killed while pairing and syncing: everybody is there in the end, by name, once.
#[tokio::test]
async fn the_first_sync_survives_kills_at_any_moment() {
    const PEOPLE: usize = 80;
    for round in 0..rounds().div_ceil(2) {
        let mut app = TestApp::new().await;
        app.account(OWN, "Own").await;
        app.phones
            .post(
                "/populate",
                json!({ "for": OWN, "people": PEOPLE, "groups": 4, "messages": 3, "seed": round }),
            )
            .await
            .well();
        let made = app
            .api
            .post("/sessions", json!({ "start": true }))
            .await
            .well();
        let session = crate::harness::Session {
            id: made["id"].as_str().unwrap().to_owned(),
            phone: OWN.to_owned(),
        };
        app.scan(&session).await;
        // Every other kill falls into the moment of linking itself.
        let most = if round % 2 == 0 { 25 } else { 1_500 };
        tokio::time::sleep(moment(round, most)).await;
        app.kill_gateway().await;
        app.start_gateway().await;
        // A kill before the link was stored leaves an unpaired session: the person scans again.
        let paired = until("paired or asking", || async {
            let now = app.api.get(&session.path("")).await.well();
            match now["status"].as_str() {
                Some("working") => Some(true),
                Some("scan_qr_code" | "logged_out") => Some(false),
                _ => None,
            }
        })
        .await;
        if !paired {
            app.scan(&session).await;
            app.status(&session, "working").await;
        }
        // Who was seen under a LID in a group and under a number in history is two until the mapping has come.
        let all = until(&format!("everybody, once, in round {round}"), || async {
            let rows = app.all(&session.path("/contacts?limit=200")).await;
            (rows.len() == PEOPLE).then_some(rows)
        })
        .await;
        // Names come from the address book by app state, from history and from groups: compare with a calm run's.
        let names = all.iter().filter(|row| row["name"] != "").count();
        let calm = calm_names(round).await;
        until(
            &format!("names as in a calm run ({calm}, had {names})"),
            || async {
                let rows = app.all(&session.path("/contacts?limit=200")).await;
                (rows.iter().filter(|row| row["name"] != "").count() == calm).then_some(())
            },
        )
        .await;
        app.clean_ledger().await;
    }
}

/// How many of the same crowd have a name when nothing is killed.
async fn calm_names(seed: u64) -> usize {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    app.phones
        .post(
            "/populate",
            json!({ "for": OWN, "people": 80, "groups": 4, "messages": 3, "seed": seed }),
        )
        .await
        .well();
    let session = app.pair(OWN).await;
    // Names come in several parts; when none came for two seconds, all are there.
    let (mut last, mut still) = (0, 0);
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let rows = app.all(&session.path("/contacts?limit=200")).await;
        let now = rows.iter().filter(|row| row["name"] != "").count();
        if now != last {
            (last, still) = (now, 0);
        } else {
            still += 1;
        }
        if still >= 20 {
            return last;
        }
    }
}
