//! A session on the simulated network with a recording domain behind the engine.

use async_trait::async_trait;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use wharf_domain::{
    Error,
    inbound::{InMessage, Inbound, NameSource, Seen},
    live::Passing,
    master_key::MasterKey,
    outbox::{Content, Outgoing},
    ports::{
        clock::{Clock, SystemClock},
        engine::{Connection, Engine, Handed, Inbox},
        ids::Ids,
        secrets::Secrets,
        store::{OrgRow, ReadJob, Store, StoreExt, WriteJob},
    },
    sessions::{SessionNo, SessionRow, SessionScope},
    system::SystemIds,
};
use wharf_engine::{EngineConfig, Timings, WhatsAppEngine};
use wharf_sandbox::Sandbox;
use wharf_store_sqlite::SqliteStore;
use wharf_types::{OrgId, ProxyUrl, SessionId};

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Who has a name in the address book by these facts.
fn in_address_book(facts: &[Inbound]) -> Vec<Seen> {
    let mut book = Vec::new();
    for fact in facts {
        if let Inbound::Name {
            who,
            source: NameSource::AddressBook,
            name,
            ..
        } = fact
        {
            book.retain(|other| other != who);
            if !name.is_empty() {
                book.push(who.clone());
            }
        }
    }
    book
}

/// Keeps what it is told.
#[derive(Default)]
pub struct Recorder {
    pub facts: Mutex<Vec<Inbound>>,
    pub states: Mutex<Vec<Connection>>,
    pub passed: Mutex<Vec<Passing>>,
    /// Refuse everything, as a full disk would.
    pub refuse: AtomicBool,
}

#[async_trait]
impl Inbox for Recorder {
    async fn ingest(&self, _: &SessionScope, facts: Vec<Inbound>) -> Result<(), Error> {
        if self.refuse.load(Ordering::SeqCst) {
            return Err(Error::Unavailable("full".into()));
        }
        self.facts.lock().unwrap().extend(facts);
        Ok(())
    }
    async fn passing(&self, _: &SessionScope, passing: Passing) -> Result<(), Error> {
        self.passed.lock().unwrap().push(passing);
        Ok(())
    }
    async fn address_book(&self, _: &SessionScope) -> Result<Vec<Seen>, Error> {
        Ok(in_address_book(&self.facts.lock().unwrap()))
    }
    async fn connection(&self, _: &SessionScope, state: Connection) -> Result<(), Error> {
        self.states.lock().unwrap().push(state);
        Ok(())
    }
}

impl Recorder {
    pub fn messages(&self) -> Vec<InMessage> {
        let facts = self.facts.lock().unwrap();
        facts
            .iter()
            .filter_map(|fact| match fact {
                Inbound::Message(m) => Some((**m).clone()),
                _ => None,
            })
            .collect()
    }
    pub fn has(&self, wanted: impl Fn(&Inbound) -> bool) -> bool {
        self.facts.lock().unwrap().iter().any(wanted)
    }
    pub fn count(&self, wanted: impl Fn(&Inbound) -> bool) -> usize {
        self.facts
            .lock()
            .unwrap()
            .iter()
            .filter(|f| wanted(f))
            .count()
    }
    pub fn last_state(&self) -> Option<Connection> {
        self.states.lock().unwrap().last().cloned()
    }
    pub fn told(&self, state: &Connection) -> bool {
        self.states.lock().unwrap().contains(state)
    }
    pub fn text(&self, body: &str) -> Option<InMessage> {
        self.messages().into_iter().find(|m| m.body == body)
    }
}

/// Polls until the condition holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

pub struct Home {
    pub dir: tempfile::TempDir,
    pub secrets: Arc<dyn Secrets>,
    pub store: Arc<dyn Store>,
    mortal: Arc<Mortal>,
    pub scope: SessionScope,
    pub inbox: Arc<Recorder>,
    pub engine: WhatsAppEngine,
    pub net: Sandbox,
    pub http: reqwest::Client,
    pub timings: Timings,
    proxy: Option<ProxyUrl>,
}

pub const OWNER: &str = "15551230001";
pub const FRIEND: &str = "15550009999";

pub fn quick() -> Timings {
    Timings {
        silence: Duration::from_secs(2),
        answer: Duration::from_secs(2),
        acknowledge: Duration::from_secs(10),
        history_quiet: Duration::from_secs(3),
        ..Timings::default()
    }
}

impl Home {
    /// A network with an owner and a friend, and a session that nothing was done with.
    pub async fn new() -> Self {
        Self::with(quick(), None).await
    }

