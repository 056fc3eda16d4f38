//! A session behind a proxy: the socket and the media go through it.

use crate::support::*;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wharf_domain::ports::engine::Connection;
use wharf_types::ProxyUrl;

/// An HTTP proxy that knows only CONNECT, and what it was asked for.
async fn proxy() -> (ProxyUrl, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split_whitespace().nth(1).unwrap().to_owned();
                log.lock().unwrap().push(target.clone());
                let mut server = TcpStream::connect(target).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (at.parse().unwrap(), asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_through_the_installations_proxy() {
    let (proxy, asked) = proxy().await;
    let home = Home::with(quick(), Some(proxy)).await;
    home.link().await;
    until("history by media server", || {
        home.inbox.told(&Connection::History { complete: true })
    })
    .await;
    let chat = home.net.chat_url();
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked.iter().any(|target| chat.contains(target.as_str())),
        "{asked:?}"
    );
    assert!(
        asked.iter().any(|target| !chat.contains(target.as_str())),
        "no media: {asked:?}"
    );
}
