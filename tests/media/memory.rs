//! A large file goes through in pieces.

use super::real::sha256;
use crate::{
    harness::{ANNA, Door, OWN, TestApp, until},
    messages::support::says,
};
use reqwest::Method;
use serde_json::{Value, json};

const LARGE: usize = 100 << 20;
/// What the gateway may need above what it needs idle.
const ROOM_KB: u64 = 40 << 10;

/// Resets and reads the peak of the gateway's resident memory, in kB.
struct Meter(u32);

impl Meter {
    fn line(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    fn reset(&self) -> u64 {
        std::fs::write(format!("/proc/{}/clear_refs", self.0), "5").unwrap();
        self.line("VmRSS:")
    }

    fn peak(&self) -> u64 {
        self.line("VmHWM:")
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_never_whole_in_memory() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    // Not all alike, and made without a file.
    let bytes: Vec<u8> = (0..LARGE).map(|n| (n >> 12) as u8 ^ n as u8).collect();
    let hash = sha256(&bytes);
    let meter = Meter(app.gateway_pid());
    let idle = meter.reset();

    let request = app.api.request(Method::POST, &session.path("/media"));
    let request = request
        .header("content-type", "application/pdf")
        .body(bytes.clone());
    let uploaded = Door::send(request).await.well();
    let after_upload = meter.peak();
    let body =
        json!({ "type": "document", "to": ANNA, "media": { "mediaId": uploaded["mediaId"] } });
    app.api
        .post(&session.path("/messages?async=true"), body)
        .await
        .well();
    let inbox = app.inbox(ANNA, |seen| seen.len() == 1).await;
    assert_eq!(inbox[0]["media"]["problem"], Value::Null, "{}", inbox[0]);
    assert_eq!(inbox[0]["media"]["sha256"], hash);
    let after_send = meter.peak();

    let media = json!({ "size": LARGE, "mimetype": "application/pdf" });
    let id = says(
        &app,
        ANNA,
        json!({ "to": OWN, "type": "document", "media": media }),
    )
    .await;
    until("the message", || async {
        let list = app
            .api
            .get(&session.path(&format!("/chats/{ANNA}/messages")))
            .await
            .body;
        let list = list["data"].as_array().cloned().unwrap_or_default();
        list.iter()
            .any(|message| message["waMessageId"] == *id)
            .then_some(())
    })
    .await;
    let before_fetch = meter.peak();
    let path = session.path(&format!("/messages/{id}/media"));
    let got = app.api.request(Method::GET, &path).send().await.unwrap();
    let got = got.bytes().await.unwrap();
    assert_eq!(got.len(), LARGE);
    let inbox = app
        .inbox(OWN, |seen| {
            seen.iter().any(|line| line["waMessageId"] == *id)
        })
        .await;
    let line = inbox
        .iter()
        .find(|line| line["waMessageId"] == *id)
        .unwrap();
    assert_eq!(line["media"]["sha256"], sha256(&got));
    let after_fetch = meter.peak();
    println!(
        "kB above idle ({idle}): upload {}, send {}, before fetch {}, fetch {}",
        after_upload - idle,
        after_send - idle,
        before_fetch - idle,
        after_fetch - idle
    );
    assert!(
        after_fetch - idle < ROOM_KB,
        "{} kB above idle",
        after_fetch - idle
    );
}
