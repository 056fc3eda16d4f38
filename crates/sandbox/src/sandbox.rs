//! Starting and stopping the network.
//!
//! It runs on threads of its own: its transactions wait for the disk, and a host program's runtime
//! (the gateway's, in a demo) must not wait with them.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    control, history,
    keys::Seed,
    media::MediaServer,
    net,
    store::{self, world_value},
    world::Sim,
};

#[derive(Clone, Debug)]
pub struct Options {
    /// Where the world lives; None: in memory, gone at the end.
    pub data_dir: Option<PathBuf>,
    /// The control API; the chat server takes another free port of the same address.
    pub listen: SocketAddr,
    /// The world's seed, honoured at its creation only.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
        }
    }
}

/// A running network. Dropping it stops it.
pub struct Sandbox {
    runtime: Option<Runtime>,
    sim: Arc<Sim>,
    control: SocketAddr,
    chat: SocketAddr,
    /// Serves until it is dropped.
    _media: MediaServer,
}

impl Sandbox {
    pub async fn start(o: Options) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .context("the network's threads")?;
        let start = runtime.spawn(start(o));
        let out = start.await.context("starting the network")?;
        match out {
            Ok((sim, control, chat, media)) => Ok(Self {
                runtime: Some(runtime),
                sim,
                control,
                chat,
                _media: media,
            }),
            Err(e) => {
                runtime.shutdown_background();
                Err(e)
            }
        }
    }

    /// The control API's address.
    pub fn sandbox_url(&self) -> String {
        format!("http://{}", self.control)
    }
    /// The chat server's WebSocket address.
    pub fn chat_url(&self) -> String {
        format!("ws://{}/ws/chat", self.chat)
    }
    /// The root of the Noise certificates, 32 bytes in hex.
    pub fn noise_root_hex(&self) -> String {
        self.sim.noise.root_hex()
    }
    /// PEM file of the media server's root, which clients must trust.
    pub fn ca_file(&self) -> PathBuf {
        self.sim.media.ca_file()
    }
    /// The network itself, for what has no call in the control API.
    pub fn sim(&self) -> &Arc<Sim> {
        &self.sim
    }
    /// Stops at once: every change is durable already, and clients see their sockets end.
    pub fn shutdown(mut self) {
        self.stop();
    }
    fn stop(&mut self) {
        if let Some(r) = self.runtime.take() {
            r.shutdown_background();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn start(o: Options) -> Result<(Arc<Sim>, SocketAddr, SocketAddr, MediaServer)> {
    let db = store::open(o.data_dir.as_deref())?;
    let seed = world_value(&db, "seed", || Seed::from_u64(o.seed).0.to_vec())?;
    let sim = Arc::new(Sim::new(db, Seed(seed.try_into().unwrap_or_default()))?);
    sim.act(|w| w.close_ledger())?;

    let control = TcpListener::bind(o.listen)
        .await
        .with_context(|| format!("listening on {}", o.listen))?;
    let chat = listen_for_clients(&sim, o.listen.ip()).await?;
    let at = (control.local_addr()?, chat.local_addr()?);
    tokio::spawn(net::serve(Arc::clone(&sim), chat));
    let app = control::router(Arc::clone(&sim));
    tokio::spawn(async move {
        if let Err(e) = axum::serve(control, app).await {
            tracing::error!(target: "sandbox", "control API: {e}");
        }
    });
    let media = SocketAddr::new(o.listen.ip(), 0);
    let media = MediaServer::start(Arc::clone(&sim.media), media, sim.clone()).await?;
    tokio::spawn(history::upload::run(Arc::clone(&sim)));
    Ok((sim, at.0, at.1, media))
}

/// The port of the run before, when it is free: clients that outlive a restart find the network again.
async fn listen_for_clients(sim: &Arc<Sim>, ip: IpAddr) -> Result<TcpListener> {
    let before = sim.act(|w| store::get_world_value(w.db(), "chat port"))?;
    let before = before.and_then(|b| Some(u16::from_be_bytes(b.try_into().ok()?)));
    let again = match before {
        Some(p) => retake(SocketAddr::new(ip, p)).await,
        None => None,
    };
    let l = match again {
        Some(l) => l,
        None => TcpListener::bind(SocketAddr::new(ip, 0))
            .await
            .context("listening for clients")?,
    };
    let port = l.local_addr()?.port();
    sim.act(|w| store::set_world_value(w.db(), "chat port", &port.to_be_bytes()))?;
    Ok(l)
}

/// A network that stopped a moment ago may still hold its port.
async fn retake(at: SocketAddr) -> Option<TcpListener> {
    for _ in 0..25 {
        match TcpListener::bind(at).await {
            Ok(l) => return Some(l),
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            Err(_) => return None,
        }
    }
    None
}
