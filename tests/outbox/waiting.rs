//! Sends that wait: for a time, for their turn, for the rate; and those that are taken back or run out of time.

use super::{accept, accept_with, app_with_anna, item, now_ms, status};
use crate::harness::{ANNA, BORIS, until};
use serde_json::{Value, json};

async fn rate(app: &crate::harness::TestApp, session: &crate::harness::Session, per_min: u32) {
    app.api
        .patch(&session.path(""), json!({ "ratePerMin": per_min }))
        .await
        .well();
}

#[tokio::test]
async fn listed_by_status_with_cursors_of_their_own() {
    let (app, session) = app_with_anna().await;
    app.api.poke(&session.path(":stop")).await.well();
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(accept(&app, &session, ANNA, &format!("no {n}")).await);
    }
    let taken_back = session.path(&format!(
        "/outbox/{}",
        sent[1]["outboxId"].as_str().unwrap()
    ));
    app.api.delete(&taken_back).await;
    let ids =
        |rows: &[Value]| -> Vec<Value> { rows.iter().map(|row| row["outboxId"].clone()).collect() };
    let expected: Vec<Value> = [4, 3, 2, 0]
        .map(|n: usize| sent[n]["outboxId"].clone())
        .to_vec();
    let queued = app
        .all(&session.path("/outbox?status=queued&limit=1"))
        .await;
    assert_eq!(ids(&queued), expected);
    let cancelled = app.all(&session.path("/outbox?status=cancelled")).await;
    assert_eq!(ids(&cancelled), [sent[1]["outboxId"].clone()]);
    assert_eq!(app.all(&session.path("/outbox?status=")).await.len(), 5);
    assert_eq!(app.all(&session.path("/outbox?status=sent")).await.len(), 0);
    let page = app
        .api
        .get(&session.path("/outbox?status=queued&limit=1"))
        .await
        .well();
    let cursor = page["nextCursor"].as_str().unwrap();
    for wrong in [
        format!("/outbox?cursor={cursor}"),
        format!("/outbox?status=failed&cursor={cursor}"),
        "/outbox?status=lost".to_owned(),
    ] {
        let refused = app.api.get(&session.path(&wrong)).await;
        assert_eq!(refused.refused(400), "validation_error", "{wrong}");
    }
}

#[tokio::test]
async fn a_send_goes_at_its_time_also_after_a_restart_and_holds_up_nobody() {
    let (mut app, session) = app_with_anna().await;
    let at = now_ms() + 6_000;
    let more = json!({ "sendAt": at, "reference": "order 7" });
    let later = accept_with(&app, &session, ANNA, "later", more).await;
    accept(&app, &session, ANNA, "now").await;
    let seen = app.inbox(ANNA, |seen| !seen.is_empty()).await;
    assert_eq!(seen[0]["body"], "now");
    let waits = item(&app, &session, &later).await;
    assert_eq!(
        (&waits["status"], &waits["sendAt"]),
        (&json!("queued"), &json!(at))
    );
    assert_eq!(waits["reference"], "order 7");
    app.kill_gateway().await;
    app.start_gateway().await;
    let seen = app.inbox(ANNA, |seen| seen.len() == 2).await;
    assert!(now_ms() >= at, "before its time");
    assert_eq!(seen[1]["waMessageId"], later["waMessageId"]);
    app.clean_ledger().await;
}

#[tokio::test]
async fn what_runs_out_of_time_fails_in_words_connected_or_not() {
    let (app, session) = app_with_anna().await;
    rate(&app, &session, 1).await;
    accept(&app, &session, ANNA, "takes the place").await;
    app.inbox(ANNA, |seen| seen.len() == 1).await;
    let soon = json!({ "expiresAt": now_ms() + 1_500 });
    let waiting = accept_with(&app, &session, ANNA, "too late", soon).await;
    let failed = status(&app, &session, &waiting, "failed").await;
    assert!(
        failed["error"].as_str().unwrap().contains("expiresAt"),
        "{failed}"
    );
    app.api.poke(&session.path(":stop")).await.well();
    let soon = json!({ "expiresAt": now_ms() + 1_500 });
    let offline = accept_with(&app, &session, ANNA, "too late, too", soon).await;
    status(&app, &session, &offline, "failed").await;
    rate(&app, &session, 60).await;
    app.api.poke(&session.path(":start")).await.well();
    app.status(&session, "working").await;
    accept(&app, &session, ANNA, "in time").await;
    let seen = app.inbox(ANNA, |seen| seen.len() >= 2).await;
    assert_eq!(seen[1]["body"], "in time");
}

/// A synchronous send behind another of its chat waits for it; other chats do not.
#[tokio::test]
async fn order_is_kept_in_each_chat() {
    let (app, session) = app_with_anna().await;
    app.account(BORIS, "Boris").await;
    let mut written = Vec::new();
    for n in 0..12 {
        let to = if n % 3 == 0 { BORIS } else { ANNA };
        let text = format!("no {n:02}");
        if n % 4 == 3 {
            let body = json!({ "type": "text", "to": to, "text": text });
            app.api.post(&session.path("/messages"), body).await.well();
        } else {
            accept(&app, &session, to, &text).await;
        }
        written.push((to, text));
    }
    for person in [ANNA, BORIS] {
        let expected: Vec<&str> = written
            .iter()
            .filter(|(to, _)| *to == person)
            .map(|(_, text)| text.as_str())
            .collect();
        let seen = app.inbox(person, |seen| seen.len() >= expected.len()).await;
        let bodies: Vec<&str> = seen.iter().map(|m| m["body"].as_str().unwrap()).collect();
        assert_eq!(bodies, expected);
    }
    app.clean_ledger().await;
}

/// The rate is counted over the outbox: a restart forgets none of it.
#[tokio::test]
async fn the_rate_is_exact_to_the_message_and_across_restarts() {
    let (mut app, session) = app_with_anna().await;
    rate(&app, &session, 5).await;
    for n in 0..8 {
        accept(&app, &session, ANNA, &format!("no {n}")).await;
    }
    app.inbox(ANNA, |seen| seen.len() >= 5).await;
    app.kill_gateway().await;
    app.start_gateway().await;
    app.status(&session, "working").await;
    // A synchronous one is told when the next would pass: the worker has had its chance by then.
    let body = json!({ "type": "text", "to": ANNA, "text": "quick" });
    let over = app.api.post(&session.path("/messages"), body).await;
    assert_eq!(over.refused(429), "rate_limited");
    assert_eq!(app.inbox(ANNA, |_| true).await.len(), 5);
    // What the other phone shows may not be acknowledged yet when the kill comes.
    let queued = async |count: usize| {
        until(&format!("{count} queued"), || async {
            let rows = app.all(&session.path("/outbox?status=queued")).await;
            (rows.len() == count).then_some(())
        })
        .await;
    };
    queued(3).await;
    let metrics = app.root.get("/metrics").await;
    assert_eq!(metrics.status.as_u16(), 401);
    until("the figures", || async {
        let text = app.metrics().await;
        (text.contains("wharf_outbox_queued 3")
            && text.contains("wharf_outbox_waiting{for=\"rate\"}"))
        .then_some(())
    })
    .await;
    rate(&app, &session, 7).await;
    app.inbox(ANNA, |seen| seen.len() >= 7).await;
    queued(1).await;
    let text = app.metrics().await;
    assert!(
        text.contains("wharf_sends_total{outcome=\"sent\""),
        "{text}"
    );
    app.clean_ledger().await;
}
