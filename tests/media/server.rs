//! A web server on loopback that behaves as it is told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What lies at a path: its type and its bytes.
pub type Page = (&'static str, &'static str, Vec<u8>);

/// The server, and how many bytes of bodies it got rid of.
pub struct Server {
    pub at: SocketAddr,
    pub sent: Arc<AtomicU64>,
}

impl Server {
    /// `/file` is the body; `/slow` sends a byte of it every second; `/huge` ten gigabytes; `/away` redirects to `/file`;
    /// `/cut` ends early; everything else is 404. What ends in `.html` says that it is a page.
    pub async fn start(body: Vec<u8>) -> Self {
        Self::with(body, Vec::new()).await
    }

    /// The same, and pages.
    pub async fn with(body: Vec<u8>, pages: Vec<Page>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let sent = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&sent);
        let pages = Arc::new(pages);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (body, counter) = (body.clone(), Arc::clone(&counter));
                let pages = Arc::clone(&pages);
                tokio::spawn(async move {
                    // A client that goes away is what some tests are about.
                    let _ = serve(stream, &body, &pages, &counter).await;
                });
            }
        });
        Self { at, sent }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }
}

async fn serve(
    mut stream: TcpStream,
    body: &[u8],
    pages: &[Page],
    counter: &AtomicU64,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let page = pages.iter().find(|(at, ..)| *at == path);
    let (kind, body) = match page {
        Some((_, kind, bytes)) => (*kind, bytes.as_slice()),
        None if path.ends_with(".html") => ("text/html; charset=utf-8", body),
        None => ("text/plain", body),
    };
    let length = match path.trim_end_matches(".html") {
        _ if page.is_some() => body.len() as u64,
        "/file" | "/slow" => body.len() as u64,
        "/cut" => body.len() as u64 + 1,
        "/huge" => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let block = vec![7; 64 << 10];
            for _ in 0..(10_u64 << 30) / (64 << 10) {
                stream.write_all(&block).await?;
                counter.fetch_add(block.len() as u64, Ordering::SeqCst);
            }
            return Ok(());
        }
        "/away" => {
            let away = "HTTP/1.1 302 Found\r\nlocation: /file\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return stream.write_all(away.as_bytes()).await;
        }
        _ => {
            let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return stream.write_all(none.as_bytes()).await;
        }
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    if head.starts_with("GET /slow") {
        for byte in body {
            stream.write_u8(*byte).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        return Ok(());
    }
    stream.write_all(body).await
}
