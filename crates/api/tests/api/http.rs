//! The rules every endpoint keeps: order of checks, envelope, request ids, colon verbs, bodies, pages.

use crate::harness::TestApi;
use axum::body::Body;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use wharf_domain::ports::engine::LinkCode;
use wharf_types::Capability;

const NOBODY: &str = "sess_01J00000000000000000000000";

/// A body that must not be read.
fn untouchable() -> (Body, std::sync::Arc<AtomicBool>) {
    let read = std::sync::Arc::new(AtomicBool::new(false));
    let seen = read.clone();
    let stream = futures_util::stream::poll_fn(move |_| {
        seen.store(true, Ordering::SeqCst);
        std::task::Poll::Ready(None::<Result<bytes::Bytes, std::io::Error>>)
    });
    (Body::from_stream(stream), read)
}

#[tokio::test]
async fn the_order_of_checks() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let second = api.domain.create_organization("second").await.unwrap();
    let foreign = api.session(second.id).await;
    let reader = api.key_of(api.org, &[Capability::Read], &[]).await;
    let mine = format!("/sessions/{}", session.id);

    // 401 before everything.
    for path in [&mine, &format!("/sessions/{NOBODY}"), "/sessions/x"] {
        api.ask("PATCH", path)
            .text("{")
            .go()
            .await
            .is(401, "unauthorized");
        api.ask("PUT", path).go().await.is(401, "unauthorized");
    }
    // 403 before 404.
    for path in [&mine, &format!("/sessions/{NOBODY}"), "/sessions/x"] {
        api.ask("PATCH", path)
            .bearer(&reader)
            .text("{")
            .go()
            .await
            .is(403, "forbidden");
    }
    // 404 of the session before the body is read, before 405, 406, 413, 415 and 400.
    for id in [
        NOBODY.to_owned(),
        foreign.id.to_string(),
        "x".into(),
        "%ff".into(),
        session.id.to_string().to_lowercase(),
    ] {
        let path = format!("/sessions/{id}");
        let (body, read) = untouchable();
        let answer = api
            .by_key("PATCH", &path)
            .header("content-type", "text/plain")
            .raw(body)
            .go()
            .await;
        answer.is(404, "not_found");
        assert_eq!(
            answer.json()["error"]["message"],
            "session not found",
            "{id}"
        );
        assert!(!read.load(Ordering::SeqCst), "the body was read");
        api.by_key("PUT", &path).go().await.is(404, "not_found");
        api.by_key("GET", &path)
            .header("accept", "text/html")
            .go()
            .await
            .is(404, "not_found");
        api.by_key("PATCH", &path)
            .header("content-length", "999999999")
            .go()
            .await
            .is(404, "not_found");
    }
    // 405, 406, 413, 415 before 400.
    let answer = api.by_key("PUT", &mine).text("{").go().await;
    answer.is(405, "method_not_allowed");
    let allow = answer.headers["allow"].to_str().unwrap();
    for method in ["GET", "PATCH", "DELETE"] {
        assert!(allow.contains(method), "{allow}");
    }
    api.by_key("GET", &mine)
        .header("accept", "text/html")
        .go()
        .await
        .is(406, "not_acceptable");
    api.by_key("PATCH", &mine)
        .header("content-type", "text/plain")
        .raw("{".into())
        .go()
        .await
        .is(415, "unsupported_media_type");
    api.by_key("PATCH", &mine)
        .raw("{}".into())
        .go()
        .await
        .is(415, "unsupported_media_type");
    api.by_key("PATCH", &mine)
        .header("content-encoding", "gzip")
        .text("{}")
        .go()
        .await
        .is(415, "unsupported_media_type");
    api.by_key("PATCH", &mine)
        .text(&"x".repeat((1 << 20) + 1))
        .go()
        .await
        .is(413, "payload_too_large");
    api.by_key("PATCH", &mine)
        .text("{")
        .go()
        .await
        .is(400, "validation_error");
}

#[tokio::test]
async fn a_body_without_a_length_is_measured_as_it_comes() {
    let api = TestApi::new().await;
    let chunk = || Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b' '; 64 << 10]));
    let endless = futures_util::stream::repeat_with(chunk);
    let answer = api
        .by_key("POST", "/sessions")
        .header("content-type", "application/json")
        .raw(Body::from_stream(endless))
        .go()
        .await;
    answer.is(413, "payload_too_large");
}

