//! One log, four ways out: a webhook, a socket, pull with long poll, and the log's own rows (the place of the dashboard,
//! which reads no other). The same ids, the same bytes, the same order, `seq` without a gap; through a socket that goes
//! and comes, and a gateway that is killed.

use super::{harbour, traffic::Traffic};
use crate::{
    harness::{ANNA, BORIS, Door, Ears, OWN, TestApp, record},
    webhooks::sink::Sink,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinHandle;

/// What one way told: the events' bytes, in its order.
type Told = Vec<String>;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn is(event: &Value, last: &str) -> bool {
    event["event"] == "message" && event["payload"]["body"] == last
}

/// Hears up to a message; what is told live only is left out.
async fn hear(ears: &mut Ears, told: &mut Told, last: &str) {
    loop {
        let (event, text) = ears.next_as_told().await.expect("an event");
        if event["id"] != "" {
            told.push(text);
        }
        if is(&event, last) {
            return;
        }
    }
}

fn last_id(told: &Told) -> String {
    let last = told.last().expect("something was told");
    parsed(last)["id"].as_str().unwrap().to_owned()
}

/// Pulls one event after another, waiting for each, until a message or the gateway's end.
fn pulling(app: &TestApp, mut after: String, last: &'static str) -> JoinHandle<Told> {
    let door = Door::new(&format!("{}/api/v1", app.root_url()), Some(&app.key));
    tokio::spawn(async move {
        let mut told = Told::new();
        loop {
            let path = format!("/events?limit=1&wait=20&after={after}");
            let Ok(answer) = door.request(reqwest::Method::GET, &path).send().await else {
                return told;
            };
            let Ok(text) = answer.text().await else {
                return told;
            };
            let page = parsed(&text);
            let Some(event) = page["data"].get(0) else {
                continue;
            };
            let next = page["nextCursor"].as_str().unwrap();
            let body = text.strip_prefix(r#"{"data":["#).unwrap();
            told.push(
                body.strip_suffix(&format!(r#"],"nextCursor":"{next}"}}"#))
                    .unwrap()
                    .to_owned(),
            );
            after = event["id"].as_str().unwrap().to_owned();
            if is(event, last) {
                return told;
            }
        }
    })
}

/// The first time each event came, by session: a webhook promises no more.
fn by_session(told: &[String]) -> BTreeMap<String, Vec<&str>> {
    let mut seen = BTreeSet::new();
    let mut sessions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for text in told {
        let event = parsed(text);
        if seen.insert(event["id"].to_string()) {
            let session = event["session"].as_str().unwrap().to_owned();
            sessions.entry(session).or_default().push(text);
        }
    }
    sessions
}

#[tokio::test]
async fn the_same_on_all_of_them() {
    let mut app = harbour().await;
    let sink = Sink::new().await;
    app.api
        .post(
            "/webhooks",
            json!({ "url": sink.url, "events": ["*"], "ordered": true }),
        )
        .await
        .well();
    let mut ears = app.listen(json!({})).await;
    let (mut heard, mut pulled) = (Told::new(), Told::new());
    let pull = pulling(&app, String::new(), "part one");
    let session = app.pair(OWN).await;
    let traffic = Traffic {
        app: &app,
        session: &session,
    };
    traffic.messages().await;
    traffic.groups().await;
    traffic.says(ANNA, OWN, "part one").await;
    hear(&mut ears, &mut heard, "part one").await;
    pulled.extend(pull.await.unwrap());

    // The socket is away.
    drop(ears);
    let pull = pulling(&app, last_id(&pulled), "never said");
    traffic.jobs().await;
    traffic.merged().await;
    let mut ears = app.listen_since(&last_id(&heard)).await;
    traffic.passing().await;
    traffic.says(ANNA, OWN, "part two").await;
    hear(&mut ears, &mut heard, "part two").await;

    // A kill in the middle of much.
    for n in 0..30 {
        traffic
            .says([ANNA, BORIS][n % 2], OWN, &format!("wave {n}"))
            .await;
    }
    until_ended(&mut app, &mut ears, &mut heard).await;
    pulled.extend(pull.await.unwrap());
    app.start_gateway().await;
    let mut ears = app.listen_since(&last_id(&heard)).await;
    let pull = pulling(&app, last_id(&pulled), "the end");
    app.status(&session, "working").await;
    let traffic = Traffic {
        app: &app,
        session: &session,
    };
    traffic.restricted().await;
    traffic.says(ANNA, OWN, "the end").await;
    hear(&mut ears, &mut heard, "the end").await;
    pulled.extend(pull.await.unwrap());

    assert_eq!(pulled, heard, "pull and the socket");
    let end = last_id(&heard);
    let rows = record::rows(&app.data().join("wharf.db"));
    let place = rows.iter().position(|row| row["id"] == end).unwrap();
    let kept: Vec<Value> = heard.iter().map(|text| parsed(text)).collect();
    assert_eq!(kept, rows[..=place], "the socket and the log's rows");
    record::gapless(&kept);
    let seqs: Vec<i64> = kept
        .iter()
        .filter_map(|event| event["seq"].as_i64())
        .collect();
    assert_eq!(seqs.first(), Some(&1));
    assert!(seqs.len() > 100, "{} events are not much", seqs.len());

    sink.until("the last event", |came| {
        came.iter().any(|one| one.id() == end)
    })
    .await;
    let came: Told = sink.came().into_iter().map(|one| one.body).collect();
    let came = by_session(&came);
    for (session, told) in by_session(&heard) {
        assert_eq!(
            came[&session][..told.len()],
            told,
            "the webhook and the socket: {session}"
        );
    }
}

/// SIGKILL; what the socket was told until then counts.
async fn until_ended(app: &mut TestApp, ears: &mut Ears, told: &mut Told) {
    // In the middle: some of it was told, the rest was not.
    hear(ears, told, "wave 5").await;
    app.kill_gateway().await;
    while let Ok((event, text)) = ears.next_as_told().await {
        if event["id"] != "" {
            told.push(text);
        }
    }
}
