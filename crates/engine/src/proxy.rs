//! Dialling, directly or through a SOCKS5 (RFC 1928, 1929) or HTTP CONNECT (RFC 9110 §9.3.6) proxy.

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wharf_types::ProxyUrl;

/// A stream to `host:port` through this proxy.
async fn dial_through(proxy: &ProxyUrl, host: &str, port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect((proxy.host(), proxy.port()))
        .await
        .context("proxy unreachable")?;
    if proxy.is_http() {
        connect_http(&mut stream, host, port, proxy.credentials()).await?;
    } else {
        connect_socks(&mut stream, host, port, proxy.credentials()).await?;
    }
    Ok(stream)
}

/// The form the HTTP client takes: with SOCKS5, too, names are resolved by the proxy.
pub(crate) fn for_http(proxy: &ProxyUrl) -> String {
    proxy.with_credentials().replacen("socks5:", "socks5h:", 1)
}

/// A stream to `host:port`, through the proxy if there is one.
pub(crate) async fn dial(proxy: Option<&ProxyUrl>, host: &str, port: u16) -> Result<TcpStream> {
    let stream = match proxy {
        Some(proxy) => dial_through(proxy, host, port).await?,
        None => TcpStream::connect((host, port)).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect_http(
    stream: &mut TcpStream,
    host: &str,
    port: u16,
    credentials: Option<(String, String)>,
) -> Result<()> {
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some((user, password)) = credentials {
        let token = STANDARD.encode(format!("{user}:{password}"));
        request.push_str(&format!("Proxy-Authorization: Basic {token}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    // Byte by byte: what follows the blank line belongs to the tunnel.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8192 {
            bail!("the proxy's answer is too long");
        }
        head.push(stream.read_u8().await?);
    }
    let status = String::from_utf8_lossy(&head);
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        other => bail!("the proxy answered {}", other.unwrap_or("nothing")),
    }
}

async fn connect_socks(
    stream: &mut TcpStream,
    host: &str,
    port: u16,
    credentials: Option<(String, String)>,
) -> Result<()> {
    const NONE: u8 = 0;
    const PASSWORD: u8 = 2;
    let method = if credentials.is_some() {
        PASSWORD
    } else {
        NONE
    };
    stream.write_all(&[5, 1, method]).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    if chosen != [5, method] {
        bail!("the proxy refuses this way of authenticating");
    }
    if let Some((user, password)) = credentials {
        let mut login = vec![1, u8::try_from(user.len())?];
        login.extend_from_slice(user.as_bytes());
        login.push(u8::try_from(password.len())?);
        login.extend_from_slice(password.as_bytes());
        stream.write_all(&login).await?;
        let mut verdict = [0; 2];
        stream.read_exact(&mut verdict).await?;
        if verdict != [1, 0] {
            bail!("the proxy refuses the credentials");
        }
    }
    let mut request = vec![5, 1, 0, 3, u8::try_from(host.len())?];
    request.extend_from_slice(host.as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    let [5, 0, _, kind] = answer else {
        bail!("the proxy could not connect");
    };
    let bound = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => bail!("the proxy's answer has no address"),
    };
    let mut address = vec![0; bound + 2];
    stream.read_exact(&mut address).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn scripted(
        script: impl FnOnce(TcpStream) -> tokio::task::JoinHandle<Vec<u8>>,
        scheme: &str,
    ) -> (Result<TcpStream>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy: ProxyUrl = format!("{scheme}://us%40er:pass@{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let (dialled, accepted) = tokio::join!(dial(Some(&proxy), "web.example", 443), async {
            let (stream, _) = listener.accept().await.unwrap();
            script(stream).await.unwrap()
        });
        (dialled, accepted)
    }

    #[tokio::test]
    async fn socks5_logs_in_and_names_the_host() {
        let (stream, asked) = scripted(
            |mut s| {
                tokio::spawn(async move {
                    let mut hello = [0; 3];
                    s.read_exact(&mut hello).await.unwrap();
                    s.write_all(&[5, 2]).await.unwrap();
                    let mut login = [0; 2 + 5 + 1 + 4];
                    s.read_exact(&mut login).await.unwrap();
                    s.write_all(&[1, 0]).await.unwrap();
                    let mut request = vec![0; 5 + 11 + 2];
                    s.read_exact(&mut request).await.unwrap();
                    s.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                    [&login[..], &request].concat()
                })
            },
            "socks5",
        )
        .await;
        assert!(stream.is_ok());
        assert_eq!(
            asked,
            [
                b"\x01\x05us@er\x04pass".as_slice(),
                b"\x05\x01\x00\x03\x0bweb.example\x01\xbb"
            ]
            .concat()
        );
    }

    #[tokio::test]
    async fn http_connect_is_refused_in_words() {
        let (stream, asked) = scripted(
            |mut s| {
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        request.push(s.read_u8().await.unwrap());
                    }
                    s.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                        .await
                        .unwrap();
                    request
                })
            },
            "http",
        )
        .await;
        assert!(stream.unwrap_err().to_string().contains("407"));
        let asked = String::from_utf8(asked).unwrap();
        assert!(
            asked.starts_with("CONNECT web.example:443 HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked.contains("Proxy-Authorization: Basic dXNAZXI6cGFzcw=="),
            "{asked}"
        );
    }
}
