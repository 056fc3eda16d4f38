//! Keys over HTTP: made, listed, revoked, and never more than who makes them has.

use crate::harness::TestApi;
use serde_json::{Value, json};
use wharf_domain::ports::store::{AuditFilter, AuditRow};
use wharf_types::{Capability::*, Millis};

const NOW: Millis = 1_800_000_000_000;

async fn audit(api: &TestApi, action: &str) -> Vec<AuditRow> {
    let filter = AuditFilter {
        action: Some(action.to_owned()),
        ..Default::default()
    };
    api.domain.list_audit(filter, 200, "").await.unwrap().data
}

fn ids(list: &Value) -> Vec<String> {
    let of = |key: &Value| key["id"].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_revoked() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let body = json!({"name": "ci", "permissions": ["manage", "read", "read"], "sessions": [session.id],
        "expiresAt": NOW + 60_000});
    let made = api.post("/api-keys", &body).await.ok(201);
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(made["name"], "ci");
    assert_eq!(made["permissions"], json!(["read", "manage"]));
    assert_eq!(made["sessions"], json!([session.id]));
    assert_eq!(made["expiresAt"], NOW + 60_000);
    assert_eq!(made["createdAt"], NOW);

    let listed = api.get("/api-keys").await;
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(secret));
    let listed = listed.ok(200);
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(ids(&listed).contains(&id));
    assert!(listed["data"][1].get("secret").is_none());

    let there = format!("/sessions/{}", session.id);
    api.ask("GET", &there).bearer(secret).go().await.ok(200);
    let path = format!("/api-keys/{id}");
    assert_eq!(api.by_key("DELETE", &path).go().await.status, 204);
    api.by_key("DELETE", &path).go().await.is(404, "not_found");
    assert!(!ids(&api.get("/api-keys").await.ok(200)).contains(&id));
    crate::harness::until("the key opens nothing", async || {
        api.ask("GET", &there).bearer(secret).go().await.status == 401
    })
    .await;

    let entries = audit(&api, "api_key.create").await;
    let entry = entries.iter().find(|entry| entry.target == id).unwrap();
    assert_eq!(entry.org, Some(api.org));
    assert!(entry.actor.starts_with("key_") && entry.request.starts_with("req_"));
    assert!(!format!("{entries:?}").contains(&secret[3..20]));
    assert_eq!(audit(&api, "api_key.revoke").await[0].target, id);
}

#[tokio::test]
async fn a_key_grants_at_most_what_its_maker_has() {
    let api = TestApi::new().await;
    let (mine, other) = (api.session(api.org).await, api.session(api.org).await);
    let manager = api.key_of(api.org, &[Manage], &[]).await;
    let limited = api.key_of(api.org, &[Read, Manage], &[mine.id]).await;
    let short = json!({"name": "short", "permissions": ["manage"], "expiresAt": NOW + 1_000});
    let short = api.post("/api-keys", &short).await.ok(201)["secret"].clone();
    let short = short.as_str().unwrap();
    let make = |by: &str, body: Value| {
        let ask = api.ask("POST", "/api-keys").bearer(by).json(&body);
        async move { ask.go().await }
    };
    for (by, body, reason) in [
        (
            &*manager,
            json!({"name": "x", "permissions": ["read"]}),
            "permissions_beyond_own",
        ),
        (
            &manager,
            json!({"name": "x", "permissions": ["manage", "send"]}),
            "permissions_beyond_own",
        ),
        (
            &limited,
            json!({"name": "x", "permissions": ["read"]}),
            "sessions_beyond_own",
        ),
        (
            &limited,
            json!({"name": "x", "permissions": ["read"], "sessions": []}),
            "sessions_beyond_own",
        ),
        (
            &limited,
            json!({"name": "x", "permissions": ["read"], "sessions": [mine.id, other.id]}),
            "sessions_beyond_own",
        ),
        (
            short,
            json!({"name": "x", "permissions": ["manage"]}),
            "expiry_beyond_own",
        ),
        (
            short,
            json!({"name": "x", "permissions": ["manage"], "expiresAt": NOW + 1_001}),
            "expiry_beyond_own",
        ),
    ] {
        let details = make(by, body.clone()).await.is(403, "forbidden");
        assert_eq!(details["reason"], reason, "{body}");
    }
    make(&manager, json!({"name": "x", "permissions": ["manage"]}))
        .await
        .ok(201);
    make(
        short,
        json!({"name": "x", "permissions": ["manage"], "expiresAt": NOW + 1_000}),
    )
    .await
    .ok(201);
    let made = make(
        &limited,
        json!({"name": "x", "permissions": ["read"], "sessions": [mine.id]}),
    )
    .await
    .ok(201);

    // The limited key sees keys of its session only, and can revoke no other.
    let seen = api
        .ask("GET", "/api-keys")
        .bearer(&limited)
        .go()
        .await
        .ok(200);
    let all = ids(&api.get("/api-keys").await.ok(200));
    assert_eq!(ids(&seen).len(), 2);
    assert!(ids(&seen).contains(&made["id"].as_str().unwrap().to_owned()));
    assert_eq!(all.len(), 7);
    let hidden = all.iter().find(|id| !ids(&seen).contains(id)).unwrap();
    api.ask("DELETE", &format!("/api-keys/{hidden}"))
        .bearer(&limited)
        .go()
        .await
        .is(404, "not_found");
    assert!(ids(&api.get("/api-keys").await.ok(200)).contains(hidden));
}

