//! `wharf listen`: what it prints and forwards, and that nothing is missed when anything ends in between.

use crate::{
    harness::{ANNA, OWN, Program, Session, TestApp, schemas, until},
    webhooks::sink::{Mood, Sink},
};
use axum::{Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::TcpListener;

async fn home() -> (TestApp, Session) {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

async fn write(app: &TestApp, text: &str) {
    let body = json!({ "to": OWN, "type": "text", "text": text });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), body)
        .await
        .well();
}

/// Started with the key of a test, its state in a file of this name.
fn listen(app: &TestApp, state: &str, more: &[&str]) -> Program {
    let state = app.dir.path().join(state);
    let mut args = vec!["listen", "--json", "--state", state.to_str().unwrap()];
    args.extend(more);
    let env = [
        ("WHARF_API_URL", app.root_url()),
        ("WHARF_API_KEY", app.key.as_str()),
    ];
    Program::start(&args, &env, &app.dir.path().join("listen.log"))
}

/// The first line, once it listens.
async fn ready(listening: &mut Program) -> Value {
    let first = listening.line().await;
    assert_eq!(first["ready"], true, "{first}");
    first
}

/// Lines up to the message with this text.
async fn heard(listening: &mut Program, last: &str) -> Vec<Value> {
    let mut heard = Vec::new();
    loop {
        let event = listening.line().await;
        schemas::check(&event, "wharf listen");
        let done = event["event"] == "message" && event["payload"]["body"] == last;
        heard.push(event);
        if done {
            return heard;
        }
    }
}

fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn prints_what_comes_and_goes_on_where_it_ended() {
    let (app, _session) = home().await;
    write(&app, "before").await;
    until("it in the log", || async {
        let log = app.pull().await;
        log.iter()
            .any(|event| event["payload"]["body"] == "before")
            .then_some(())
    })
    .await;
    let mut listening = listen(&app, "place.json", &[]);
    let from = ready(&mut listening).await["after"].clone();
    write(&app, "first").await;
    let mut all = heard(&mut listening, "first").await;
    let (ended, rest) = listening.end().await;
    assert!(ended.success(), "SIGTERM is an orderly end");
    all.extend(rest);
    assert_eq!(mode(&app.dir.path().join("place.json")), 0o600);
    write(&app, "missed").await;
    write(&app, "missed too").await;
    let mut listening = listen(&app, "place.json", &[]);
    ready(&mut listening).await;
    all.extend(heard(&mut listening, "missed too").await);
    let log = app.pull().await;
    let place = |id: &Value| log.iter().position(|event| event["id"] == *id).unwrap();
    let (begin, end) = (place(&from) + 1, place(&all.last().unwrap()["id"]));
    assert_eq!(
        all,
        log[begin..=end],
        "each once, in order, from the start on"
    );
    // One at a time: a second one would take half of the events away.
    let state = app.dir.path().join("place.json");
    let args = ["listen", "--state", state.to_str().unwrap()];
    let env = [
        ("WHARF_API_URL", app.root_url()),
        ("WHARF_API_KEY", app.key.as_str()),
    ];
    let (status, _, err) = Program::run(&args, &env).await;
    assert_eq!(status.code(), Some(2), "{err}");
    assert!(err.contains("another `wharf listen`"), "{err}");
    listening.kill().await;
}

#[tokio::test]
async fn only_what_is_asked_for_and_from_where() {
    let (app, session) = home().await;
    write(&app, "first").await;
    app.chat_with(&session, ANNA).await;
    let oldest = app.pull().await[0]["id"].as_str().unwrap().to_owned();
    let wish = [
        "--event",
        "message",
        "--event",
        "chat.updated",
        "--session",
        &session.id,
        "--after",
        &oldest,
    ];
    let mut listening = listen(&app, "some.json", &wish);
    assert_eq!(ready(&mut listening).await["after"], oldest);
    let some = heard(&mut listening, "first").await;
    assert!(
        some.iter()
            .all(|event| ["message", "chat.updated"].contains(&event["event"].as_str().unwrap()))
    );
    listening.kill().await;
}

#[tokio::test]
async fn forwards_signed_through_a_receiver_that_fails_and_a_kill() {
    let (app, _session) = home().await;
    let sink = Sink::new().await;
    let forward = ["--forward", &sink.url];
    let mut listening = listen(&app, "forward.json", &forward);
    let first = ready(&mut listening).await;
    let secret = first["secret"].as_str().unwrap().to_owned();
    write(&app, "one").await;
    sink.until("the first", |_| sink.texts() == ["one"]).await;
    // Down: what comes waits in order.
    sink.mood(Mood::Answers(500));
    write(&app, "two").await;
    write(&app, "three").await;
    let tries = sink.came().len();
    sink.until("two tries", |came| came.len() >= tries + 2)
        .await;
    listening.kill().await;
    let held = sink.came().last().unwrap().id().to_owned();
    sink.mood(Mood::Takes);
    let mut listening = listen(&app, "forward.json", &forward);
    assert_eq!(
        ready(&mut listening).await["secret"],
        secret,
        "the receiver keeps its secret"
    );
    write(&app, "four").await;
    sink.until("the rest", |_| {
        sink.texts().last().is_some_and(|text| text == "four")
    })
    .await;
    listening.kill().await;

    let came = sink.came();
    for delivery in &came {
        assert!(delivery.is_signed_by(&secret));
        assert_eq!(delivery.id(), delivery.event()["id"]);
        assert_eq!(delivery.headers["content-type"], "application/json");
    }
    let taken: Vec<Value> = came
        .iter()
        .filter(|one| one.taken)
        .map(|one| one.event())
        .collect();
    let ids: BTreeSet<&str> = taken
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(held.as_str()), "what was held came after all");
    assert_eq!(ids.len(), taken.len(), "nothing was taken and told again");
    let log = app.pull().await;
    let place = |event: &Value| log.iter().position(|one| one["id"] == event["id"]).unwrap();
    let (begin, end) = (place(&taken[0]), place(taken.last().unwrap()));
    assert_eq!(taken, log[begin..=end], "in the log's order, without a gap");
    // The log's own bytes.
    let page = app
        .api
        .request(reqwest::Method::GET, "/events?limit=200")
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(came.iter().all(|delivery| page.contains(&delivery.body)));
}

