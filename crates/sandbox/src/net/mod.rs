//! The wire: WebSocket, Noise, frames, one actor for each connection.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::world::Sim;

pub mod certs;
mod conn;
mod frames;
mod login;
mod noise;
pub mod online;

/// Accepts clients until the runtime ends.
pub async fn serve(sim: Arc<Sim>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                let sim = Arc::clone(&sim);
                tokio::spawn(async move {
                    if let Err(e) = conn::run(sim, tcp).await {
                        tracing::debug!(target: "sandbox", "connection ended: {e:#}");
                    }
                });
            }
            // Out of descriptors: wait for some connection to end rather than spin.
            Err(e) => {
                tracing::warn!(target: "sandbox", "accept: {e}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}
