//! The API over a real store in a directory of its own, a clock the test moves, an engine the test plays, and
//! issuers whose keys the test holds.

mod engine;
mod log;
mod schema;
pub mod tokens;

pub use engine::PlayedEngine;
pub use log::LOG;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
    routing::get,
};
use serde_json::Value;
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};
use tower::ServiceExt;
use wharf_api::{
    ApiConfig, ApiState,
    auth::{Embedded, IssuerConfig},
    router_with,
};
use wharf_domain::{
    Domain,
    audit::By,
    inbound::Inbound,
    inbox::DomainInbox,
    keys::{Grant, NewKey},
    master_key::MasterKey,
    ports::{
        clock::Clock,
        courier::{Courier, NoCourier, Post, Told},
        engine::{Connection, Inbox},
        ids::Ids,
        store::{MembershipRow, StoreExt},
    },
    sessions::{SessionScope, SessionSettings},
    system::SystemIds,
};
use wharf_store_sqlite::SqliteStore;
use wharf_types::{Capabilities, Capability, Millis, OrgId, Role, SessionId};

/// A clock that stands until it is moved.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// A courier that thinks well of https, and goes nowhere.
struct Nowhere;

#[async_trait::async_trait]
impl Courier for Nowhere {
    async fn check(&self, url: &str) -> Result<(), String> {
        match url.starts_with("https://") {
            true => Ok(()),
            false => Err("must be https".to_owned()),
        }
    }
    async fn carry(&self, post: Post) -> Told {
        NoCourier.carry(post).await
    }
}

/// An operation with a bug.
async fn broken() {
    panic!("the canary of a panic");
}

/// One API and everything behind it.
pub struct TestApi {
    pub domain: Arc<Domain>,
    pub clock: Arc<TestClock>,
    pub engine: Arc<PlayedEngine>,
    pub issuers: Arc<tokens::Issuers>,
    pub org: OrgId,
    /// All capabilities in `org`.
    pub key: String,
    router: Router,
    people: AtomicUsize,
    /// Goes with the test.
    _files: tempfile::TempDir,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    /// What was asked: method and path.
    asked: (Method, String),
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The answer is this error, in the envelope, with a request id.
    #[track_caller]
    pub fn is(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        assert!(self.headers.contains_key("x-request-id"));
        let body = self.json();
        assert_eq!(body["error"]["code"], code, "{body}");
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
        body["error"]["details"].clone()
    }

    /// The answer is well, this is its body, and it is what the OpenAPI document says.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        assert!(self.headers.contains_key("x-request-id"));
        let body = if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        };
        schema::check(&self.asked.0, &self.asked.1, status, &body);
        body
    }
}

/// A request under way.
pub struct Ask<'a> {
    api: &'a TestApi,
    request: axum::http::request::Builder,
    body: Body,
}

impl Ask<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub fn text(mut self, body: &str) -> Self {
        self.request = self
            .request
            .header(header::CONTENT_TYPE, "application/json");
        self.body = Body::from(body.to_owned());
        self
    }

    pub fn raw(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub async fn go(self) -> Answer {
        let request = self.request.body(self.body).unwrap();
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
            asked,
        }
    }
}

impl TestApi {
    pub async fn new() -> Self {
        Self::with_issuers(Vec::new()).await
    }

    /// Where nobody logs in.
    pub async fn without_login() -> Self {
        Self::made(Vec::new(), false).await
    }

    pub async fn with_issuers(issuers: Vec<IssuerConfig>) -> Self {
        Self::made(issuers, true).await
    }

