//! The control API's manners.

use serde_json::{Value, json};

use crate::hand::Net;

#[tokio::test]
async fn writes_are_json_from_loopback_and_errors_name_the_field() {
    let net = Net::start().await;
    let form = net
        .raw()
        .post(net.url("/accounts"))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 415);
    let rebound = net
        .raw()
        .get(net.url("/accounts"))
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(rebound.status(), 403);
    let cases = [
        (json!({"phone": "0123", "name": "x"}), "phone"),
        (json!({"phone": "4917123", "name": 3}), "name"),
        (json!({"phone": "4917123"}), "name"),
        (json!({"phone": "4917123", "name": "x", "nmae": 1}), "nmae"),
        (
            json!({"phone": "4917123", "name": "x", "lid": "abc"}),
            "lid",
        ),
    ];
    for (body, field) in cases {
        let (status, out) = net.try_post("/accounts", body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert!(out["error"]["details"][field].is_string(), "{body} → {out}");
    }
    assert_eq!(
        net.get("/accounts").await["data"],
        json!([]),
        "nothing was written"
    );
    assert_eq!(
        net.raw()
            .get(net.url("/nowhere"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}

#[tokio::test]
async fn a_number_is_taken_once() {
    let net = Net::start().await;
    net.account("491700000001").await;
    let (status, _) = net
        .try_post(
            "/accounts",
            json!({"phone": "+491700000001", "name": "again"}),
        )
        .await;
    assert_eq!(status, 409);
    let (status, out) = net
        .try_post(
            "/accounts/491700000009/send",
            json!({"to": "491700000001", "type": "text", "text": "x"}),
        )
        .await;
    assert_eq!(
        (status, out["error"]["code"].as_str()),
        (404, Some("not_found"))
    );
}

#[tokio::test]
async fn people_edit_take_back_and_react() {
    let net = Net::start().await;
    let (a, b) = ("491700000001", "491700000002");
    net.account(a).await;
    net.account(b).await;
    let send = format!("/accounts/{a}/send");
    let first = net.says(a, b, "one").await;
    let second = net.says(a, b, "two").await;
    net.post(
        &send,
        json!({"to": b, "type": "edit", "waMessageId": first, "text": "uno"}),
    )
    .await;
    net.post(&send, json!({"to": b, "revoke": {"waMessageId": second}}))
        .await;
    let shown: Vec<Value> = net.inbox(b).await;
    assert_eq!(
        (shown[0]["body"].as_str(), shown[0]["edited"].as_bool()),
        (Some("uno"), Some(true))
    );
    assert_eq!(
        (shown[1]["body"].as_str(), shown[1]["deleted"].as_bool()),
        (Some(""), Some(true))
    );
    let foreign = net
        .try_post(
            &format!("/accounts/{b}/send"),
            json!({"to": a, "type": "edit", "waMessageId": first, "text": "x"}),
        )
        .await;
    assert_eq!(foreign.0, 400, "only the author edits");
}
