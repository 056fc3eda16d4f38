//! What people with the platform role see, across organizations.

use crate::harness::{TestApi, until};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wharf_domain::ports::store::StoreExt;

async fn page(api: &TestApi, token: &str, path: &str) -> Value {
    api.ask("GET", path).bearer(token).go().await.ok(200)
}

#[tokio::test]
async fn sessions_of_all_organizations_in_one_list() {
    let api = TestApi::new().await;
    let admin = api.person("member", true).await;
    let second = api.domain.create_organization("second").await.unwrap();
    let mut made = Vec::new();
    for org in [api.org, second.id, api.org] {
        made.push(api.session(org).await.id.to_string());
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(
            &api,
            &admin,
            &format!("/admin/sessions?limit=2&cursor={cursor}"),
        )
        .await;
        for session in page["data"].as_array().unwrap() {
            seen.push(session["id"].as_str().unwrap().to_owned());
        }
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn the_audit_log_by_filter_and_page() {
    let api = TestApi::new().await;
    let admin = api.person("owner", true).await;
    let body = json!({"name": "ci", "permissions": ["read"]});
    for _ in 0..3 {
        let made = api.ask("POST", "/api-keys").bearer(&admin).json(&body);
        made.go().await.ok(201);
    }
    let me = page(&api, &admin, "/auth/me").await;
    let me = me["userId"].as_str().unwrap();
    let path = format!(
        "/admin/audit?organization={}&actor={me}&action=api_key.create&from=1&to=1800000000000&limit=2",
        api.org
    );
    let first = page(&api, &admin, &path).await;
    let entries = first["data"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["details"]["permissions"], json!(["read"]));
    assert!(
        entries[0]["requestId"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = page(&api, &admin, &format!("{path}&cursor={cursor}")).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
    assert_eq!(rest["nextCursor"], "");
    assert_eq!(
        page(&api, &admin, "/admin/audit?to=1").await["data"],
        json!([])
    );
    for (query, field) in [
        ("organization=acme", "organization"),
        ("from=yesterday", "from"),
        ("to=1.5", "to"),
        ("from=2&to=1", "to"),
        ("cursor=x", "cursor"),
        (&format!("action=other&cursor={cursor}"), "cursor"),
    ] {
        let answer = api
            .ask("GET", &format!("/admin/audit?{query}"))
            .bearer(&admin);
        let details = answer.go().await.is(400, "validation_error");
        assert!(details[field].is_string(), "{query}: {details}");
    }
    // Ninety days later it is gone; the log of yesterday is not.
    api.clock.advance(89 * 86_400_000);
    api.post("/api-keys", &body).await.ok(201);
    api.clock.advance(86_400_001);
    assert!(api.domain.trim_audit(90 * 86_400_000).await.unwrap() >= 4);
    let admin = api.person("owner", true).await;
    let left = page(&api, &admin, "/admin/audit?action=api_key.create").await;
    assert_eq!(left["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_done_to_sessions_is_in_the_log() {
    let api = TestApi::new().await;
    let admin = api.person("owner", true).await;
    let made = api
        .post("/sessions", &json!({"label": "canary label"}))
        .await
        .ok(201);
    let path = format!("/sessions/{}", made["id"].as_str().unwrap());
    let change = json!({"label": "another canary", "autoRead": true});
    api.by_key("PATCH", &path).json(&change).go().await.ok(200);
    for verb in ["start", "start", "stop", "stop", "restart", "stop"] {
        api.by_key("POST", &format!("{path}:{verb}"))
            .go()
            .await
            .ok(200);
    }
    assert_eq!(api.by_key("DELETE", &path).go().await.status, 204);
    let log = page(&api, &admin, "/admin/audit?limit=200").await;
    let of_session: Vec<&Value> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["target"] == made["id"])
        .collect();
    let mut actions: Vec<_> = of_session
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    actions.reverse();
    // Repeating changes nothing and leaves nothing.
    assert_eq!(
        actions,
        [
            "session.create",
            "session.update",
            "session.start",
            "session.stop",
            "session.restart",
            "session.start",
            "session.stop",
            "session.delete",
        ]
    );
    for entry in &of_session {
        assert!(
            entry["actor"].as_str().unwrap().starts_with("key_"),
            "{entry}"
        );
        assert_eq!(entry["organizationId"], api.org.to_string());
    }
    let update = of_session
        .iter()
        .find(|e| e["action"] == "session.update")
        .unwrap();
    assert_eq!(update["details"]["fields"], json!(["label", "autoRead"]));
    assert!(!log.to_string().contains("canary"));
}

#[tokio::test]
async fn a_backfill_runs_once_tells_its_steps_and_survives_a_restart() {
    let api = TestApi::new().await;
    let admin = api.person("member", true).await;
    let scope = api.working().await;
    let start = format!("/admin/sessions/{}:backfill", scope.id);
    let get = format!("/admin/sessions/{}/backfill", scope.id);
    let post = async |path: &str| api.ask("POST", path).bearer(&admin).go().await;
    let now = async || api.ask("GET", &get).bearer(&admin).go().await;
    now().await.is(404, "not_found");
    for unknown in ["sess_1", "sess_01J00000000000000000000000"] {
        post(&format!("/admin/sessions/{unknown}:backfill"))
            .await
            .is(404, "not_found");
    }
    api.engine.connected.store(false, Ordering::SeqCst);
    let details = post(&start).await.is(501, "not_implemented");
    assert_eq!(details["reason"], "session_not_connected");
    now().await.is(404, "not_found");
    api.engine.connected.store(true, Ordering::SeqCst);

    let held = api.engine.silence.write().await;
    let job = post(&start).await.ok(202);
    assert_eq!(
        (&job["status"], &job["finishedAt"]),
        (&json!("running"), &Value::Null)
    );
    assert_eq!(job["sessionId"], scope.id.to_string());
    post(&start).await.is(409, "conflict");
    assert_eq!(now().await.ok(200), job);
    drop(held);
    until("it is done", async || {
        now().await.ok(200)["status"] == "done"
    })
    .await;
    assert_eq!(api.engine.heard(), ["pull contacts", "pull groups"]);
    let told: Vec<_> = api.events("backfill.updated").await;
    let statuses: Vec<_> = told
        .iter()
        .map(|job| job["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["running", "running", "running", "done"]);
    assert!(told.iter().all(|payload| payload["id"] == job["id"]));

    // A process that died in the middle left it running.
    let row = api
        .domain
        .store
        .read(move |view| view.job(scope.no, "backfill"))
        .await;
    let mut row = row.unwrap().unwrap();
    row.finished_at = None;
    let died = api.domain.store.write(move |tx| tx.put_job(scope.no, &row));
    died.await.unwrap();
    post(&start).await.is(409, "conflict");
    api.domain.resume_backfills().await.unwrap();
    until("it went on", async || {
        now().await.ok(200)["status"] == "done"
    })
    .await;
    assert_eq!(api.engine.heard(), ["pull contacts", "pull groups"]);
    post(&start).await.ok(202);
}

#[tokio::test]
async fn a_draining_gateway_starts_nothing_and_says_so() {
    let api = TestApi::new().await;
    let admin = api.person("member", true).await;
    let scope = api.working().await;
    let listed = page(&api, &admin, "/admin/gateways").await;
    let gateway = &listed["data"][0];
    assert_eq!(
        (&gateway["id"], &gateway["status"]),
        (&json!("node-1"), &json!("working"))
    );
    assert_eq!(
        (&gateway["sessions"], &gateway["connected"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(api.ask("GET", "//readyz").go().await.status, 200);
    let drain = async |id: &str| {
        let path = format!("/admin/gateways/{id}:drain");
        api.ask("POST", &path).bearer(&admin).go().await
    };
    drain("node-2").await.is(404, "not_found");
    for _ in 0..2 {
        assert_eq!(drain("node-1").await.ok(202)["status"], "draining");
    }
    until("its sessions are stopped", async || {
        api.engine.heard().contains(&"stop".to_owned())
    })
    .await;
    assert_eq!(api.ask("GET", "//readyz").go().await.status, 503);
    let path = format!("/sessions/{}", scope.id);
    api.by_key("POST", &format!("{path}:start"))
        .go()
        .await
        .is(503, "unavailable");
    api.post("/sessions", &json!({"start": true}))
        .await
        .is(503, "unavailable");
    api.get(&path).await.ok(200);
}