#[tokio::test]
async fn what_is_not_there() {
    let api = TestApi::new().await;
    for path in ["/nope", "//", "//api", "/sessions/", "//api/v2/sessions"] {
        api.get(path).await.is(404, "not_found");
    }
    api.ask("POST", "//livez")
        .go()
        .await
        .is(405, "method_not_allowed");
}

#[tokio::test]
async fn request_ids() {
    let api = TestApi::new().await;
    let given = api
        .by_key("GET", "/sessions")
        .header("x-request-id", "abc-1")
        .go()
        .await;
    assert_eq!(given.headers["x-request-id"], "abc-1");
    let insane = api
        .by_key("GET", "/nope")
        .header("x-request-id", "a b")
        .go()
        .await;
    assert!(
        insane.headers["x-request-id"]
            .to_str()
            .unwrap()
            .starts_with("req_")
    );
}

#[tokio::test]
async fn colon_verbs() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let path = |verb: &str| format!("/sessions/{}{verb}", session.id);
    let started = api.by_key("POST", &path(":start")).go().await.ok(200);
    assert_eq!(started["status"], "starting");
    api.by_key("POST", &path(":start?x=1")).go().await.ok(200);
    api.by_key("POST", &path(":restart")).go().await.ok(200);
    let stopped = api.by_key("POST", &path(":stop")).go().await.ok(200);
    assert_eq!(stopped["status"], "stopped");
    api.by_key("POST", &path(":logout")).go().await.ok(200);
    api.by_key("GET", &path(":start"))
        .go()
        .await
        .is(405, "method_not_allowed");
    for wrong in ["/~start", ":begin", ":start/", "%3Astart", "/%7Estart"] {
        api.by_key("POST", &path(wrong))
            .go()
            .await
            .is(404, "not_found");
    }
    api.by_key("POST", &format!("/sessions/{NOBODY}:start"))
        .go()
        .await
        .is(404, "not_found");
}

