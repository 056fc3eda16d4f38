//! A proxy of the tests' own: SOCKS5 (RFC 1928, 1929) or HTTP CONNECT, with one user.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const USER: &str = "wharf";
const PASSWORD: &str = "c4nary-in-the-proxy";

/// Lets through who knows the password, and remembers where to. Ends with the test.
pub struct Proxy {
    scheme: &'static str,
    at: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    listening: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Proxy {
    pub async fn socks5() -> Self {
        Self::listen("socks5").await
    }

    pub async fn http() -> Self {
        Self::listen("http").await
    }

    async fn listen(scheme: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let _ = serve(scheme, client, &log).await;
                });
            }
        });
        Self {
            scheme,
            at,
            asked,
            listening,
        }
    }

    /// With the right credentials.
    pub fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    pub fn url_with(&self, password: &str) -> String {
        format!("{}://{USER}:{password}@{}", self.scheme, self.at)
    }

    /// As callers may see it.
    pub fn shown(&self) -> String {
        format!("{}://{}", self.scheme, self.at)
    }

    /// Where it connected to so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// What must be found nowhere.
    pub fn secret(&self) -> &'static str {
        PASSWORD
    }
}

async fn serve(
    scheme: &str,
    mut client: TcpStream,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let target = match scheme {
        "http" => connect(&mut client).await?,
        _ => socks(&mut client).await?,
    };
    let Some(target) = target else { return Ok(()) };
    asked.lock().unwrap().push(target.clone());
    let mut server = TcpStream::connect(target).await?;
    let granted: &[u8] = match scheme {
        "http" => b"HTTP/1.1 200 OK\r\n\r\n",
        _ => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    };
    client.write_all(granted).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

async fn connect(client: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // "wharf:c4nary-in-the-proxy" in base64.
    if !head.contains("Basic d2hhcmY6YzRuYXJ5LWluLXRoZS1wcm94eQ==") {
        let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        client.write_all(refused).await?;
        return Ok(None);
    }
    Ok(head.split_whitespace().nth(1).map(str::to_owned))
}

async fn socks(client: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut hello = [0; 2];
    client.read_exact(&mut hello).await?;
    let mut methods = vec![0; usize::from(hello[1])];
    client.read_exact(&mut methods).await?;
    client.write_all(&[5, 2]).await?;
    client.read_u8().await?;
    let user = text(client).await?;
    let password = text(client).await?;
    let well = user == USER && password == PASSWORD;
    client.write_all(&[1, u8::from(!well)]).await?;
    if !well {
        return Ok(None);
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let host = match request[3] {
        1 => {
            let mut ip = [0; 4];
            client.read_exact(&mut ip).await?;
            std::net::Ipv4Addr::from(ip).to_string()
        }
        _ => text(client).await?,
    };
    let port = client.read_u16().await?;
    Ok(Some(format!("{host}:{port}")))
}

async fn text(client: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
