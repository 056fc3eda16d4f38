//! Receivers that misbehave, and a gateway that dies.

use super::{Mood, Sink, home, hook, write};
use crate::harness::until;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Takes connections and does this with each.
async fn rude(deed: fn(tokio::net::TcpStream) -> tokio::task::JoinHandle<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            deed(socket);
        }
    });
    url
}

#[tokio::test]
async fn rude_receivers_delay_nobody() {
    let (app, _session) = home().await;
    let hanging = Sink::new().await;
    hanging.mood(Mood::Hangs);
    let flooding = Sink::new().await;
    flooding.mood(Mood::Floods);
    let resetting = rude(|socket| tokio::spawn(async move { drop(socket) })).await;
    let dripping = rude(|mut socket| {
        tokio::spawn(async move {
            let mut request = [0; 1_024];
            let _ = socket.read(&mut request).await;
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n"
                .iter()
                .cycle()
            {
                if socket.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    })
    .await;
    let dropping = rude(|mut socket| {
        tokio::spawn(async move {
            let mut request = [0; 1_024];
            let _ = socket.read(&mut request).await;
            let _ = socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
                .await;
        })
    })
    .await;
    let mut rude_hooks = Vec::new();
    for url in [
        &hanging.url,
        &flooding.url,
        &resetting,
        &dripping,
        &dropping,
    ] {
        let body = json!({ "url": url, "events": ["message"] });
        let made = app.api.post("/webhooks", body).await.well();
        rude_hooks.push(made["id"].as_str().unwrap().to_owned());
    }
    let good = Sink::new().await;
    hook(&app, &good, json!({})).await;
    for n in 0..10 {
        write(&app, &format!("number {n}")).await;
    }
    good.until("all of them", |came| came.len() == 10).await;
    assert_eq!(hanging.came().len(), 1, "the others wait behind the first");
    // 200 is 200, whatever follows it.
    for hook in [&rude_hooks[1], &rude_hooks[4]] {
        let path = format!("/webhooks/{hook}/deliveries?status=delivered");
        until("taken", || async {
            (app.all(&path).await.len() == 10).then_some(())
        })
        .await;
    }
    let path = format!("/webhooks/{}/deliveries", rude_hooks[1]);
    let answer = app.all(&path).await;
    assert_eq!(answer[0]["answer"].as_str().unwrap().len(), 4_096);
    let path = format!("/webhooks/{}/deliveries", rude_hooks[2]);
    until("a failure", || async {
        let made = app.all(&path).await;
        let first = made.last()?;
        assert_eq!(
            (&first["status"], first["httpStatus"].as_i64()),
            (&json!("failed"), None)
        );
        assert!(!first["error"].as_str().unwrap().contains("127.0.0.1"));
        Some(())
    })
    .await;
}

#[tokio::test]
async fn ten_gigabytes_of_answer_are_not_read() {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let (app, _session) = home().await;
    let url = rude(|mut socket| {
        tokio::spawn(async move {
            let mut request = [0; 1_024];
            let _ = socket.read(&mut request).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
            let _ = socket.write_all(head).await;
            let piece = vec![b'x'; 64 << 10];
            while socket.write_all(&piece).await.is_ok() {
                SENT.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
        })
    })
    .await;
    let made = json!({ "url": url, "events": ["message"] });
    let made = app.api.post("/webhooks", made).await.well();
    let path = format!("/webhooks/{}/deliveries", made["id"].as_str().unwrap());
    for n in 0..5 {
        write(&app, &format!("number {n}")).await;
    }
    let made = until("all of them", || async {
        let made = app.all(&path).await;
        (made.len() == 5).then_some(made)
    })
    .await;
    for one in made {
        assert_eq!(one["status"], "delivered", "200 is 200");
        assert_eq!(one["answer"].as_str().unwrap().len(), 4_096);
    }
    // What fits into the buffers of five connections, and no more.
    let sent = SENT.load(Ordering::Relaxed);
    assert!(sent < 5 * (32 << 20), "{sent} bytes were taken");
}

#[tokio::test]
async fn killed_while_delivering_nothing_is_lost() {
    let (mut app, _session) = home().await;
    let sink = Sink::new().await;
    hook(&app, &sink, json!({})).await;
    let mut wanted = BTreeSet::new();
    for round in 0..4_u64 {
        for n in 0..10 {
            let text = format!("round {round} number {n}");
            write(&app, &text).await;
            wanted.insert(text);
        }
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        app.kill_gateway().await;
        app.start_gateway().await;
    }
    sink.until("everything", |_| {
        sink.texts().into_iter().collect::<BTreeSet<_>>() == wanted
    })
    .await;
    let mut ids = std::collections::BTreeMap::new();
    for delivery in sink.came() {
        let text = delivery.event()["payload"]["body"].to_string();
        let id = delivery.id().to_owned();
        assert_eq!(
            ids.entry(text).or_insert_with(|| id.clone()),
            &id,
            "another id for the same event"
        );
    }
}

#[tokio::test]
async fn where_nothing_may_be_sent() {
    let (app, _session) = home().await;
    for url in [
        "https://10.1.2.3/",
        "https://[::ffff:10.1.2.3]/",
        "https://[2002:a01:203::1]/",
        "https://[64:ff9b::a01:203]/",
        "https://169.254.169.254/latest/meta-data",
        "https://user@example.com/",
        "https://example.com:22/",
        "ftp://example.com/",
        "https://",
        "nonsense",
    ] {
        let answer = app.api.post("/webhooks", json!({ "url": url })).await;
        assert_eq!(answer.refused(400), "validation_error", "{url}");
        assert!(
            answer.body["error"]["details"]["url"].is_string(),
            "{url}: {}",
            answer.body
        );
    }
    let redirecting = super::sink::Sink::new().await;
    redirecting.mood(Mood::Answers(307));
    let made = hook(&app, &redirecting, json!({})).await;
    let path = format!("/webhooks/{}:test", made["id"].as_str().unwrap());
    let tested = app.api.poke(&path).await.well();
    assert_eq!(
        (&tested["delivered"], &tested["httpStatus"]),
        (&json!(false), &json!(307))
    );
}
