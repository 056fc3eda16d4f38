//! The floors: what is left when the gateway is taken away.
//!
//! A bare HTTP client that posts the same bytes to the same receiver, as fast as the receiver lets it; and a bare
//! WebSocket server that tells everybody what it is told.

use super::{report::Samples, stage::PAYLOAD};
use anyhow::Context;
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    response::Response,
    routing::get,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    sync::broadcast,
    task::{JoinHandle, JoinSet},
};

/// Posts from so many workers for so long; a warm-up of a tenth is not counted.
pub async fn posts(url: String, workers: usize, length: Duration) -> anyhow::Result<Samples> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let warm_until = Instant::now() + length / 10;
    let until = warm_until + length;
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (client, url) = (client.clone(), url.clone());
        tasks.spawn(async move {
            let mut took = Vec::new();
            for n in 0_u64.. {
                let begun = Instant::now();
                let answer = client
                    .post(&url)
                    .header("content-type", "application/json")
                    .header("webhook-id", format!("evt_{worker:08}{n:018}"))
                    .header("webhook-timestamp", "1764123456")
                    .header(
                        "webhook-signature",
                        "v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                    )
                    .body(PAYLOAD)
                    .send()
                    .await?
                    .error_for_status()?;
                answer.bytes().await?;
                let ended = Instant::now();
                if ended >= until {
                    break;
                }
                if begun >= warm_until {
                    took.push(ended - begun);
                }
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done??);
    }
    Ok(Samples {
        took,
        elapsed: length,
    })
}

/// A WebSocket server with one channel behind it.
pub struct Broadcast {
    pub address: SocketAddr,
    tell: broadcast::Sender<Utf8Bytes>,
    task: JoinHandle<()>,
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Broadcast {
    pub async fn start() -> anyhow::Result<Self> {
        let (tell, _) = broadcast::channel(64);
        let router = Router::new()
            .route("/", get(upgrade))
            .with_state(tell.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr().context("the bare server's address")?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            tell,
            task,
        })
    }

    /// To everybody.
    pub fn tell(&self, text: String) {
        let _ = self.tell.send(text.into());
    }
}

async fn upgrade(
    State(told): State<broadcast::Sender<Utf8Bytes>>,
    socket: WebSocketUpgrade,
) -> Response {
    let mut told = told.subscribe();
    socket.on_upgrade(|mut socket: WebSocket| async move {
        while let Ok(text) = told.recv().await {
            if socket.send(Message::Text(text)).await.is_err() {
                return;
            }
        }
    })
}
