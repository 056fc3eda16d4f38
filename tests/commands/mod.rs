//! The program as scripts use it.

mod listen;

use crate::harness::{Door, Program, TestApp, until};
use serde_json::Value;

#[tokio::test]
async fn demo_is_ready_when_everybody_is_there_and_resumes_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let args = [
        "demo",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--people",
        "40",
        "--groups",
        "3",
        "--messages",
        "2",
        "--data",
        data,
    ];
    let mut demo = Program::start(&args, &[], &dir.path().join("demo.log"));
    let first = demo.line().await;
    assert_eq!(first["ready"], true);
    let people = |line: &Value| {
        let door = Door::new(line["apiUrl"].as_str().unwrap(), line["apiKey"].as_str());
        let path = format!(
            "/api/v1/sessions/{}/contacts?limit=200",
            line["sessionId"].as_str().unwrap()
        );
        async move {
            door.get(&path).await.well()["data"]
                .as_array()
                .unwrap()
                .len()
        }
    };
    assert_eq!(people(&first).await, 40);
    let door = Door::new(first["apiUrl"].as_str().unwrap(), None);
    let tokens = door
        .post("/api/v1/auth/login", first["login"].clone())
        .await
        .well();
    assert_eq!(tokens["organizationId"], first["organizationId"]);
    demo.kill().await;
    let mut demo = Program::start(&args, &[], &dir.path().join("demo.log"));
    let second = demo.line().await;
    for same in ["apiKey", "organizationId", "sessionId", "login"] {
        assert_eq!(first[same], second[same]);
    }
    assert_eq!(people(&second).await, 40);
    assert!(demo.terminate().await.success());
    let (status, _, err) = Program::run(&["demo", "--people", "41", "--data", data], &[]).await;
    assert_eq!(status.code(), Some(2), "{err}");
    assert!(err.contains("--people"), "{err}");
}

