//! SIGKILL at every step between accepting a send and WhatsApp's acknowledgement.
//!
//! Each round sends under idempotency keys, aims a kill at one step, and asks again with the same keys after the
//! restart. In the end each key stands for one id, which the network saw acknowledged and the other phone showed
//! once. `CHAOS_ROUNDS` sets the number of rounds; `just soak` runs a hundred.

use super::{moment, rounds};
use crate::harness::{ANNA, BORIS, Door, OWN, Session, TestApp, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where a kill is aimed.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// While requests are being accepted.
    Accepting,
    /// After the answer, while the outbox is worked on.
    HandingOver,
    /// The network has the stanza and takes its time to answer.
    BeforeTheWord,
    /// The network took it, and the socket went before its word came.
    WordLost,
    /// Accepted while disconnected; killed while it connects.
    Connecting,
}

pub const STEPS: [Step; 5] = [
    Step::Accepting,
    Step::HandingOver,
    Step::BeforeTheWord,
    Step::WordLost,
    Step::Connecting,
];

impl Step {
    /// Sets the scene, so that a kill soon after finds the step.
    pub async fn aim(self, app: &TestApp, session: &Session) {
        match self {
            Self::BeforeTheWord => {
                let slow = json!({ "kind": "delay", "phone": OWN, "ms": 150, "count": 20 });
                app.phones.post("/faults", slow).await.well();
            }
            Self::WordLost => {
                let cut = json!({ "kind": "drop_socket", "phone": OWN, "code": "ack", "count": 2 });
                app.phones.post("/faults", cut).await.well();
            }
            Self::Connecting => {
                app.api.poke(&session.path(":stop")).await.well();
            }
            Self::Accepting | Self::HandingOver => {}
        }
    }
}

/// The kill itself, and the next life on a healthy network.
pub async fn struck(app: &mut TestApp) {
    app.kill_gateway().await;
    app.phones.delete("/faults").await;
    app.start_gateway().await;
}

/// What is sent in a round: several kinds, two chats, with and without waiting for the outcome.
fn sends(round: u64) -> Vec<(String, &'static str, Value)> {
    let mark = |n: u64| format!("round {round:03} send {n}");
    let bodies = [
        (
            "?async=true",
            json!({ "type": "text", "to": ANNA, "text": mark(0) }),
        ),
        (
            "?async=true",
            json!({ "type": "location", "to": ANNA, "latitude": 1.5, "longitude": 2.5, "name": mark(1) }),
        ),
        ("", json!({ "type": "text", "to": BORIS, "text": mark(2) })),
        (
            "?async=true",
            json!({ "type": "poll", "to": BORIS, "name": mark(3), "options": ["yes", "no"] }),
        ),
        (
            "?async=true",
            json!({ "type": "text", "to": ANNA, "text": mark(4) }),
        ),
    ];
    let file = json!({
        "data": "data:text/plain;base64,YSBmaWxl", "caption": mark(5), "filename": "a.txt",
    });
    let file = (
        "?async=true",
        json!({ "type": "document", "to": BORIS, "media": file }),
    );
    let keyed = (0..).zip(bodies.into_iter().chain([file]));
    keyed
        .map(|(n, (query, body))| (mark(n), query, body))
        .collect()
}

async fn post(
    app: &TestApp,
    session: &Session,
    (key, query, body): &(String, &'static str, Value),
) -> Option<crate::harness::Answer> {
    let request = app
        .api
        .request(Method::POST, &session.path(&format!("/messages{query}")))
        .header("Idempotency-Key", key)
        .json(body);
    Door::try_send(request).await
}

/// Asks under the key until it is accepted, whatever became of the first request; its WhatsApp id.
async fn settled(app: &TestApp, session: &Session, send: &(String, &'static str, Value)) -> Value {
    until("an answer under the key", || async {
        let answer = post(app, session, send).await?;
        match answer.status.as_u16() {
            200 | 202 => Some(answer.body["waMessageId"].clone()),
            // Not connected yet: a synchronous send is not accepted now.
            501 => None,
            other => panic!("{other} {}", answer.body),
        }
    })
    .await
}

async fn strike(
    app: &mut TestApp,
    session: &Session,
    step: Step,
    round: u64,
) -> BTreeMap<String, Value> {
    let mut answered = BTreeMap::new();
    step.aim(app, session).await;
    let all = sends(round);
    if matches!(step, Step::Accepting) {
        let posts = all.iter().map(|send| post(app, session, send));
        let posts = futures_util::future::join_all(posts);
        // Whoever was answered by then was answered; the others are cut off with the process.
        let _ = tokio::time::timeout(moment(round, 40), posts).await;
    } else {
        for send in all.iter().filter(|send| !send.1.is_empty()) {
            let answer = post(app, session, send).await.expect("it lives");
            assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
            answered.insert(send.0.clone(), answer.body["waMessageId"].clone());
        }
        if matches!(step, Step::Connecting) {
            app.api.poke(&session.path(":start")).await.well();
        }
        tokio::time::sleep(moment(round, 300)).await;
    }
    struck(app).await;
    answered
}

#[tokio::test]
async fn a_send_survives_a_kill_at_every_step() {
    let mut app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    app.account(BORIS, "Boris").await;
    let session = app.session(OWN).await;
    let mut ids = BTreeMap::new();
    for round in 0..rounds() {
        let step = STEPS[usize::try_from(round).unwrap() % STEPS.len()];
        let answered = strike(&mut app, &session, step, round).await;
        for send in sends(round) {
            let id = settled(&app, &session, &send).await;
            if let Some(first) = answered.get(&send.0) {
                assert_eq!(first, &id, "{step:?}: another id under the same key");
            }
            assert_eq!(ids.insert(send.0.clone(), id), None);
        }
    }
    let shown = |person: &'static str| {
        let (app, expected) = (&app, ids.len());
        async move {
            let enough = expected / 2;
            app.inbox(person, |seen| seen.len() >= enough).await
        }
    };
    let mut seen = BTreeMap::new();
    for entry in shown(ANNA).await.into_iter().chain(shown(BORIS).await) {
        let (body, id) = (
            entry["body"].as_str().unwrap().to_owned(),
            entry["waMessageId"].clone(),
        );
        assert_eq!(seen.insert(body, id), None, "shown twice: {entry}");
    }
    assert_eq!(seen, ids);
    // That it reached the phone is the network's word below. A delivery receipt that a kill took is made good by the
    // next higher level, which nobody here gives.
    until("every send acknowledged", || async {
        let queued = app.all(&session.path("/outbox?status=queued")).await;
        queued.is_empty().then_some(())
    })
    .await;
    assert_eq!(
        app.all(&session.path("/outbox?status=failed")).await,
        Vec::<Value>::new()
    );
    let ledger = app.clean_ledger().await;
    let of_ours: Vec<&Value> = ledger["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["from"].as_str().is_some_and(|from| from.starts_with(OWN)))
        .filter(|m| ids.values().any(|id| *id == m["waMessageId"]))
        .collect();
    assert_eq!(of_ours.len(), ids.len(), "an id of nobody, or twice");
    for message in of_ours {
        assert_eq!(message["acked"], true, "{message}");
        let deliveries = message["deliveries"].as_array().unwrap();
        assert!(!deliveries.is_empty(), "{message}");
        for delivery in deliveries {
            let count = delivery["count"].as_i64().unwrap();
            assert!(count == 1 || message["resent"] == true, "{message}");
        }
    }
}
