//! A gateway and a simulated network, each a process, and a session paired between them.

use super::{Door, Program, record, schemas, until};
use serde_json::{Value, json};
use std::{
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
};

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
    /// The owner's `email` and `password`.
    pub login: Value,
    pub dir: tempfile::TempDir,
    gateway: Option<Program>,
    gateway_url: String,
    network: Option<Program>,
    chat_url: String,
    /// Settings of the gateway beyond the usual ones.
    env: Vec<(&'static str, &'static str)>,
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

impl Drop for TestApp {
    /// A failed test shows what the gateway said last; of any other the log of events is looked through.
    fn drop(&mut self) {
        let well = !std::thread::panicking()
            && std::panic::catch_unwind(AssertUnwindSafe(|| record::check(self))).is_ok();
        if !well {
            let log = self.dir.path().join("gateway.log");
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(60);
            eprintln!("the gateway's log ends:\n{}", lines[last..].join("\n"));
        }
        assert!(
            well || std::thread::panicking(),
            "the log of events: see above"
        );
    }
}

impl TestApp {
    /// An empty gateway beside an empty network.
    pub async fn new() -> Self {
        Self::with_env(&[]).await
    }

    /// The same, the gateway with these settings as well.
    pub async fn with_env(env: &[(&'static str, &'static str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (status, out, err) =
            Program::run(&["init", "--json", "--data", data.to_str().unwrap()], &[]).await;
        assert!(status.success(), "{err}");
        let init: Value = serde_json::from_str(&out).unwrap();
        let mut app = Self {
            api: Door::new("", None),
            root: Door::new("", None),
            phones: Door::new("", None),
            organization: text(&init, "organizationId"),
            key: text(&init, "apiKey"),
            login: init["login"].clone(),
            dir,
            gateway: None,
            gateway_url: String::new(),
            network: None,
            chat_url: String::new(),
            env: env.to_vec(),
        };
        app.start_network().await;
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

    /// The network's control API: no gateway.
    pub fn phones_url(&self) -> &str {
        self.phones.base()
    }

    /// Starts the gateway on its data, on another port than before.
    pub async fn start_gateway(&mut self) {
        let data = self.data();
        let mut env = vec![
            ("WHARF_WHATSAPP_URL", self.chat_url.as_str()),
            ("WHARF_LISTEN", "127.0.0.1:0"),
            ("RUST_LOG", "info"),
        ];
        env.extend(&self.env);
        let mut gateway = Program::start(
            &["serve", "--json", "--data", data.to_str().unwrap()],
            &env,
            &self.dir.path().join("gateway.log"),
        );
        let url = text(&gateway.line().await, "apiUrl");
        self.api = Door::new(&format!("{url}/api/v1"), Some(&self.key));
        self.root = Door::new(&url, None);
        schemas::learn(&self.root).await;
        self.gateway = Some(gateway);
        self.gateway_url = url;
    }

    /// Starts the network on its world; clients find it where it was before.
    pub async fn start_network(&mut self) {
        let world = self.dir.path().join("world");
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
            &self.dir.path().join("network.log"),
        );
        let ready = network.line().await;
        self.phones = Door::new(&text(&ready, "sandboxUrl"), None);
        self.chat_url = text(&ready, "chatUrl");
        self.network = Some(network);
    }

    /// SIGKILL to the network.
    pub async fn kill_network(&mut self) {
        self.network.take().expect("it runs").kill().await;
    }

    /// `host:port` of the simulated WhatsApp.
    pub fn chat_host(&self) -> String {
        let rest = self.chat_url.split("//").nth(1).unwrap_or_default();
        rest.split('/').next().unwrap_or_default().to_owned()
    }

    /// Whether a gateway was started and not ended since.
    pub fn runs(&self) -> bool {
        self.gateway.is_some()
    }

    /// The gateway itself, for what is done to its process.
    pub fn gateway(&self) -> &Program {
        self.gateway.as_ref().expect("it runs")
    }

    /// The gateway's process id.
    pub fn gateway_pid(&self) -> u32 {
        self.gateway.as_ref().expect("it runs").pid()
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

    /// Waits for a chat with a person.
    pub async fn chat_with(&self, session: &Session, phone: &str) -> Value {
        until("a chat", || async {
            let answer = self
                .api
                .get(&session.path(&format!("/chats/{phone}")))
                .await;
            answer.status.is_success().then_some(answer.body)
        })
        .await
    }

    /// What `/metrics` says.
    pub async fn metrics(&self) -> String {
        let door = Door::new(&self.gateway_url, Some(&self.key));
        let text = door.get("/metrics").await.well();
        text.as_str().unwrap().to_owned()
    }

    /// Payloads of the session's logged events of one type, oldest first.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let log =
            rusqlite::Connection::open_with_flags(self.data().join("wharf.db"), flags).unwrap();
        let mut rows = log
            .prepare("SELECT payload FROM events WHERE kind = ?1 ORDER BY place")
            .unwrap();
        let payloads = rows
            .query_map([kind], |row| row.get::<_, String>(0))
            .unwrap();
        payloads
            .map(|payload| serde_json::from_str(&payload.unwrap()).unwrap())
            .collect()
    }

    /// Whether a text stands in anything the gateway wrote: its data directory and its log.
    pub fn traces_of(&self, secret: &str) -> bool {
        let holds = |file: &Path| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(secret.len()).any(|w| w == secret.as_bytes())
        };
        let data = std::fs::read_dir(self.data()).unwrap();
        let mut files: Vec<PathBuf> = data.map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty());
        files.push(self.dir.path().join("gateway.log"));
        files.iter().any(|file| holds(file))
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
