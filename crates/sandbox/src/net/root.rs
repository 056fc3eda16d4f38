//! The media server's root certificate on the chat server's port: `GET /ca.pem`.
//!
//! A gateway is told one address, the chat server's; from there it can learn whom to trust for media. WhatsApp has
//! no such thing, and no client asks for it by accident.

use anyhow::{Context, Result};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::world::Sim;

const ASKED: &[u8] = b"GET /ca.pem ";

/// Whether the connection begins with this request. Reads nothing: a WebSocket's own request stays as it is.
pub async fn asked(tcp: &TcpStream) -> bool {
    let mut begin = [0; ASKED.len()];
    // Clients send their whole request at once; whoever sends less is no browser, and no gateway of ours.
    matches!(tcp.peek(&mut begin).await, Ok(n) if begin.get(..n) == Some(ASKED))
}

/// Answers and closes.
pub async fn answer(sim: &Sim, mut tcp: TcpStream) -> Result<()> {
    let pem = tokio::fs::read(sim.media.ca_file())
        .await
        .context("the media server's root")?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-pem-file\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        pem.len()
    );
    // The request must be read before closing, or the close resets the connection and the answer is lost.
    let mut request = [0; 1024];
    tcp.readable().await?;
    let _ = tcp.try_read(&mut request)?;
    tcp.write_all(head.as_bytes()).await?;
    tcp.write_all(&pem).await?;
    tcp.shutdown().await?;
    Ok(())
}
