//! The event log as a whole: every type of the catalogue, and the same on every way out.

mod catalogue;
mod four_ways;
mod traffic;

use crate::{
    harness::{ANNA, BORIS, CHLOE, OWN, TestApp},
    webhooks::LOCAL,
};
use serde_json::json;

/// A gateway without a session yet, people with phones, an account with some history.
async fn harbour() -> TestApp {
    let app = TestApp::with_env(LOCAL).await;
    for (phone, name) in [
        (OWN, "Own"),
        (ANNA, "Anna"),
        (BORIS, "Boris"),
        (CHLOE, "Chloe"),
    ] {
        app.account(phone, name).await;
    }
    let crowd = json!({ "for": OWN, "people": 12, "groups": 2, "messages": 2, "seed": 7 });
    app.phones.post("/populate", crowd).await.well();
    app
}
