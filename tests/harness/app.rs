//! A gateway and a simulated network, each a process, and a session paired between them.

use super::{Door, Program, until};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Both processes and their doors.
pub struct TestApp {
    /// The gateway's API, under `/api/v1`, with a key that may do everything.
    pub api: Door,
    /// The gateway's address, without credential.
    pub root: Door,
    /// The hand that holds the phones.
    pub phones: Door,
    pub organization: String,
    pub key: String,
    pub dir: tempfile::TempDir,
    gateway: Option<Program>,
    gateway_url: String,
    /// Ends with the test.
    _network: Program,
    chat_url: String,
}

/// A session paired to a number.
pub struct Session {
    pub id: String,
    pub phone: String,
}

impl Session {
    /// A path under the session.
    pub fn path(&self, rest: &str) -> String {
        format!("/sessions/{}{rest}", self.id)
    }
}

fn text(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

impl TestApp {
    /// An empty gateway beside an empty network.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = dir.path().join("world");
        let mut network = Program::start(
            &[
                "sandbox",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--data",
                world.to_str().unwrap(),
            ],
            &[],
            &dir.path().join("network.log"),
        );
        let ready = network.line().await;
        let (network_url, chat_url) = (text(&ready, "sandboxUrl"), text(&ready, "chatUrl"));
        let data = dir.path().join("data");
        let (status, out, err) =
            Program::run(&["init", "--json", "--data", data.to_str().unwrap()], &[]).await;
        assert!(status.success(), "{err}");
        let init: Value = serde_json::from_str(&out).unwrap();
        let mut app = Self {
            api: Door::new("", None),
            root: Door::new("", None),
            phones: Door::new(&network_url, None),
            organization: text(&init, "organizationId"),
            key: text(&init, "apiKey"),
            dir,
            gateway: None,
            gateway_url: String::new(),
            _network: network,
            chat_url,
        };
        app.start_gateway().await;
        app
    }

    /// The gateway's data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The gateway's address.
    pub fn root_url(&self) -> &str {
        &self.gateway_url
    }

    /// Starts the gateway on its data, on another port than before.
    pub async fn start_gateway(&mut self) {
        let data = self.data();
        let env = [
            ("WHARF_WHATSAPP_URL", self.chat_url.as_str()),
            ("WHARF_LISTEN", "127.0.0.1:0"),
            ("RUST_LOG", "info"),
        ];
        let mut gateway = Program::start(
            &["serve", "--json", "--data", data.to_str().unwrap()],
            &env,
            &self.dir.path().join("gateway.log"),
        );
        let url = text(&gateway.line().await, "apiUrl");
        self.api = Door::new(&format!("{url}/api/v1"), Some(&self.key));
        self.root = Door::new(&url, None);
        self.gateway = Some(gateway);
        self.gateway_url = url;
    }

    /// SIGKILL to the gateway.
    pub async fn kill_gateway(&mut self) {
        self.gateway.take().expect("it runs").kill().await;
    }

    /// SIGTERM to the gateway; whether it ended well.
    pub async fn stop_gateway(&mut self) -> bool {
        self.gateway
            .take()
            .expect("it runs")
            .terminate()
            .await
            .success()
    }

    /// A number with its phone.
    pub async fn account(&self, phone: &str, name: &str) {
        self.phones
            .post("/accounts", json!({ "phone": phone, "name": name }))
            .await
            .well();
    }

    /// A number with its phone, attached by QR, `working`.
    pub async fn session(&self, phone: &str) -> Session {
        self.account(phone, "Own").await;
        self.pair(phone).await
    }

    /// Attaches a number that exists, by QR.
    pub async fn pair(&self, phone: &str) -> Session {
        let id = text(
            &self
                .api
                .post(
                    "/sessions",
                    json!({ "start": true, "ratePerMin": 60_000, "ratePerHour": 1_000_000 }),
                )
                .await
                .well(),
            "id",
        );
        let session = Session {
            id,
            phone: phone.to_owned(),
        };
        self.scan(&session).await;
        self.status(&session, "working").await;
        session
    }

    /// Scans the session's QR with its number's phone.
    pub async fn scan(&self, session: &Session) {
        let code = until("a QR code", || async {
            let answer = self.api.get(&session.path("/qr")).await;
            answer
                .status
                .is_success()
                .then(|| text(&answer.body, "code"))
        })
        .await;
        self.phones
            .post(
                &format!("/accounts/{}/scan", session.phone),
                json!({ "qr": code }),
            )
            .await
            .well();
    }

    /// Waits for a status; the session as it is then.
    pub async fn status(&self, session: &Session, status: &str) -> Value {
        until(&format!("status {status}"), || async {
            let now = self.api.get(&session.path("")).await.well();
            (now["status"] == status).then_some(now)
        })
        .await
    }

    /// What a number's owner sees, once `enough` says so.
    pub async fn inbox(&self, phone: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until("the inbox", || async {
            let seen = self
                .phones
                .get(&format!("/accounts/{phone}/inbox"))
                .await
                .well();
            let seen = seen.as_array().unwrap().clone();
            enough(&seen).then_some(seen)
        })
        .await
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self
                .api
                .get(&format!("{path}{mark}cursor={cursor}"))
                .await
                .well();
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            cursor = text(&page, "nextCursor");
            if cursor.is_empty() {
                return rows;
            }
        }
    }

    /// The network's oracle: nothing delivered twice, no two sockets of a device, no message key used twice.
    pub async fn clean_ledger(&self) -> Value {
        let ledger = self.phones.get("/ledger").await.well();
        assert_eq!(
            ledger["overlaps"],
            json!([]),
            "two sockets of one device at once"
        );
        assert_eq!(ledger["reusedKeys"], json!([]), "a message key used twice");
        ledger
    }
}
