//! The HTTPS listener.
//!
//! TLS handshakes run in tasks of their own, so that a client that stalls in one holds nobody up.
//! Dropping the server stops it.

use anyhow::{Context, Result};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Media, blobs, routes};
use crate::{faults::FaultKind, ids::Phone, world::Sim};

/// File that names the port.
const PORT: &str = "port";
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the server asks of the world around it.
pub trait Outside: Send + Sync + 'static {
    /// Unix seconds by the world's clock.
    fn now(&self) -> i64;
    /// Whether a download finds its file expired though it is there; `phone` is who asks, where that shows.
    fn gone(&self, phone: Option<Phone>) -> bool;
    /// How long each piece of a transfer waits.
    fn slow(&self, _phone: Option<Phone>) -> Option<Duration> {
        None
    }
}

impl Outside for Sim {
    fn now(&self) -> i64 {
        self.clock.now()
    }
    fn gone(&self, phone: Option<Phone>) -> bool {
        self.faults.strike(FaultKind::MediaGone, phone).is_some()
    }
    fn slow(&self, phone: Option<Phone>) -> Option<Duration> {
        let f = self.faults.strike(FaultKind::Slow, phone)?;
        Some(Duration::from_millis(f.ms))
    }
}

/// The listener of one world's media.
pub struct MediaServer {
    addr: SocketAddr,
    accept: JoinHandle<()>,
    serve: JoinHandle<()>,
}

impl MediaServer {
    /// Listens on `listen` and tells `media` its address.
    pub async fn start(
        media: Arc<Media>,
        listen: SocketAddr,
        outside: Arc<dyn Outside>,
    ) -> Result<Self> {
        let tls = media.certificates.server_config()?;
        let listener = bind(&media, listen).await?;
        let addr = listener.local_addr()?;
        blobs::write_durably(&media.dir.join(PORT), addr.port().to_string().as_bytes())?;
        media
            .addr
            .set(addr)
            .ok()
            .context("these media are served already")?;
        let app = routes::app(media, outside, format!("https://{addr}"));
        let (tx, rx) = mpsc::channel(64);
        let accept = tokio::spawn(accept(listener, TlsAcceptor::from(tls), tx));
        let serve = tokio::spawn(async move {
            if let Err(e) = axum::serve(Handshaken { rx, addr }, app).await {
                tracing::error!(error = %e, "media server ended");
            }
        });
        Ok(Self {
            addr,
            accept,
            serve,
        })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        self.accept.abort();
        self.serve.abort();
    }
}

/// Any port: that of the run before when it is free, because clients keep a host for a while.
async fn bind(media: &Media, listen: SocketAddr) -> Result<TcpListener> {
    let before = std::fs::read_to_string(media.dir.join(PORT));
    let before = before.ok().and_then(|p| p.parse().ok());
    if let (0, Some(port)) = (listen.port(), before)
        && let Ok(again) = TcpListener::bind(SocketAddr::new(listen.ip(), port)).await
    {
        return Ok(again);
    }
    TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen on {listen}"))
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, tx: mpsc::Sender<Connection>) {
    loop {
        let (tcp, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of descriptors, usually: give the holders a moment.
                tracing::warn!(error = %e, "media accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (tls, tx) = (tls.clone(), tx.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE_TIMEOUT, tls.accept(tcp)).await {
                // A closed channel means that the server is going down.
                Ok(Ok(stream)) => drop(tx.send((stream, peer)).await),
                Ok(Err(e)) => tracing::debug!(error = %e, "media handshake"),
                Err(_) => tracing::debug!("media handshake timed out"),
            }
        });
    }
}

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Connections whose handshake is done.
struct Handshaken {
    rx: mpsc::Receiver<Connection>,
    addr: SocketAddr,
}

impl axum::serve::Listener for Handshaken {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.rx.recv().await {
            Some(connection) => connection,
            // The accept task is gone: nothing will come any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.addr)
    }
}
