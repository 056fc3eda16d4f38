//! Readers that were away or are slow, and how long the log remembers for them.

use super::{home, said, write};
use crate::harness::{ANNA, Ears, Ended, Session, TestApp, until};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

/// What the contract lets a reader fall behind is 4,096.
const MISSED: usize = 10_000;
/// Changes under way at once.
const AT_ONCE: usize = 32;
/// Long, so that what the system keeps for a connection is soon full.
const LENGTH: usize = 4_000;
/// A time nobody lives to see.
const FAR: i64 = 4_000_000_000_000;

/// Changes a chat so many times, each an event; more while `still` says so. Nothing of it goes to WhatsApp meanwhile.
async fn flood(app: &TestApp, session: &Session, still: impl Fn() -> bool) {
    app.api.poke(&session.path(":stop")).await.well();
    app.status(session, "stopped").await;
    let path = session.path(&format!("/chats/{ANNA}"));
    let mut until = FAR;
    while until < FAR + MISSED as i64 || still() {
        let changes = (until..until + 1_000).map(|until| {
            let change = json!({ "mutedUntil": until });
            async { app.api.patch(&path, change).await.well() }
        });
        futures_util::stream::iter(changes)
            .for_each_concurrent(AT_ONCE, async |change| {
                change.await;
            })
            .await;
        until += 1_000;
    }
}

/// The whole log after an event.
async fn after(app: &TestApp, id: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), id.to_owned());
    while !after.is_empty() {
        let path = format!("/events?limit=200&after={after}");
        let page = app.api.get(&path).await.well();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        after = page["nextCursor"].as_str().unwrap().to_owned();
    }
    all
}

fn id(event: &Value) -> &str {
    event["id"].as_str().unwrap()
}

