//! A receiver of webhooks: it takes each delivery after 10 ms, and notes when it came. Beside it one that is dead, in two
//! ways.

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// How long it takes over a delivery.
const WORK: Duration = Duration::from_millis(10);
/// Longer than anybody waits for an answer.
const NEVER: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Inside {
    count: AtomicU64,
    noting: AtomicBool,
    came: Mutex<Vec<(String, Instant)>>,
}

/// The receiver, listening.
pub struct Sink {
    address: SocketAddr,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    pub async fn start() -> anyhow::Result<Self> {
        let inside = Arc::new(Inside::default());
        let router = Router::new()
            .route("/hook", post(take))
            .route("/hang", post(hang))
            .route("/refuse", post(refuse))
            .with_state(Arc::clone(&inside));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr().context("the receiver's address")?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            inside,
            task,
        })
    }

    /// Where it takes deliveries.
    pub fn url(&self) -> String {
        self.at("hook")
    }

    /// The address of one of its ways: `hook`, `hang` or `refuse`.
    pub fn at(&self, way: &str) -> String {
        format!("http://{}/{way}", self.address)
    }

    /// Deliveries taken so far.
    pub fn count(&self) -> u64 {
        self.inside.count.load(Ordering::Relaxed)
    }

    /// From now on it notes what comes, by `webhook-id`.
    pub fn note(&self) {
        self.inside.noting.store(true, Ordering::Relaxed);
    }

    /// What came since, and no more is noted.
    pub fn noted(&self) -> Vec<(String, Instant)> {
        self.inside.noting.store(false, Ordering::Relaxed);
        let mut came = self
            .inside
            .came
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *came)
    }
}

async fn take(State(inside): State<Arc<Inside>>, headers: HeaderMap) -> &'static str {
    if inside.noting.load(Ordering::Relaxed)
        && let Some(id) = headers.get("webhook-id").and_then(|id| id.to_str().ok())
    {
        let came = (id.to_owned(), Instant::now());
        let mut all = inside.came.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(came);
    }
    tokio::time::sleep(WORK).await;
    inside.count.fetch_add(1, Ordering::Relaxed);
    "ok"
}

async fn hang() {
    tokio::time::sleep(NEVER).await;
}

async fn refuse() -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
