//! Events pushed to receivers.

mod bad_days;
mod patience;
mod promises;
pub mod sink;

use crate::harness::{ANNA, OWN, Session, TestApp};
use serde_json::{Value, json};
use sink::{Mood, Sink};

/// Receivers on this machine are permitted.
pub const LOCAL: &[(&str, &str)] = &[
    ("WHARF_OUTBOUND__ALLOW_HTTP", "true"),
    ("WHARF_OUTBOUND__ALLOW_SUBNETS", r#"["127.0.0.0/8"]"#),
];

/// A gateway with a paired session, and somebody who writes to it.
async fn home() -> (TestApp, Session) {
    let app = TestApp::with_env(LOCAL).await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    (app, session)
}

/// A webhook for messages alone, with these further settings.
async fn hook(app: &TestApp, sink: &Sink, more: Value) -> Value {
    let mut body = json!({ "url": sink.url, "events": ["message"] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.api.post("/webhooks", body).await.well()
}

async fn write(app: &TestApp, text: &str) {
    app.phones
        .post(
            &format!("/accounts/{ANNA}/send"),
            json!({ "to": OWN, "type": "text", "text": text }),
        )
        .await
        .well();
}

fn id(webhook: &Value) -> &str {
    webhook["id"].as_str().unwrap()
}

fn secret(webhook: &Value) -> &str {
    webhook["secret"].as_str().unwrap()
}