#[tokio::test]
async fn a_wrong_master_key_refuses_to_start_in_words() {
    let mut app = TestApp::new().await;
    assert!(app.stop_gateway().await);
    let data = app.data();
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let (status, _, err) = Program::run(
        &[
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
        &[("WHARF_MASTER_KEY", other)],
    )
    .await;
    assert_eq!(status.code(), Some(2));
    assert!(err.contains("master_key"), "{err}");
    app.start_gateway().await;
}

#[tokio::test]
async fn the_login_that_init_printed_opens_the_door_also_after_a_restart() {
    let mut app = TestApp::new().await;
    let tokens = app
        .root
        .post("/api/v1/auth/login", app.login.clone())
        .await
        .well();
    assert_eq!(tokens["role"], "owner");
    assert_eq!(tokens["organizationId"], app.organization);
    let person = Door::new(app.root_url(), tokens["accessToken"].as_str());
    person.get("/api/v1/sessions").await.well();
    let log = person
        .get("/api/v1/admin/audit?action=login.create")
        .await
        .well();
    let entry = &log["data"][0];
    assert_eq!(entry["actor"], tokens["userId"]);
    assert_eq!(entry["address"], "127.0.0.1", "{entry}");

    assert!(app.stop_gateway().await);
    app.start_gateway().await;
    // The key is derived, not made anew: the token of before still opens.
    let person = Door::new(app.root_url(), tokens["accessToken"].as_str());
    person.get("/api/v1/sessions").await.well();
    let body = serde_json::json!({"refreshToken": tokens["refreshToken"]});
    app.root
        .post("/api/v1/auth/refresh", body.clone())
        .await
        .well();
    let again = app.root.post("/api/v1/auth/refresh", body).await;
    assert_eq!(again.refused(401), "unauthorized");
}

#[tokio::test]
async fn a_lost_password_is_replaced_beside_a_running_gateway() {
    let app = TestApp::new().await;
    let (data, email) = (app.data(), app.login["email"].as_str().unwrap());
    let data = data.to_str().unwrap();
    let login = async |login: Value| app.root.post("/api/v1/auth/login", login).await;
    let tokens = login(app.login.clone()).await.well();
    let args = ["users", "reset", "--json", "--data", data, "--email", email];
    let (status, out, err) = Program::run(&args, &[]).await;
    assert!(status.success(), "{err}");
    let new: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(login(app.login.clone()).await.refused(401), "unauthorized");
    let again = login(new).await.well();
    let body = serde_json::json!({"refreshToken": tokens["refreshToken"]});
    let old = app.root.post("/api/v1/auth/refresh", body).await;
    assert_eq!(old.refused(401), "unauthorized");

    let person = Door::new(app.root_url(), again["accessToken"].as_str());
    person.get("/api/v1/admin/gateways").await.well();
    let off = ["users", "admin", "--off", "--data", data, "--email", email];
    assert!(Program::run(&off, &[]).await.0.success());
    until("the platform is closed", || async {
        let asked = person.get("/api/v1/admin/gateways").await;
        (asked.status.as_u16() == 403).then_some(())
    })
    .await;
    let nobody = ["users", "reset", "--data", data, "--email", "nobody@x"];
    let (status, _, err) = Program::run(&nobody, &[]).await;
    assert_eq!(status.code(), Some(1), "{err}");
}

#[tokio::test]
async fn without_login_here_init_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let args = ["init", "--json", "--data", data.to_str().unwrap()];
    let (status, out, err) = Program::run(&args, &[("WHARF_AUTH__EMBEDDED", "false")]).await;
    assert!(status.success(), "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(made["login"], Value::Null);
    assert!(made["apiKey"].is_string());
}

#[tokio::test]
async fn a_data_directory_has_one_process() {
    let app = TestApp::new().await;
    let data = app.data();
    let (status, _, err) = Program::run(
        &[
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
        &[],
    )
    .await;
    assert_eq!(status.code(), Some(2));
    assert!(err.contains("another wharf process"), "{err}");
}

#[tokio::test]
async fn wrong_settings_are_named_in_one_line() {
    for (env, name) in [
        ("WHARF_LISTEN", "listen"),
        ("WHARF_COLOUR", "colour"),
        ("WHARF_WHATSAPP_VERSION", "whatsapp_version"),
    ] {
        let (status, _, err) = Program::run(&["openapi"], &[(env, "nonsense")]).await;
        assert_eq!(status.code(), Some(2), "{env}: {err}");
        assert!(
            err.to_lowercase().contains(name) && err.trim().lines().count() == 1,
            "{env}: {err}"
        );
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_beside_a_running_gateway() {
    let app = TestApp::new().await;
    let (data, org) = (app.data(), app.organization.clone());
    let data = data.to_str().unwrap();
    let create = [
        "keys",
        "create",
        "--json",
        "--data",
        data,
        "--org",
        &org,
        "--name",
        "reader",
        "--permission",
        "read",
    ];
    let (status, out, err) = Program::run(&create, &[]).await;
    assert!(status.success(), "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let (_, listed, _) = Program::run(&["keys", "list", "--data", data, "--org", &org], &[]).await;
    assert!(listed.contains(id) && !listed.contains(secret));
    let reader = Door::new(app.root_url(), Some(secret));
    assert_eq!(
        reader.get("/api/v1/sessions").await.refused(403),
        "forbidden",
        "read is not manage"
    );
    assert!(
        Program::run(&["keys", "revoke", "--data", data, "--org", &org, id], &[])
            .await
            .0
            .success()
    );
    until("the key opens nothing", || async {
        (reader.get("/api/v1/sessions").await.status.as_u16() == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bench_sends_says_what_it_measured_and_beside_what() {
    let args = [
        "bench",
        "sends",
        "--json",
        "--seconds",
        "1",
        "--sessions",
        "1,3",
    ];
    let (status, out, err) = Program::run(&args, &[]).await;
    assert!(status.success(), "{err}");
    let report: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(report["bench"], "sends");
    let cases = report["cases"].as_array().unwrap();
    let of =
        |name: &str| -> Vec<&Value> { cases.iter().filter(|case| case["name"] == name).collect() };
    for case in of("accepted") {
        assert!(case["rate"].as_f64().unwrap() > 0.0, "{case}");
        assert!(case["floor"].as_f64().unwrap() > 0.0, "{case}");
    }
    assert_eq!(of("accepted").len(), of("writer").len());
    for name in ["sent", "overhead"] {
        let sizes: Vec<_> = of(name).iter().map(|case| case["n"].as_u64()).collect();
        assert_eq!(sizes, [Some(1), Some(3)], "{name}");
    }
    for (whole, ours) in of("sent").iter().zip(of("overhead")) {
        let of = |case: &Value| case["p50_ms"].as_f64().unwrap();
        assert!(of(ours) > 0.0 && of(ours) < of(whole), "{ours} of {whole}");
    }
}

/// Runs a bench; its report.
async fn bench(args: &[&str]) -> Value {
    let args = [&["bench", "--json"], args].concat();
    let (status, out, err) = Program::run(&args, &[]).await;
    assert!(status.success(), "{err}");
    serde_json::from_str(out.lines().last().unwrap()).unwrap()
}

fn case<'a>(report: &'a Value, name: &str) -> &'a Value {
    let cases = report["cases"].as_array().unwrap();
    let found = cases.iter().find(|case| case["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn positive(value: &Value, field: &str) {
    assert!(value[field].as_f64().unwrap() > 0.0, "{field} of {value}");
}

#[tokio::test]
async fn bench_webhooks_says_what_it_measured_and_beside_what() {
    let report = bench(&[
        "webhooks",
        "--webhooks=2",
        "--crowd=4",
        "--rows=200,2000",
        "--seconds=1",
    ])
    .await;
    assert_eq!(report["bench"], "webhooks");
    for name in ["deliver", "bare", "first", "others", "append", "newest"] {
        positive(case(&report, name), "rate");
    }
    for name in ["deliver", "others_hung", "others_refused"] {
        positive(case(&report, name), "ratio");
    }
    let long = report["cases"].as_array().unwrap().iter();
    let long: Vec<&Value> = long.filter(|case| case["n"] == 2_000).collect();
    assert_eq!(long.len(), 2, "the longer log, appended to and read");
    for case in long {
        positive(case, "ratio");
    }
    assert!(report["figures"]["p99_change_hung"].is_number());
}

#[tokio::test]
async fn bench_sockets_says_what_it_measured_and_beside_what() {
    let report = bench(&["sockets", "--sockets=40", "--seconds=1"]).await;
    assert_eq!(report["bench"], "sockets");
    let told = case(&report, "broadcast");
    assert_eq!(told["n"], 40);
    for field in ["rate", "p99_ms", "floor", "ratio"] {
        positive(told, field);
    }
    positive(&report["figures"], "bytes_a_socket");
    assert!(report["figures"]["added_ms"].is_number());
    let (status, _, err) = Program::run(&["bench", "sockets", "--sockets=2000000000"], &[]).await;
    assert_eq!(status.code(), Some(2), "{err}");
    assert!(err.contains("--sockets") && err.contains("ulimit"), "{err}");
}