#[tokio::test]
async fn ten_thousand_missed_events_are_told_to_who_was_away_and_to_who_was_slow() {
    let (app, session) = home().await;
    let mut ears = app.listen(json!({})).await;
    let first = "long ".repeat(LENGTH / 5);
    write(&app, &first).await;
    let seen = ears.until(said(&first)).await;
    let since = id(seen.last().unwrap()).to_owned();
    drop(ears);

    // One is away. Another is there and slow: one frame now and then.
    let url = app.ticket(json!({})).await;
    let mut slow = Ears::cramped(&format!("{url}&since={since}")).await;
    let (tell, closed) = tokio::sync::watch::channel(false);
    let slowly = async move {
        let mut heard = Vec::new();
        let end = loop {
            match slow.next().await {
                Ok(event) => heard.push(event),
                Err(end) => break end,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        tell.send_replace(true);
        (heard, end)
    };
    let flooding = flood(&app, &session, || !*closed.borrow());
    let ((mut heard, end), ()) = tokio::join!(slowly, flooding);
    assert_eq!(end, Ended::Closed(4008));

    let log = after(&app, &since).await;
    assert!(log.len() >= MISSED);
    let last = id(log.last().unwrap()).to_owned();
    let end = |event: &Value| id(event) == last;
    let mut away = app.listen_since(&since).await;
    let caught_up = away.until(end).await;
    assert!(caught_up == log, "the same events, each once, in order");
    // The slow one was told the beginning without a gap, and resumes where it stopped.
    let told_last = heard.last().map_or(since, |event| id(event).to_owned());
    let mut slow = app.listen_since(&told_last).await;
    heard.extend(slow.until(end).await);
    assert!(heard == log, "no gap and no duplicate at the resumption");
    // Both are live from then on.
    let path = session.path(&format!("/chats/{ANNA}"));
    let change = json!({ "archived": true });
    app.api.patch(&path, change).await.well();
    let archived = |event: &Value| event["payload"]["archived"] == true;
    away.until(archived).await;
    slow.until(archived).await;
}

#[tokio::test]
async fn a_reader_resumes_over_kills_without_a_gap_or_a_duplicate() {
    let (mut app, _session) = home().await;
    let first = app.pull().await;
    let mut last = id(first.last().unwrap()).to_owned();
    let mut heard = Vec::new();
    for round in 0..3_u64 {
        let mut ears = app.listen_since(&last).await;
        for n in 0..10 {
            write(&app, &format!("round {round} number {n}")).await;
        }
        // Whatever has come by then is what was heard.
        let listening = async {
            while let Ok(event) = ears.next().await {
                heard.push(event);
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(40 * round), listening).await;
        last = heard.last().map_or(last, |event| id(event).to_owned());
        app.kill_gateway().await;
        app.start_gateway().await;
    }
    write(&app, "end").await;
    let mut ears = app.listen_since(&last).await;
    heard.extend(ears.until(said("end")).await);
    let log = after(&app, id(first.last().unwrap())).await;
    assert_eq!(heard[..], log[..heard.len()]);
    let texts = heard.iter().filter(|event| event["event"] == "message");
    assert_eq!(texts.count(), 31, "nothing is lost, nothing comes twice");
}

#[tokio::test]
async fn a_quiet_socket_is_pinged() {
    let app = TestApp::new().await;
    let mut ears = app.listen(json!({})).await;
    ears.ping().await;
}

#[tokio::test]
async fn older_than_the_log_is_gone() {
    const DAY: i64 = 86_400_000;
    let (mut app, _session) = home().await;
    write(&app, "old").await;
    let old = until("the log", || async {
        let log = app.pull().await;
        log.iter().any(said("old")).then_some(log)
    })
    .await;
    assert!(app.stop_gateway().await);
    // The trimmed part of the log is forty days old; the program trims at its start.
    let db = rusqlite::Connection::open(app.data().join("wharf.db")).unwrap();
    db.execute("UPDATE events SET at = at - ?1", [40 * DAY])
        .unwrap();
    drop(db);
    app.start_gateway().await;
    let first = id(&old[0]).to_owned();
    let refused = until("the trimming", || async {
        let answer = app.api.get(&format!("/events?after={first}")).await;
        (answer.status.as_u16() == 410).then_some(answer)
    })
    .await;
    assert_eq!(refused.refused(410), "gone");
    write(&app, "young").await;
    let young = until("the young one", || async {
        let log = app.pull().await;
        log.iter().any(said("young")).then_some(log)
    })
    .await;
    let oldest = young[0]["id"].clone();
    let answer = app.api.get(&format!("/events?after={first}")).await;
    assert_eq!(answer.body["error"]["details"]["oldest"], oldest);

    let url = app.ticket(json!({})).await;
    let refused = Ears::at(&format!("{url}&since={first}")).await.map(|_| ());
    let Err(tokio_websockets::Error::Upgrade(refused)) = refused else {
        panic!("an event that is gone was taken: {refused:?}");
    };
    assert!(format!("{refused:?}").contains("410"), "{refused:?}");
    // From the oldest on everything is there.
    let mut ears = app.listen_since(oldest.as_str().unwrap()).await;
    let heard = ears.until(said("young")).await;
    assert_eq!(heard[..], young[1..=heard.len()]);
}

#[tokio::test]
async fn a_long_poll_ends_when_something_comes_and_resumes_by_the_last_id() {
    let (app, _session) = home().await;
    let log = app.pull().await;
    let mut last = id(log.last().unwrap()).to_owned();
    let mut heard = Vec::new();
    for n in 0..5 {
        let path = format!("/events?after={last}&wait=30&events=message");
        let text = format!("number {n}");
        let (page, ()) = tokio::join!(app.api.get(&path), write(&app, &text));
        let page = page.well();
        let page = page["data"].as_array().unwrap();
        assert_eq!(page.len(), 1, "{page:?}");
        heard.push(page[0]["payload"]["body"].as_str().unwrap().to_owned());
        last = id(&page[0]).to_owned();
    }
    assert_eq!(
        heard,
        (0..5).map(|n| format!("number {n}")).collect::<Vec<_>>()
    );
}
