//! The receivers under `examples/`: started as a user would, told by a gateway, lied to by somebody else.

use crate::{
    harness::{ANNA, OWN, PATIENCE, TestApp},
    webhooks::LOCAL,
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// A running receiver.
pub struct Receiver {
    pub url: String,
    lines: Lines<BufReader<ChildStdout>>,
    /// Killed when dropped.
    _child: Child,
}

impl Receiver {
    async fn start(mut command: Command, secret: &str) -> Self {
        let mut child = command
            .env("WEBHOOK_SECRET", secret)
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{command:?}: {error}; scripts/setup installs what the examples need")
            });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = line(&mut lines).await;
        let url = first
            .strip_prefix("listening on ")
            .expect("its address")
            .to_owned();
        Self {
            url,
            lines,
            _child: child,
        }
    }

    pub async fn rust(secret: &str) -> Self {
        Self::start(Command::new(built().await), secret).await
    }

    pub async fn typescript(secret: &str) -> Self {
        let home = examples().join("receiver-typescript");
        let compiler = home.join("node_modules/typescript/bin/tsc");
        let compiled = Command::new("node")
            .arg(compiler)
            .current_dir(&home)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&compiled.stdout).into_owned()
            + &String::from_utf8_lossy(&compiled.stderr);
        assert!(
            compiled.status.success(),
            "{said}; scripts/setup installs what the examples need"
        );
        let mut command = Command::new("node");
        command.arg(home.join("dist/receiver.js"));
        Self::start(command, secret).await
    }

    pub async fn python(secret: &str) -> Self {
        let home = examples().join("receiver-python");
        let mut command = Command::new(home.join(".venv/bin/python"));
        command.arg(home.join("receiver.py"));
        Self::start(command, secret).await
    }

    /// The next event it prints.
    pub async fn event(&mut self) -> Value {
        serde_json::from_str(&line(&mut self.lines).await).unwrap()
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(PATIENCE, lines.next_line())
        .await
        .expect("it says nothing");
    line.unwrap().expect("it ended")
}

/// The Rust receiver, with the features that everything here is built with, so that little is built anew.
async fn built() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--quiet",
        "--message-format=json",
        "--workspace",
        "--features",
        "wharf/sandbox",
    ]);
    build
        .args(["--bin", "receiver-rust"])
        .current_dir(examples().join(".."));
    let built = build.output().await.unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let said = String::from_utf8_lossy(&built.stdout).into_owned();
    said.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|artifact| artifact["target"]["name"] == "receiver-rust")
        .find_map(|artifact| Some(artifact["executable"].as_str()?.into()))
        .expect("the receiver's program")
}

async fn post(url: &str, id: &str, seconds: u64, signature: &str, body: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
        .body(body.to_owned());
    request
        .timeout(PATIENCE)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// Told by the gateway; then, in its name, what it never said.
async fn takes_the_true_and_refuses_the_false(mut receiver: Receiver) {
    let app = TestApp::with_env(LOCAL).await;
    app.account(ANNA, "Anna").await;
    let _session = app.session(OWN).await;
    let wish = json!({ "url": receiver.url, "events": ["message"] });
    let webhook = app.api.post("/webhooks", wish).await.well();
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    app.api
        .patch(&path, json!({ "secret": SECRET }))
        .await
        .well();
    let write = async |text: &str| {
        let body = json!({ "to": OWN, "type": "text", "text": text });
        app.phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await
            .well();
    };
    write("first — «é»").await;
    let first = receiver.event().await;
    assert_eq!(first["payload"]["body"], "first — «é»");
    let log = app.api.get("/events?events=message").await.well();
    assert_eq!(first, log["data"][0]);

    let (id, text) = (first["id"].as_str().unwrap(), log["data"][0].to_string());
    let now = UNIX_EPOCH.elapsed().unwrap();
    let sign = |text: &str, at: Duration| {
        let ours = Webhook::new(SECRET).unwrap();
        ours.sign(id, at.as_secs() as i64, text.as_bytes()).unwrap()
    };
    let signature = sign(&text, now);
    let tampered = text.replace("first", "forged");
    assert_eq!(
        post(&receiver.url, id, now.as_secs(), &signature, &tampered).await,
        401
    );
    assert_eq!(
        post(&receiver.url, "evt_other", now.as_secs(), &signature, &text).await,
        401
    );
    let old = now - Duration::from_secs(3_600);
    let late = sign(&text, old);
    assert_eq!(
        post(&receiver.url, id, old.as_secs(), &late, &text).await,
        401,
        "a replay"
    );
    // Told again, as after an answer that was lost: taken, and not printed twice.
    assert_eq!(
        post(&receiver.url, id, now.as_secs(), &signature, &text).await,
        204
    );
    write("second").await;
    assert_eq!(receiver.event().await["payload"]["body"], "second");
}

#[tokio::test]
async fn the_rust_receiver() {
    takes_the_true_and_refuses_the_false(Receiver::rust(SECRET).await).await;
}

#[tokio::test]
async fn the_typescript_receiver() {
    takes_the_true_and_refuses_the_false(Receiver::typescript(SECRET).await).await;
}

#[tokio::test]
async fn the_python_receiver() {
    takes_the_true_and_refuses_the_false(Receiver::python(SECRET).await).await;
}
