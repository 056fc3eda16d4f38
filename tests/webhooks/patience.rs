//! What takes days: retries, giving up, disabling. Days pass by moving what is written down, while the gateway is stopped.

use super::{Mood, Sink, home, hook, id, secret, write};
use crate::harness::{TestApp, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Changes rows of a gateway that does not run.
fn edit(app: &TestApp, sql: &str, by: i64) {
    let db = rusqlite::Connection::open(app.data().join("wharf.db")).unwrap();
    let changed = db.execute(sql, [by]).unwrap();
    assert!(changed > 0, "{sql} changes nothing");
}

/// Every attempt at an event, oldest first.
async fn attempts(app: &TestApp, webhook: &Value) -> Vec<Value> {
    let path = format!("/webhooks/{}/deliveries", id(webhook));
    let mut made = app.all(&path).await;
    made.reverse();
    made
}

/// A second between attempts, and so many of them.
fn every_second(attempts: u32) -> Value {
    json!({ "attempts": attempts, "delaySeconds": 1, "policy": "constant" })
}

#[tokio::test]
async fn no_answer_in_time_is_a_failure_and_the_same_id_comes_again() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    sink.mood(Mood::Hangs);
    let webhook = hook(&app, &sink, json!({ "retryPolicy": every_second(30) })).await;
    write(&app, "hello").await;
    let first = until("the failure", || async {
        attempts(&app, &webhook).await.first().cloned()
    })
    .await;
    assert_eq!(
        (&first["status"], &first["httpStatus"]),
        (&json!("failed"), &Value::Null)
    );
    assert!(
        first["error"].as_str().unwrap().contains("in time"),
        "{first}"
    );
    sink.mood(Mood::Takes);
    sink.until("the next attempt", |_| sink.texts() == ["hello"])
        .await;
    let ids: BTreeSet<String> = sink.came().iter().map(|d| d.id().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[tokio::test]
async fn who_always_fails_is_given_up_event_by_event() {
    let (app, _session) = home().await;
    let (bad, good) = (Sink::new().await, Sink::new().await);
    bad.mood(Mood::Answers(500));
    let webhook = hook(&app, &bad, json!({ "retryPolicy": every_second(3) })).await;
    hook(&app, &good, json!({})).await;
    for text in ["one", "two", "three"] {
        write(&app, text).await;
    }
    good.until("all of them", |_| good.texts() == ["one", "two", "three"])
        .await;
    let made = until("three attempts at each", || async {
        let made = attempts(&app, &webhook).await;
        (made.len() >= 9).then_some(made)
    })
    .await;
    assert_eq!(made.len(), 9);
    let last: Vec<&Value> = made.iter().filter(|one| one["attempt"] == 3).collect();
    assert_eq!(last.len(), 3);
    for one in &made {
        assert_eq!(one["httpStatus"], 500);
        assert_eq!(one["nextAttemptAt"].is_null(), one["attempt"] == 3, "{one}");
    }
    // Given up is given up: the next event is the next thing that comes.
    bad.mood(Mood::Takes);
    write(&app, "four").await;
    bad.until("the fourth", |_| !bad.texts().is_empty()).await;
    assert_eq!(bad.texts(), ["four"]);
    assert_eq!(bad.came().len(), 10);
}

#[tokio::test]
async fn a_secret_rotated_between_attempts_signs_the_next_one_too() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    sink.mood(Mood::Answers(500));
    let webhook = hook(&app, &sink, json!({ "retryPolicy": every_second(30) })).await;
    write(&app, "hello").await;
    sink.until("an attempt", |came| !came.is_empty()).await;
    let path = format!("/webhooks/{}:rotate", id(&webhook));
    let rotated = app.api.poke(&path).await.well();
    let (old, new) = (secret(&webhook), secret(&rotated));
    let came = sink
        .until("an attempt signed by both", |came| {
            came.iter().any(|one| one.is_signed_by(new))
        })
        .await;
    let first = &came[0];
    assert!(first.is_signed_by(old) && !first.is_signed_by(new));
    assert!(came.iter().all(|one| one.is_signed_by(old)), "for a day");
    let ids: BTreeSet<&str> = came.iter().map(|one| one.id()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn five_days_of_nothing_but_failures_disable_it() {
    const FAILING: &str = "UPDATE webhooks SET failing_since = failing_since - ?1";
    let (mut app, _session) = home().await;
    let sink = Sink::new().await;
    sink.mood(Mood::Answers(500));
    let webhook = hook(&app, &sink, json!({ "retryPolicy": every_second(30) })).await;
    let path = format!("/webhooks/{}", id(&webhook));
    write(&app, "first").await;
    until("a failure", || async {
        attempts(&app, &webhook).await.first().cloned()
    })
    .await;

    assert!(app.stop_gateway().await);
    edit(&app, FAILING, 5 * DAY - HOUR);
    let before = sink.came().len();
    app.start_gateway().await;
    sink.until("more attempts", |came| came.len() >= before + 2)
        .await;
    assert_eq!(
        app.api.get(&path).await.well()["active"],
        true,
        "an hour is left"
    );

    // One success, and it begins anew.
    sink.mood(Mood::Takes);
    sink.until("the success", |_| sink.texts() == ["first"])
        .await;
    sink.mood(Mood::Answers(500));
    write(&app, "second").await;
    let failures = |made: &[Value]| made.iter().filter(|one| one["status"] == "failed").count();
    let failed = failures(&attempts(&app, &webhook).await);
    until("a failure", || async {
        (failures(&attempts(&app, &webhook).await) > failed).then_some(())
    })
    .await;
    assert!(app.stop_gateway().await);
    edit(&app, FAILING, 5 * DAY);
    app.start_gateway().await;
    let disabled = until("it to be disabled", || async {
        let log = app.pull().await;
        log.into_iter()
            .find(|event| event["event"] == "webhook.disabled")
    })
    .await;
    assert_eq!(
        disabled["payload"],
        json!({ "webhookId": id(&webhook), "reason": "failing" })
    );
    assert_eq!(app.api.get(&path).await.well()["active"], false);
}

#[tokio::test]
async fn what_waits_survives_a_clock_that_was_moved() {
    const DUE: &str = "UPDATE owed SET due = due + ?1";
    let (mut app, _session) = home().await;
    let sink = Sink::new().await;
    sink.mood(Mood::Answers(500));
    hook(&app, &sink, json!({})).await;
    for text in ["one", "two"] {
        write(&app, text).await;
    }
    let mut before = 0;
    // Set back by a year, what is due is a year away; set forward, long past.
    for moved in [365 * DAY, -365 * DAY] {
        sink.until("an attempt at both", |came| came.len() >= before + 2)
            .await;
        assert!(app.stop_gateway().await);
        before = sink.came().len();
        edit(&app, DUE, moved);
        app.start_gateway().await;
    }
    sink.until("an attempt at both", |came| came.len() >= before + 2)
        .await;
    sink.mood(Mood::Takes);
    assert!(app.stop_gateway().await);
    edit(&app, DUE, 365 * DAY);
    app.start_gateway().await;
    sink.until("both", |_| {
        let mut texts = sink.texts();
        texts.sort_unstable();
        texts == ["one", "two"]
    })
    .await;
    let ids: BTreeSet<String> = sink.came().iter().map(|d| d.id().to_owned()).collect();
    assert_eq!(ids.len(), 2, "the same ids on every attempt");
}
