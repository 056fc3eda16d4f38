//! What events.md promises a receiver.

use super::{Mood, Sink, home, hook, id, secret, write};
use crate::harness::until;
use serde_json::{Value, json};

#[tokio::test]
async fn signed_in_order_and_the_bytes_of_the_log() {
    let (app, session) = home().await;
    let sink = Sink::new().await;
    let webhook = hook(
        &app,
        &sink,
        json!({ "customHeaders": {"User-Agent": "mine", "X-Extra": "1"} }),
    )
    .await;
    for n in 0..20 {
        write(&app, &format!("number {n}")).await;
    }
    let came = sink.until("all deliveries", |came| came.len() >= 20).await;
    let log = app.api.get("/events?events=message&limit=200").await.well();
    let log = log["data"].as_array().unwrap();
    let told: Vec<Value> = came.iter().map(|delivery| delivery.event()).collect();
    assert_eq!(&told, log, "the same events in the same order, each once");
    for delivery in &came {
        assert!(delivery.is_signed_by(secret(&webhook)));
        assert!(!delivery.is_signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        assert_eq!(delivery.id(), delivery.event()["id"]);
        assert_eq!(delivery.headers["user-agent"], "mine");
        assert_eq!(delivery.headers["x-extra"], "1");
        assert_eq!(delivery.headers["content-type"], "application/json");
        assert_eq!(delivery.event()["session"], session.id);
    }
    let path = format!("/webhooks/{}/deliveries", id(&webhook));
    let made = until("the log of deliveries", || async {
        let made = app.all(&path).await;
        (made.len() == 20).then_some(made)
    })
    .await;
    assert!(
        made.iter()
            .all(|one| one["status"] == "delivered" && one["httpStatus"] == 200)
    );
    assert_eq!(made[0]["answer"], "ok");
    let shown = app
        .api
        .get(&format!("/webhooks/{}", id(&webhook)))
        .await
        .well();
    assert!(shown.get("secret").is_none());
    assert!(
        !app.traces_of(secret(&webhook)),
        "the secret is sealed at rest"
    );
}

#[tokio::test]
async fn a_failure_is_tried_again_and_the_rest_goes_on() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    let policy = json!({ "attempts": 5, "delaySeconds": 1, "policy": "constant" });
    let webhook = hook(&app, &sink, json!({ "retryPolicy": policy })).await;
    sink.refuse("second");
    for text in ["first", "second", "third"] {
        write(&app, text).await;
    }
    sink.until("the third", |_| sink.texts() == ["first", "third"])
        .await;
    sink.forgive();
    sink.until("the second", |_| {
        sink.texts() == ["first", "third", "second"]
    })
    .await;
    let came = sink.came();
    let ids: std::collections::BTreeSet<&str> = came
        .iter()
        .filter(|delivery| delivery.body.contains("second"))
        .map(|delivery| delivery.id())
        .collect();
    assert_eq!(ids.len(), 1, "the same id on every attempt");
    let path = format!("/webhooks/{}/deliveries?status=failed", id(&webhook));
    let failed = app.all(&path).await;
    assert_eq!(failed[0]["httpStatus"], 500);
    assert_eq!(failed[0]["answer"].as_str().unwrap().len(), 4_096);
    assert!(failed[0]["nextAttemptAt"].is_i64());
    sink.mood(Mood::Busy);
    write(&app, "later").await;
    let busy = until("the receiver's wish", || async {
        let made = app.all(&path).await;
        made.into_iter().find(|one| one["httpStatus"] == 503)
    })
    .await;
    let wait = busy["nextAttemptAt"].as_i64().unwrap() - busy["at"].as_i64().unwrap();
    assert!(wait >= 100_000, "Retry-After: {wait}");
}

#[tokio::test]
async fn an_ordered_webhook_waits_for_what_failed() {
    let (mut app, _session) = home().await;
    let sink = Sink::new().await;
    let policy = json!({ "attempts": 30, "delaySeconds": 1, "policy": "constant" });
    hook(
        &app,
        &sink,
        json!({ "ordered": true, "retryPolicy": policy }),
    )
    .await;
    sink.refuse("second");
    for text in ["first", "second", "third", "fourth"] {
        write(&app, text).await;
    }
    let tries =
        |came: &[super::sink::Delivery]| came.iter().filter(|d| d.body.contains("second")).count();
    sink.until("two tries", |came| tries(came) >= 2).await;
    assert_eq!(sink.texts(), ["first"]);
    // What is held is held over a kill.
    app.kill_gateway().await;
    app.start_gateway().await;
    let before = tries(&sink.came());
    sink.until("another try", |came| tries(came) > before).await;
    sink.forgive();
    sink.until("all", |_| sink.texts().len() >= 4).await;
    let mut texts = sink.texts();
    texts.dedup();
    assert_eq!(texts, ["first", "second", "third", "fourth"]);
}