#[tokio::test]
async fn a_strict_body_writes_nothing() {
    let api = TestApi::new().await;
    for (body, field) in [
        (r#"{"label":"x","colour":"red"}"#, "colour"),
        (r#"{"label":5}"#, "label"),
        (r#"{"label":"a\u0000"}"#, "label"),
        (r#"{"label":"\ud83d"}"#, "label"),
        (r#"{"label":"a","label":"b"}"#, "body"),
        (r#"{"ratePerMin":0}"#, "ratePerMin"),
        (r#"{"ratePerMin":60001}"#, "ratePerMin"),
        (r#"{"ratePerMin":1.5}"#, "ratePerMin"),
        (r#"{"ratePerHour":-1}"#, "ratePerHour"),
        ("[]", "body"),
        ("null", "body"),
        ("", "body"),
    ] {
        let details = api
            .by_key("POST", "/sessions")
            .text(body)
            .go()
            .await
            .is(400, "validation_error");
        let named = details.as_object().unwrap();
        assert!(named.contains_key(field), "{body}: {details}");
    }
    assert_eq!(api.get("/sessions").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn the_life_of_a_session() {
    let api = TestApi::new().await;
    let made = api
        .post(
            "/sessions",
            &json!({"label": "é", "autoRead": true, "ratePerMin": 5}),
        )
        .await
        .ok(201);
    let id = made["id"].as_str().unwrap();
    let expected = [
        ("autoRead", json!(true)),
        ("createdByUserId", json!("")),
        ("isAdminSession", json!(false)),
        ("label", json!("é")),
        ("lastConnectedAt", Value::Null),
        ("organizationId", json!(api.org.to_string())),
        ("phoneNumber", json!("")),
        ("presenceTyping", json!(false)),
        ("ratePerHour", json!(600)),
        ("ratePerMin", json!(5)),
        ("status", json!("stopped")),
        ("statusReason", json!("")),
        ("waJid", json!("")),
        ("waLid", json!("")),
        ("createdAt", json!(1_800_000_000_000_i64)),
        ("updatedAt", json!(1_800_000_000_000_i64)),
    ];
    for (field, value) in expected {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["gatewayId"].is_string());
    let path = format!("/sessions/{id}");
    let changed = api
        .by_key("PATCH", &path)
        .json(&json!({"label": "new", "presenceTyping": true}))
        .go()
        .await
        .ok(200);
    assert_eq!(
        (
            &changed["label"],
            &changed["autoRead"],
            &changed["presenceTyping"]
        ),
        (&json!("new"), &json!(true), &json!(true))
    );
    assert_eq!(api.get(&path).await.ok(200), changed);
    api.get(&format!("{path}/me")).await.is(404, "not_found");
    api.by_key("DELETE", &path).go().await.ok(204);
    for method in ["GET", "DELETE"] {
        api.by_key(method, &path).go().await.is(404, "not_found");
    }
}

#[tokio::test]
async fn the_qr_code_in_every_form() {
    let api = TestApi::new().await;
    let session = api.session(api.org).await;
    let path = format!("/sessions/{}/qr", session.id);
    api.get(&path).await.is(404, "not_found");
    let code = LinkCode {
        code: "2@abc,def,ghi".to_owned(),
        expires_at: 5,
    };
    *api.engine.code.lock().unwrap() = Some(code);
    assert_eq!(
        api.get(&path).await.ok(200),
        json!({"code": "2@abc,def,ghi", "expiresAt": 5})
    );
    let png = api
        .by_key("GET", &path)
        .header("accept", "image/png")
        .go()
        .await;
    assert_eq!(png.headers["content-type"], "image/png");
    assert!(png.bytes.starts_with(b"\x89PNG"));
    let svg = api
        .by_key("GET", &path)
        .header("accept", "image/svg+xml")
        .go()
        .await;
    assert_eq!(svg.headers["content-type"], "image/svg+xml");
    assert_eq!(svg.headers["cache-control"], "no-store");
    api.by_key("GET", &path)
        .header("accept", "text/html")
        .go()
        .await
        .is(406, "not_acceptable");
    for phone in [
        "+15551230001",
        "abc",
        "",
        "0155512300",
        "15551230001@s.whatsapp.net",
    ] {
        let asked = api
            .post(
                &format!("/sessions/{}/pairing-code", session.id),
                &json!({"phone": phone}),
            )
            .await;
        assert!(
            asked.is(400, "validation_error")["phone"].is_string(),
            "{phone}"
        );
    }
    let asked = api
        .post(
            &format!("/sessions/{}/pairing-code", session.id),
            &json!({"phone": "15551230001"}),
        )
        .await;
    assert_eq!(asked.ok(200)["code"], "ABCD-1234");
}

#[tokio::test]
async fn pages_of_sessions() {
    let api = TestApi::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(api.session(api.org).await.id.to_string());
    }
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!("/sessions?limit=2&cursor={cursor}&unknown=1"))
            .await
            .ok(200);
        walked.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s["id"].as_str().unwrap().to_owned()),
        );
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(walked, made);
    for (limit, count) in [
        ("", 5),
        ("0", 5),
        ("-1", 1),
        ("99999999999999999999999", 5),
        ("3", 3),
    ] {
        let page = api.get(&format!("/sessions?limit={limit}")).await.ok(200);
        assert_eq!(page["data"].as_array().unwrap().len(), count, "{limit}");
    }
    for limit in ["x", "1.0", "1e2", "%20", "0x1"] {
        let details = api
            .get(&format!("/sessions?limit={limit}"))
            .await
            .is(400, "validation_error");
        assert!(details["limit"].is_string());
    }
    let next = api.get("/sessions?limit=1").await.ok(200)["nextCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = api.domain.create_organization("second").await.unwrap();
    let foreign = api.key_of(second.id, &[Capability::Manage], &[]).await;
    let path = format!("/sessions?limit=1&cursor={next}");
    api.ask("GET", &path)
        .bearer(&foreign)
        .go()
        .await
        .is(400, "validation_error");
    for forged in ["x", &format!("{next}A"), &next[1..]] {
        let details = api
            .get(&format!("/sessions?cursor={forged}"))
            .await
            .is(400, "validation_error");
        assert!(details["cursor"].is_string());
    }
}

#[tokio::test]
async fn for_those_who_run_it() {
    let api = TestApi::new().await;
    for path in ["//livez", "//readyz", "//docs"] {
        let answer = api.ask("GET", path).go().await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.headers.contains_key("x-request-id"));
    }
    api.ask("GET", "//metrics")
        .go()
        .await
        .is(401, "unauthorized");
    let metrics = api.by_key("GET", "//metrics").go().await;
    assert_eq!(metrics.bytes, b"wharf_up 1\n");
    let document = api.ask("GET", "/openapi.json").go().await.ok(200);
    assert!(document["paths"]["/api/v1/sessions/{session}:start"]["post"].is_object());
}