    async fn made(issuers: Vec<IssuerConfig>, login: bool) -> Self {
        LazyLock::force(&LOG);
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000)));
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let secrets = MasterKey::new(zeroize::Zeroizing::new([7; 32]), Arc::clone(&ids));
        let store = Arc::new(SqliteStore::temporary().unwrap());
        let files = tempfile::tempdir().unwrap();
        let blobs = wharf_media::LocalBlobs::open(files.path(), clock.clone()).unwrap();
        let media = wharf_domain::media::Media {
            blobs: Arc::new(blobs),
            studio: Arc::new(wharf_media::Workshop::new(None)),
            ..Default::default()
        };
        let domain = Domain::new(store, clock.clone(), ids, Arc::new(secrets))
            .with_media(media)
            .with_courier(Arc::new(Nowhere))
            .named("node-1");
        let domain = Arc::new(domain);
        let engine = Arc::new(PlayedEngine::default());
        domain.attach(engine.clone());
        let keys = Arc::new(tokens::Issuers::default());
        let state = ApiState::new(ApiConfig {
            domain: Arc::clone(&domain),
            issuers,
            embedded: login
                .then(|| Embedded::new("https://wharf.test".to_owned(), &domain).unwrap()),
            fetch_jwks: keys.clone(),
            metrics: Some(Arc::new(|| "wharf_up 1\n".to_owned())),
            metrics_token: None,
            public_url: String::new(),
            trusted_proxies: Vec::new(),
        });
        let org = domain.create_organization("first").await.unwrap().id;
        let broken = Router::new().route("/api/v1/broken", get(broken));
        let mut api = Self {
            domain,
            clock,
            engine,
            issuers: keys,
            org,
            key: String::new(),
            router: router_with(state, broken),
            people: AtomicUsize::new(0),
            _files: files,
        };
        api.key = api
            .key_of(
                org,
                &[Capability::Read, Capability::Send, Capability::Manage],
                &[],
            )
            .await;
        api
    }

    /// A key with these rights, limited to these sessions (none: all).
    pub async fn key_of(&self, org: OrgId, rights: &[Capability], only: &[SessionId]) -> String {
        let new = NewKey {
            name: "test".to_owned(),
            capabilities: rights.iter().copied().collect::<Capabilities>(),
            sessions: only.to_vec(),
            expires_at: None,
        };
        self.domain
            .create_key(org, new, &Grant::everything(), &By::program())
            .await
            .unwrap()
            .1
    }

    /// An access token of somebody new with this role in `org`.
    pub async fn person(&self, role: &str, super_admin: bool) -> String {
        let number = self.people.fetch_add(1, Ordering::SeqCst);
        let email = format!("{role}{number}@test");
        let made = self.domain.first_owner(self.org, &email).await.unwrap();
        let role = Role::parse(role).unwrap();
        let (org, user) = (self.org, made.user);
        let changed = self.domain.store.write(move |tx| {
            let mut row = tx.user(&user)?.unwrap();
            row.super_admin = super_admin;
            tx.put_user(&row)?;
            let created_at = 1;
            tx.put_membership(&MembershipRow {
                org,
                user,
                role,
                created_at,
            })
        });
        changed.await.unwrap();
        let body = serde_json::json!({"email": made.email, "password": made.password});
        let tokens = self
            .ask("POST", "/auth/login")
            .json(&body)
            .go()
            .await
            .ok(200);
        tokens["accessToken"].as_str().unwrap().to_owned()
    }

    /// A stored session that never connects.
    pub async fn session(&self, org: OrgId) -> SessionScope {
        let made = self
            .domain
            .create_session(org, SessionSettings::default(), false, &By::program())
            .await
            .unwrap();
        self.domain.session_scope(org, made.id).await.unwrap()
    }

    /// A session that is paired and connected, as far as anybody can tell.
    pub async fn working(&self) -> SessionScope {
        let scope = self.session(self.org).await;
        let paired = Connection::Paired {
            phone: "15550000000".parse().unwrap(),
            lid: Some("900000000000000@lid".parse().unwrap()),
            push_name: "me".to_owned(),
        };
        let inbox = DomainInbox(Arc::clone(&self.domain));
        inbox.connection(&scope, paired).await.unwrap();
        inbox
            .connection(&scope, Connection::Connected)
            .await
            .unwrap();
        self.engine.connected.store(true, Ordering::SeqCst);
        scope
    }

    /// Facts arrive from WhatsApp.
    pub async fn told(&self, scope: SessionScope, facts: Vec<Inbound>) {
        self.domain.ingest_facts(scope, facts).await.unwrap();
    }

    /// A request without a credential; the path is below `/api/v1` unless it begins with `//`.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let uri = match path.strip_prefix("//") {
            Some(rest) => format!("/{rest}"),
            None => format!("/api/v1{path}"),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Ask {
            api: self,
            request: Request::builder().method(method).uri(uri),
            body: Body::empty(),
        }
    }

    /// A request with the key that may everything.
    pub fn by_key(&self, method: &str, path: &str) -> Ask<'_> {
        self.ask(method, path).bearer(&self.key)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.by_key("GET", path).go().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.by_key("POST", path).json(body).go().await
    }

    /// Payloads of the organization's logged events of a type ("" = all), oldest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let (org, kind) = (self.org, kind.to_owned());
        let rows = self
            .domain
            .store
            .read(move |view| view.events(&org, 0, 10_000))
            .await
            .unwrap();
        rows.iter()
            .filter(|row| kind.is_empty() || row.kind == kind)
            .map(|row| serde_json::from_str(&row.payload).unwrap())
            .collect()
    }
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain: {what}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