#[tokio::test]
async fn given_up_told_again_and_gone() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    let policy = json!({ "attempts": 1 });
    let webhook = hook(&app, &sink, json!({ "retryPolicy": policy })).await;
    let path = |rest: &str| format!("/webhooks/{}{rest}", id(&webhook));
    sink.mood(Mood::Answers(500));
    write(&app, "lost").await;
    let failed = until("the failure", || async {
        let made = app.all(&path("/deliveries?status=failed")).await;
        made.first().cloned()
    })
    .await;
    assert_eq!(
        failed["nextAttemptAt"],
        Value::Null,
        "it was the last attempt"
    );
    sink.mood(Mood::Takes);
    let retry = path(&format!(
        "/deliveries/{}:retry",
        failed["id"].as_str().unwrap()
    ));
    assert_eq!(app.api.poke(&retry).await.status, 202);
    sink.until("the retry", |_| sink.texts() == ["lost"]).await;
    sink.mood(Mood::Answers(500));
    write(&app, "lost too").await;
    until("the second failure", || async {
        (app.all(&path("/deliveries?status=failed")).await.len() == 2).then_some(())
    })
    .await;
    sink.mood(Mood::Takes);
    let replayed = app
        .api
        .post(&path(":replay"), json!({ "status": "failed" }))
        .await
        .well();
    assert_eq!(
        replayed,
        json!({ "queued": 1 }),
        "only what was never delivered"
    );
    sink.until("the replay", |_| sink.texts() == ["lost", "lost too"])
        .await;
    let replayed = app
        .api
        .post(&path(":replay"), json!({ "from": 0 }))
        .await
        .well();
    assert_eq!(replayed, json!({ "queued": 2 }));
    sink.until("all again", |_| sink.texts().len() == 4).await;

    let tested = app.api.poke(&path(":test")).await.well();
    assert_eq!(
        (&tested["delivered"], &tested["httpStatus"]),
        (&json!(true), &json!(200))
    );
    let last = sink.came().pop().unwrap();
    assert_eq!(last.event()["event"], "webhook.test");
    assert!(last.is_signed_by(secret(&webhook)));

    let mut ears = app.listen(json!({ "events": ["webhook.disabled"] })).await;
    sink.mood(Mood::Answers(410));
    let before = sink.came().len();
    write(&app, "no more").await;
    let disabled = ears.next().await.unwrap();
    assert_eq!(
        disabled["payload"],
        json!({ "webhookId": id(&webhook), "reason": "gone" })
    );
    assert_eq!(
        (&disabled["session"], &disabled["seq"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(app.api.get(&path("")).await.well()["active"], false);
    write(&app, "not told").await;
    until("it in the log", || async {
        let log = app.pull().await;
        let there = |event: &Value| event["payload"]["body"] == "not told";
        log.iter().any(there).then_some(())
    })
    .await;
    let refused = app.api.post(&path(":replay"), json!({ "from": 0 })).await;
    assert_eq!(refused.refused(409), "conflict");
    // Active again: told what comes from then on.
    sink.mood(Mood::Takes);
    app.api
        .patch(&path(""), json!({ "active": true }))
        .await
        .well();
    write(&app, "new").await;
    sink.until("the new one", |_| {
        sink.texts().last().is_some_and(|text| text == "new")
    })
    .await;
    assert_eq!(sink.came().len(), before + 2);
}

#[tokio::test]
async fn two_secrets_sign_after_a_rotation() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    let webhook = hook(&app, &sink, json!({})).await;
    let path = format!("/webhooks/{}", id(&webhook));
    let rotated = app.api.poke(&format!("{path}:rotate")).await.well();
    assert_ne!(secret(&rotated), secret(&webhook));
    app.api.poke(&format!("{path}:test")).await.well();
    let both = sink.came().pop().unwrap();
    assert!(both.is_signed_by(secret(&webhook)) && both.is_signed_by(secret(&rotated)));
    let own = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    app.api.patch(&path, json!({ "secret": own })).await.well();
    app.api.poke(&format!("{path}:test")).await.well();
    let last = sink.came().pop().unwrap();
    assert!(last.is_signed_by(own) && last.is_signed_by(secret(&rotated)));
    assert!(!last.is_signed_by(secret(&webhook)), "only the one before");
}