#[tokio::test]
async fn a_gateway_that_restarts_is_found_again() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: &'static str = free.local_addr().unwrap().to_string().leak();
    drop(free);
    let mut app = TestApp::with_env(&[("WHARF_LISTEN", address)]).await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let mut listening = listen(&app, "restart.json", &[]);
    ready(&mut listening).await;
    write(&app, "first").await;
    let mut all = heard(&mut listening, "first").await;
    app.kill_gateway().await;
    write(&app, "second").await;
    app.start_gateway().await;
    app.status(&session, "working").await;
    all.extend(heard(&mut listening, "second").await);
    let log = app.pull().await;
    let place = |event: &Value| log.iter().position(|one| one["id"] == event["id"]).unwrap();
    assert_eq!(all, log[place(&all[0])..=place(all.last().unwrap())]);
    assert!(listening.terminate().await.success());
}

#[tokio::test]
async fn mistakes_are_named_and_no_event_is_begun_with() {
    let app = TestApp::new().await;
    let state = app.dir.path().join("wrong.json");
    let unknown = "evt_00000000000000000000000000";
    let nobody = "wa_0000000000000000000000000000000000000000000000000";
    let good = (app.root_url(), app.key.as_str());
    for (url, key, more, says) in [
        (good.0, nobody, vec![], "--key"),
        (good.0, "no\nkey", vec![], "--key"),
        (good.0, good.1, vec!["--after", unknown], unknown),
        (good.0, good.1, vec!["--after", "latest"], "--after"),
        (good.0, good.1, vec!["--event", "mesage"], "--event"),
        (
            good.0,
            good.1,
            vec!["--session", "sess_00000000000000000000000000"],
            "--session",
        ),
        (
            good.0,
            good.1,
            vec![
                "--secret",
                "whsec_short",
                "--forward",
                "http://127.0.0.1:9/x",
            ],
            "--secret",
        ),
        (
            good.0,
            good.1,
            vec!["--forward", "ftp://127.0.0.1/x"],
            "--forward",
        ),
        (app.phones_url(), good.1, vec![], "--api-url"),
        ("nonsense", good.1, vec![], "--api-url"),
    ] {
        let mut args = vec!["listen", "--state", state.to_str().unwrap()];
        args.extend(more);
        let (status, out, err) =
            Program::run(&args, &[("WHARF_API_URL", url), ("WHARF_API_KEY", key)]).await;
        assert_eq!(status.code(), Some(2), "{says}: {err}");
        assert!(
            err.contains(says) && !err.contains(&app.key),
            "{says}: {err}"
        );
        assert_eq!(out, "");
        let _ = std::fs::remove_file(&state);
    }
    let (status, _, err) = Program::run(&["listen"], &[]).await;
    assert_eq!(status.code(), Some(2));
    assert!(err.contains("--key"), "{err}");
    // The variables are no settings of the gateway's.
    let (status, _, err) = Program::run(
        &["openapi"],
        &[("WHARF_API_KEY", "x"), ("WHARF_API_URL", "y")],
    )
    .await;
    assert!(status.success(), "{err}");
}

/// A gateway that has forgotten: 410 from the nth page on.
async fn forgetful(well: usize) -> String {
    let asked = Arc::new(AtomicUsize::new(0));
    let page = move || {
        let asked = asked.fetch_add(1, Ordering::Relaxed);
        async move {
            let oldest = json!({ "oldest": "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV" });
            let error =
                json!({ "error": { "code": "gone", "message": "gone", "details": oldest } });
            match asked < well {
                true => (StatusCode::OK, r#"{"data":[],"nextCursor":""}"#.to_owned()),
                false => (StatusCode::GONE, error.to_string()),
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/api/v1/events", get(page));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn what_the_log_no_longer_holds_is_said_and_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("place.json");
    let after = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAA";
    let args = [
        "listen",
        "--state",
        state.to_str().unwrap(),
        "--after",
        after,
    ];
    for (well, code) in [(0, 2), (2, 1)] {
        let url = forgetful(well).await;
        let (status, _, err) =
            Program::run(&args, &[("WHARF_API_URL", &url), ("WHARF_API_KEY", "k")]).await;
        assert_eq!(status.code(), Some(code), "{err}");
        assert!(
            err.contains("older than the log is kept") && err.contains("FAV"),
            "{err}"
        );
        std::fs::remove_file(&state).unwrap();
    }
}
