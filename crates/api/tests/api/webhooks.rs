//! Webhooks: what may be set, and who sees which.

use crate::harness::TestApi;
use serde_json::json;
use wharf_types::Capability;

const URL: &str = "https://hooks.example.com/in";

#[tokio::test]
async fn made_shown_changed_removed() {
    let api = TestApi::new().await;
    let made = api.post("/webhooks", &json!({ "url": URL })).await.ok(201);
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(api.get(&path).await.ok(200), shown);
    assert_eq!(shown["events"], json!(["*"]));
    assert_eq!(
        shown["retryPolicy"],
        json!({ "attempts": 11, "delaySeconds": 5, "policy": "schedule" })
    );
    let set = json!({
        "events": [], "active": false, "ordered": true, "customHeaders": { "X-A": "b" },
        "retryPolicy": { "attempts": 3, "policy": "constant" }, "url": "https://hooks.example.com/other",
    });
    let changed = api.by_key("PATCH", &path).json(&set).go().await.ok(200);
    for field in ["events", "active", "ordered", "customHeaders", "url"] {
        assert_eq!(changed[field], set[field]);
    }
    assert_eq!(changed["retryPolicy"]["attempts"], 3);
    assert_eq!(api.get(&path).await.ok(200), changed);
    let other = api.post("/webhooks", &json!({ "url": URL })).await.ok(201);
    let first = api.get("/webhooks?limit=1").await.ok(200);
    assert_eq!(first["data"][0], changed);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = api
        .get(&format!("/webhooks?limit=1&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(second["data"][0]["id"], other["id"]);
    assert_eq!(second["nextCursor"], "");
    api.by_key("DELETE", &path).go().await.ok(204);
    api.by_key("DELETE", &path).go().await.is(404, "not_found");
    api.get(&path).await.is(404, "not_found");
}

#[tokio::test]
async fn bad_input_is_named_and_writes_nothing() {
    let api = TestApi::new().await;
    let foreign = api
        .session(api.domain.create_organization("second").await.unwrap().id)
        .await;
    for (field, body) in [
        ("url", json!({})),
        ("url", json!({ "url": "http://hooks.example.com/" })),
        ("events", json!({ "url": URL, "events": ["mesage"] })),
        ("events", json!({ "url": URL, "events": ["auth.qr"] })),
        ("sessionId", json!({ "url": URL, "sessionId": "x" })),
        ("sessionId", json!({ "url": URL, "sessionId": foreign.id })),
        (
            "customHeaders.Host",
            json!({ "url": URL, "customHeaders": { "Host": "x" } }),
        ),
        (
            "retryPolicy.attempts",
            json!({ "url": URL, "retryPolicy": { "attempts": 31 } }),
        ),
        (
            "retryPolicy.policy",
            json!({ "url": URL, "retryPolicy": { "policy": "x" } }),
        ),
        ("secret", json!({ "url": URL, "secret": "whsec_short" })),
        ("extra", json!({ "url": URL, "extra": 1 })),
    ] {
        let details = api
            .post("/webhooks", &body)
            .await
            .is(400, "validation_error");
        assert!(details[field].is_string(), "{body}: {details}");
    }
    assert_eq!(api.get("/webhooks").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn a_limited_key_sees_those_of_its_sessions() {
    let api = TestApi::new().await;
    let (mine, other) = (api.session(api.org).await, api.session(api.org).await);
    let key = api.key_of(api.org, &[Capability::Manage], &[mine.id]).await;
    let all = api.post("/webhooks", &json!({ "url": URL })).await.ok(201);
    let theirs = json!({ "url": URL, "sessionId": other.id });
    let theirs = api.post("/webhooks", &theirs).await.ok(201);
    let ask = |method: &str, path: &str| api.ask(method, path).bearer(&key);
    for body in [
        json!({ "url": URL }),
        json!({ "url": URL, "sessionId": other.id }),
    ] {
        let refused = ask("POST", "/webhooks").json(&body).go().await;
        assert!(refused.is(400, "validation_error")["sessionId"].is_string());
    }
    let body = json!({ "url": URL, "sessionId": mine.id });
    let own = ask("POST", "/webhooks").json(&body).go().await.ok(201);
    let listed = ask("GET", "/webhooks?limit=1").go().await.ok(200);
    assert_eq!(listed["data"][0]["id"], own["id"]);
    assert_eq!(
        (
            listed["data"].as_array().unwrap().len(),
            &listed["nextCursor"]
        ),
        (1, &json!(""))
    );
    for hidden in [&all, &theirs] {
        let path = format!("/webhooks/{}", hidden["id"].as_str().unwrap());
        for (method, rest) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/deliveries"),
            ("POST", ":test"),
            ("POST", ":rotate"),
        ] {
            let answer = ask(method, &format!("{path}{rest}")).go().await;
            answer.is(404, "not_found");
        }
    }
    let path = format!("/webhooks/{}", own["id"].as_str().unwrap());
    let moved = ask("PATCH", &path)
        .json(&json!({ "sessionId": "" }))
        .go()
        .await;
    assert!(moved.is(400, "validation_error")["sessionId"].is_string());
}
