//! The running gateway: listener, sessions, and an orderly end.

use crate::{config::Config, data_dir::DataDir, wiring};
use anyhow::Context;
use axum::{Router, serve::ListenerExt};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use wharf_api::{ApiState, RenderMetrics, router_with};
use wharf_delivery::Deliveries;
use wharf_domain::Domain;
use wharf_engine::{Heard, WhatsAppEngine};

/// Requests in flight get this long once no new ones are taken; with the sockets' end it stays under 10 s.
const FINISH: Duration = Duration::from_secs(5);

/// A gateway that listens.
pub struct Gateway {
    /// Where.
    pub address: SocketAddr,
    /// The operations.
    pub domain: Arc<Domain>,
    engine: Arc<WhatsAppEngine>,
    api: ApiState,
    deliveries: Deliveries,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<std::io::Result<()>>>,
    upkeep: JoinHandle<()>,
    _data: DataDir,
}

impl Gateway {
    /// Opens the store in the directory held, listens, and starts the sessions that should run.
    pub async fn start(
        config: &Config,
        data: DataDir,
        more: Router<ApiState>,
    ) -> anyhow::Result<Self> {
        Self::start_measured(config, data, more, None).await
    }

    /// The same, telling of each send how long WhatsApp took.
    pub async fn start_measured(
        config: &Config,
        data: DataDir,
        more: Router<ApiState>,
        heard: Option<Heard>,
    ) -> anyhow::Result<Self> {
        let domain = wiring::gateway_domain(config).await?;
        let engine = wiring::attach_engine(config, &domain, heard).await?;
        let (render, upkeep) = crate::telemetry::metrics()?;
        let state = wiring::api_state(config, &domain, Some(Arc::clone(&render)))?;
        let listener = bind(config.listen, "listen").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let mut servers = vec![serve(
            listener,
            router_with(state.clone(), more),
            stopped.clone(),
        )];
        if !config.metrics_listen.is_empty() {
            let at = config
                .metrics_listen
                .parse()
                .context("metrics_listen: must be ADDRESS:PORT")?;
            servers.push(serve(
                bind(at, "metrics_listen").await?,
                metrics_only(render),
                stopped,
            ));
        }
        if config.auth.embedded {
            domain.prepare_login().await?;
        }
        let deliveries = Deliveries::start(Arc::clone(&domain));
        domain.keep_outbox();
        domain.keep_sweeping();
        domain.keep_log();
        domain.keep_audit(i64::from(config.retention.audit_days) * 86_400_000);
        if config.retention.messages_days > 0 {
            domain.keep_messages(i64::from(config.retention.messages_days) * 86_400_000);
        }
        domain.resume_organizations().await?;
        domain.resume_backfills().await?;
        domain.tidy_imports().await?;
        let resumed = domain.resume_sessions().await?;
        tracing::info!(%address, sessions = resumed, "listening");
        Ok(Self {
            address,
            domain,
            engine,
            api: state,
            deliveries,
            stop,
            servers,
            upkeep,
            _data: data,
        })
    }

    /// `http://…`, as a caller on this machine reaches it.
    pub fn url(&self) -> String {
        let mut at = self.address;
        if at.ip().is_unspecified() {
            at.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{at}")
    }

    /// Stops accepting, finishes what is in flight, closes the sessions' sockets.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(FINISH, self.api.stop()).await;
        self.deliveries.stop(FINISH).await;
        for server in self.servers {
            let _ = tokio::time::timeout(FINISH, server).await;
        }
        self.upkeep.abort();
        self.engine.shutdown().await;
    }
}

async fn bind(at: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at)
        .await
        .with_context(|| format!("{setting}: {at}"))
}

fn serve(
    listener: TcpListener,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> JoinHandle<std::io::Result<()>> {
    let listener = listener.tap_io(|socket| {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = socket.set_nodelay(true);
    });
    let until = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    tokio::spawn(async move {
        axum::serve(
            listener,
            router.into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(until)
        .await
    })
}

fn metrics_only(render: RenderMetrics) -> Router {
    Router::new().route(
        "/metrics",
        axum::routing::get(move || std::future::ready(render())),
    )
}

/// Ends when the program is asked to: SIGTERM or Ctrl-C.
pub fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
