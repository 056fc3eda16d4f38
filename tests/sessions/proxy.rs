//! A session's own proxy: everything it says to WhatsApp goes through it, and nobody learns its password.

use crate::harness::{OWN, Proxy, Session, TestApp, until};
use serde_json::{Value, json};

/// The number is linked through the proxy, to where the proxy was asked to connect.
async fn linked_through(app: &TestApp, proxy: &Proxy) -> Session {
    app.account(OWN, "Own").await;
    let made = app
        .api
        .post("/sessions", json!({ "proxy": proxy.url(), "start": true }))
        .await
        .well();
    assert_eq!(made["proxy"], proxy.shown());
    let session = Session {
        id: made["id"].as_str().unwrap().to_owned(),
        phone: OWN.to_owned(),
    };
    app.scan(&session).await;
    app.status(&session, "working").await;
    let chat = app.chat_host();
    until("the socket and the media by way of the proxy", || async {
        let asked = proxy.asked();
        let media = asked.iter().any(|target| *target != chat);
        (asked.contains(&chat) && media).then_some(())
    })
    .await;
    session
}

async fn and_straight_again(app: &TestApp, proxy: &Proxy, session: &Session) {
    let now: Value = app
        .api
        .patch(&session.path(""), json!({ "proxy": "" }))
        .await
        .well();
    assert_eq!(now["proxy"], "");
    let before = proxy.asked().len();
    app.api.poke(&session.path(":restart")).await.well();
    app.status(session, "working").await;
    assert_eq!(proxy.asked().len(), before, "still through the proxy");
}

/// The tests' proxies listen on this machine, where the gateway goes only when told to.
async fn app() -> TestApp {
    TestApp::with_env(&[("WHARF_OUTBOUND__ALLOW_SUBNETS", r#"["127.0.0.0/8"]"#)]).await
}

#[tokio::test]
async fn a_proxy_where_none_may_be_is_not_dialled_and_nothing_goes_past_it() {
    let app = TestApp::new().await;
    let proxy = Proxy::socks5().await;
    app.account(OWN, "Own").await;
    let settings = json!({ "proxy": proxy.url(), "start": true });
    let made = app.api.post("/sessions", settings).await.well();
    let session = Session {
        id: made["id"].as_str().unwrap().to_owned(),
        phone: OWN.to_owned(),
    };
    until("a word in the log", || async {
        let log = std::fs::read_to_string(app.dir.path().join("gateway.log")).unwrap();
        log.contains("outbound.allow_subnets").then_some(())
    })
    .await;
    app.status(&session, "starting").await;
    assert_eq!(proxy.asked(), Vec::<String>::new());
    let ledger = app.clean_ledger().await;
    assert_eq!(ledger["connections"], json!([]));
    assert!(!app.traces_of(proxy.secret()));
    // Without it, the next attempt goes straight.
    app.api
        .patch(&session.path(""), json!({ "proxy": "" }))
        .await
        .well();
    app.scan(&session).await;
    app.status(&session, "working").await;
}

#[tokio::test]
async fn by_socks5_with_a_password_nobody_sees() {
    let app = app().await;
    let proxy = Proxy::socks5().await;
    let session = linked_through(&app, &proxy).await;
    // A wrong password: no connection, and none past the proxy either.
    let wrong = json!({ "proxy": proxy.url_with("guess") });
    app.api.patch(&session.path(""), wrong).await.well();
    app.api.poke(&session.path(":restart")).await.well();
    let asked = proxy.asked().len();
    let status = app.status(&session, "starting").await;
    assert_eq!(status["proxy"], proxy.shown());
    // Put right while it tries: the next attempt takes it.
    app.api
        .patch(&session.path(""), json!({ "proxy": proxy.url() }))
        .await
        .well();
    app.status(&session, "working").await;
    assert!(proxy.asked().len() > asked);
    and_straight_again(&app, &proxy, &session).await;
    app.api
        .patch(&session.path(""), json!({ "proxy": proxy.url() }))
        .await
        .well();
    assert!(
        !app.traces_of(proxy.secret()),
        "the password is written down"
    );
    app.clean_ledger().await;
}

#[tokio::test]
async fn by_http_connect() {
    let app = app().await;
    let proxy = Proxy::http().await;
    let session = linked_through(&app, &proxy).await;
    and_straight_again(&app, &proxy, &session).await;
    app.clean_ledger().await;
}

#[tokio::test]
async fn what_is_no_proxy_is_refused_by_name_and_changes_nothing() {
    let app = TestApp::new().await;
    let wrong = json!({ "proxy": "ftp://proxy.example:21", "ratePerMin": 0 });
    let refused = app.api.post("/sessions", wrong).await;
    assert_eq!(refused.refused(400), "validation_error");
    let details = refused.body["error"]["details"].as_object().unwrap();
    assert!(details.contains_key("proxy") && details.contains_key("ratePerMin"));
    assert_eq!(app.all("/sessions").await, Vec::<Value>::new());
    let proxy = "socks5://user:secret@proxy.example:1080";
    let made = app.api.post("/sessions", json!({ "proxy": proxy })).await;
    let path = format!("/sessions/{}", made.well()["id"].as_str().unwrap());
    for wrong in [
        json!("socks5://proxy.example"),
        json!("proxy.example:1080"),
        json!("http://proxy.example/path"),
        json!("http://:only@proxy.example:80"),
        json!(7),
    ] {
        let refused = app.api.patch(&path, json!({ "proxy": wrong })).await;
        assert_eq!(refused.refused(400), "validation_error");
        assert!(
            refused.body["error"]["details"]["proxy"].is_string(),
            "{wrong}"
        );
        assert!(!refused.body.to_string().contains("only"));
    }
    let now = app.api.get(&path).await.well();
    assert_eq!(now["proxy"], "socks5://proxy.example:1080");
    assert!(
        !app.traces_of("user:secret"),
        "the password is written down"
    );
}