    pub async fn with(timings: Timings, proxy: Option<ProxyUrl>) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let net = Sandbox::start(wharf_sandbox::Options::default())
            .await
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let secrets: Arc<dyn Secrets> = Arc::new(MasterKey::new(
            zeroize::Zeroizing::new([7; 32]),
            Arc::clone(&ids),
        ));
        let mortal = open(dir.path().join("wharf.db"));
        let store: Arc<dyn Store> = Arc::clone(&mortal) as _;
        let scope = session(&*store, &*ids).await;
        let inbox = Arc::new(Recorder::default());
        let engine = engine(&net, &store, &secrets, &inbox, timings, proxy.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "a test speaks to its own network on loopback"
        )]
        let http = reqwest::Client::new();
        let home = Self {
            dir,
            secrets,
            store,
            mortal,
            scope,
            inbox,
            engine,
            net,
            http,
            timings,
            proxy,
        };
        home.account(OWNER, "Owner").await;
        home.account(FRIEND, "Friend").await;
        home
    }

    /// The same, linked and online.
    pub async fn linked() -> Self {
        let home = Self::new().await;
        home.link().await;
        home
    }

    pub async fn link(&self) {
        self.engine.start(&self.scope).await.unwrap();
        until("a QR code", || self.engine.qr(&self.scope).is_some()).await;
        let qr = self.engine.qr(&self.scope).unwrap().code;
        self.post(&format!("/accounts/{OWNER}/scan"), json!({ "qr": qr }))
            .await;
        self.online().await;
    }

    pub async fn online(&self) {
        until("connected", || self.engine.connected(&self.scope)).await;
    }

    /// The process dies without a word, and another one begins on the same data.
    pub async fn reborn(&mut self) {
        self.mortal.kill().await;
        let log = self.dir.path().join("wharf.db-wal");
        until("the old process to be gone", || !log.exists()).await;
        self.inbox = Arc::new(Recorder::default());
        self.mortal = open(self.dir.path().join("wharf.db"));
        self.store = Arc::clone(&self.mortal) as Arc<dyn Store>;
        self.engine = engine(
            &self.net,
            &self.store,
            &self.secrets,
            &self.inbox,
            self.timings,
            self.proxy.clone(),
        );
    }

    pub async fn account(&self, phone: &str, name: &str) {
        self.post("/accounts", json!({ "phone": phone, "name": name }))
            .await;
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self
            .http
            .post(format!("{}{path}", self.net.sandbox_url()))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "POST {path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.net.sandbox_url()))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn delete(&self, path: &str) {
        let answer = self
            .http
            .delete(format!("{}{path}", self.net.sandbox_url()))
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "DELETE {path}: {status} {}",
            answer.text().await.unwrap()
        );
    }

    pub async fn says(&self, who: &str, to: &str, text: &str) -> String {
        let sent = self
            .post(
                &format!("/accounts/{who}/send"),
                json!({ "to": to, "type": "text", "text": text }),
            )
            .await;
        sent["waMessageId"].as_str().unwrap().to_owned()
    }

    /// The owner saves a contact on the phone.
    pub async fn save(&self, phone: &str, name: &str) {
        self.post(
            &format!("/accounts/{OWNER}/addressbook"),
            json!({ "phone": phone, "name": name }),
        )
        .await;
    }

    pub async fn inbox_of(&self, phone: &str) -> Vec<Value> {
        let shown = self.get(&format!("/accounts/{phone}/inbox")).await;
        let list = shown
            .as_array()
            .cloned()
            .or_else(|| shown["data"].as_array().cloned());
        list.unwrap_or_else(|| panic!("inbox is no list: {shown}"))
    }

    pub async fn send(&self, outgoing: &Outgoing) -> Handed {
        self.engine.send(&self.scope, outgoing).await
    }

    /// What the network would not know or accept.
    pub async fn complaints(&self) -> Value {
        self.get("/trace?limit=1").await["errors"].clone()
    }
}

pub fn text(to: &str, wa_id: &str, text: &str) -> Outgoing {
    Outgoing {
        to: to.into(),
        wa_id: wa_id.into(),
        content: Content::text(text),
        secret: vec![5; 32],
        at: 1,
        resend: false,
        first_contact: false,
    }
}

/// A store that a test can take away, as the end of the process does. (The library's own tasks outlive the engine.)
struct Mortal(tokio::sync::RwLock<Option<SqliteStore>>);

impl Mortal {
    async fn kill(&self) {
        *self.0.write().await = None;
    }
}

fn gone() -> Error {
    Error::Unavailable("the process is dead".into())
}

#[async_trait]
impl Store for Mortal {
    async fn submit(&self, job: WriteJob) -> Result<(), Error> {
        let store = self.0.read().await;
        store.as_ref().ok_or_else(gone)?.submit(job).await
    }
    async fn query(&self, job: ReadJob) -> Result<(), Error> {
        let store = self.0.read().await;
        store.as_ref().ok_or_else(gone)?.query(job).await
    }
    async fn health(&self) -> Result<(), Error> {
        let store = self.0.read().await;
        store.as_ref().ok_or_else(gone)?.health().await
    }
    fn appended(&self) -> tokio::sync::watch::Receiver<i64> {
        tokio::sync::watch::channel(0).1
    }
}

fn open(path: PathBuf) -> Arc<Mortal> {
    let store = SqliteStore::open(&path, &wharf_store_sqlite::Options::default()).unwrap();
    Arc::new(Mortal(tokio::sync::RwLock::new(Some(store))))
}

fn engine(
    net: &Sandbox,
    store: &Arc<dyn Store>,
    secrets: &Arc<dyn Secrets>,
    inbox: &Arc<Recorder>,
    timings: Timings,
    proxy: Option<ProxyUrl>,
) -> WhatsAppEngine {
    let config = EngineConfig {
        blobs: None,
        url: Some(net.chat_url()),
        extra_ca: Some(std::fs::read(net.ca_file()).unwrap()),
        version: Some((2, 3000, 0)),
        proxy,
        timings,
        heard: None,
        proxies: wharf_outbound::Policy::default(),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let inbox: Arc<dyn Inbox> = Arc::clone(inbox) as _;
    WhatsAppEngine::new(config, Arc::clone(store), Arc::clone(secrets), clock, inbox).unwrap()
}

async fn session(store: &dyn Store, ids: &dyn Ids) -> SessionScope {
    let org = OrgRow {
        id: OrgId::new(ids.ulid()),
        name: "Test".into(),
        created_at: 1,
    };
    let scope = SessionScope {
        org: org.id,
        id: SessionId::new(ids.ulid()),
        no: SessionNo(0),
    };
    let row = SessionRow::new(scope, 1);
    let no = store
        .write(move |tx| {
            tx.insert_org(&org)?;
            tx.insert_session(&row)
        })
        .await
        .unwrap();
    SessionScope { no, ..scope }
}
