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
mod root;

/// Accepts clients until the runtime ends.
pub async fn serve(sim: Arc<Sim>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                let sim = Arc::clone(&sim);
                tokio::spawn(async move {
                    let done = if root::asked(&tcp).await {
                        root::answer(&sim, tcp).await
                    } else {
                        conn::run(sim, tcp).await
                    };
                    if let Err(e) = done {
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
