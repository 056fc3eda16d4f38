//! The processes that hold sessions. There is one, itself: ownership of sessions is the lock on the data directory.
//!
//! Draining it closes the sockets of its sessions and starts none until the process is started again; what is stored is
//! still served. The sessions stay wanted, so the next start connects them.

use crate::{Domain, Error, Result, audit::By, ports::store::StoreExt, sessions::SessionRow};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use wharf_types::Millis;

/// What a process knows of itself.
#[derive(Default)]
pub(crate) struct Own {
    draining: AtomicBool,
}

/// A process that holds sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayView {
    /// Its name: `gatewayId` of its sessions.
    pub id: String,
    /// Sessions that should run on it.
    pub sessions: u64,
    /// Of these, those connected now.
    pub connected: u64,
    /// When it was started.
    pub started_at: Millis,
    /// It takes no sessions and gives up those it has.
    pub draining: bool,
}

const PAGE: usize = 200;

impl Domain {
    /// Whether the process gives up its sessions.
    pub fn draining(&self) -> bool {
        self.gateway.draining.load(Ordering::SeqCst)
    }

    /// A draining process starts nothing.
    pub(crate) fn takes_sessions(&self) -> Result<()> {
        match self.draining() {
            true => Err(Error::Unavailable("this gateway is draining".to_owned())),
            false => Ok(()),
        }
    }

    /// Every process that holds sessions.
    pub async fn gateways(&self) -> Result<Vec<GatewayView>> {
        let (mut sessions, mut connected) = (0, 0);
        self.each_wanted(|row| {
            sessions += 1;
            let there = self
                .engine()
                .is_ok_and(|engine| engine.connected(&row.scope));
            connected += u64::from(there);
        })
        .await?;
        Ok(vec![GatewayView {
            id: self.node_id.clone(),
            sessions,
            connected,
            started_at: self.started_at,
            draining: self.draining(),
        }])
    }

    /// Makes a process give up its sessions. Repeating is a no-op.
    pub async fn drain_gateway(self: &Arc<Self>, id: &str, by: &By) -> Result<GatewayView> {
        if id != self.node_id {
            return Err(Error::NotFound("gateway"));
        }
        if !self.gateway.draining.swap(true, Ordering::SeqCst) {
            let (trail, name) = (self.trail(by), id.to_owned());
            self.store
                .write(move |tx| trail.note(tx, None, "gateway.drain", name, json!({})))
                .await?;
            let domain = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(error) = domain.give_up_sessions().await {
                    tracing::warn!(%error, "not all sessions were given up");
                }
            });
        }
        let mut all = self.gateways().await?;
        all.pop().ok_or(Error::NotFound("gateway"))
    }

    async fn give_up_sessions(&self) -> Result<()> {
        let mut scopes = Vec::new();
        self.each_wanted(|row| scopes.push(row.scope)).await?;
        let engine = self.engine()?;
        for scope in scopes {
            if let Err(error) = engine.stop(&scope).await {
                tracing::warn!(session = %scope.id, %error, "session not given up");
            }
        }
        tracing::info!("drained");
        Ok(())
    }

    async fn each_wanted(&self, mut each: impl FnMut(&SessionRow)) -> Result<()> {
        let mut after = None;
        loop {
            let rows = self
                .store
                .read(move |view| view.sessions_everywhere(after, PAGE))
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.scope.no);
            rows.iter().filter(|row| row.wanted).for_each(&mut each);
        }
    }
}