#[tokio::test]
async fn every_field_of_a_new_key() {
    let api = TestApi::new().await;
    let second = api.domain.create_organization("second").await.unwrap();
    let foreign = api.session(second.id).await;
    let before = api.get("/api-keys").await.ok(200);
    let many = vec![foreign.id; 1_001];
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "x"}), "permissions"),
        (json!({"name": "x", "permissions": []}), "permissions"),
        (json!({"name": "x", "permissions": "read"}), "permissions"),
        (
            json!({"name": "x", "permissions": ["admin"]}),
            "permissions[0]",
        ),
        (json!({"name": "x", "permissions": [7]}), "permissions[0]"),
        (json!({"name": " ", "permissions": ["read"]}), "name"),
        (json!({"name": 5, "permissions": ["read"]}), "name"),
        (json!({"name": null, "permissions": ["read"]}), "name"),
        (
            json!({"name": "x".repeat(257), "permissions": ["read"]}),
            "name",
        ),
        (json!({"name": "a\nb", "permissions": ["read"]}), "name"),
        (
            json!({"name": "x", "permissions": ["read"], "sessions": ["sess_1"]}),
            "sessions[0]",
        ),
        (
            json!({"name": "x", "permissions": ["read"], "sessions": [foreign.id]}),
            "sessions",
        ),
        (
            json!({"name": "x", "permissions": ["read"], "sessions": many}),
            "sessions",
        ),
        (
            json!({"name": "x", "permissions": ["read"], "expiresAt": NOW}),
            "expiresAt",
        ),
        (
            json!({"name": "x", "permissions": ["read"], "expiresAt": "soon"}),
            "expiresAt",
        ),
        (
            json!({"name": "x", "permissions": ["read"], "secret": "wa_1"}),
            "secret",
        ),
    ] {
        let details = api
            .post("/api-keys", &body)
            .await
            .is(400, "validation_error");
        assert!(details[field].is_string(), "{body}: {details}");
    }
    assert_eq!(api.get("/api-keys").await.ok(200), before);
    for id in ["key_1", "x", "sess_01J00000000000000000000000"] {
        let path = format!("/api-keys/{id}");
        api.by_key("DELETE", &path).go().await.is(404, "not_found");
    }
}

#[tokio::test]
async fn pages_of_keys() {
    let api = TestApi::new().await;
    for number in 0..5 {
        let body = json!({"name": number.to_string(), "permissions": ["read"]});
        api.post("/api-keys", &body).await.ok(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!("/api-keys?limit=2&cursor={cursor}"))
            .await
            .ok(200);
        for key in page["data"].as_array().unwrap() {
            names.push(key["name"].as_str().unwrap().to_owned());
        }
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["test", "0", "1", "2", "3", "4"]);
}
