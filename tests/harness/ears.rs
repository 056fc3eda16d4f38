//! A WebSocket reader as tests use it.

use super::{PATIENCE, TestApp, schemas};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, WebSocketStream};

/// An open socket.
pub struct Ears(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// How a socket ended or did not begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Closed(u16),
    /// Without a word.
    Lost,
}

impl Ears {
    /// Connects to a URL of a ticket.
    pub async fn at(url: &str) -> Result<Self, tokio_websockets::Error> {
        let (socket, _) = ClientBuilder::new().uri(url).unwrap().connect().await?;
        Ok(Self(socket))
    }

    /// The same with next to no room for what it has not read yet.
    pub async fn cramped(url: &str) -> Self {
        let client = ClientBuilder::new().uri(url).unwrap();
        let host = url.split('/').nth(2).unwrap().parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(host).await.unwrap());
        Self(client.connect_on(stream).await.unwrap().0)
    }

    /// Waits for a ping.
    pub async fn ping(&mut self) {
        let pinged = async {
            while let Some(Ok(message)) = self.0.next().await {
                if message.as_text() == Some(r#"{"type":"ping"}"#) {
                    return true;
                }
            }
            false
        };
        let pinged = tokio::time::timeout(PATIENCE, pinged).await;
        assert_eq!(pinged, Ok(true), "no ping");
    }

    /// The next event; pings are passed over.
    pub async fn next(&mut self) -> Result<Value, Ended> {
        Ok(self.next_as_told().await?.0)
    }

    /// The same and its bytes.
    pub async fn next_as_told(&mut self) -> Result<(Value, String), Ended> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("an event within the patience");
            let Some(Ok(message)) = message else {
                return Err(Ended::Lost);
            };
            if let Some((code, _)) = message.as_close() {
                return Err(Ended::Closed(code.into()));
            }
            let Some(text) = message.as_text() else {
                continue;
            };
            let event: Value = serde_json::from_str(text).unwrap();
            if event["type"] != "ping" {
                schemas::check(&event, "a socket");
                return Ok((event, text.to_owned()));
            }
        }
    }

    /// Events up to one that `last` recognises.
    pub async fn until(&mut self, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let event = self.next().await.expect("an event");
            let done = last(&event);
            heard.push(event);
            if done {
                return heard;
            }
        }
    }

    /// How it ends.
    pub async fn end(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }
}

impl TestApp {
    /// A ticket's URL.
    pub async fn ticket(&self, wish: Value) -> String {
        let made = self.api.post("/realtime/ticket", wish).await.well();
        made["url"].as_str().unwrap().to_owned()
    }

    /// Listens from now on.
    pub async fn listen(&self, wish: Value) -> Ears {
        Ears::at(&self.ticket(wish).await).await.unwrap()
    }

    /// Listens to everything after an event.
    pub async fn listen_since(&self, since: &str) -> Ears {
        let url = self.ticket(json!({})).await;
        Ears::at(&format!("{url}&since={since}")).await.unwrap()
    }

    /// The whole log, pulled page by page.
    pub async fn pull(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/events?limit=200&after={after}");
            let page = self.api.get(&path).await.well();
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            after = page["nextCursor"].as_str().unwrap().to_owned();
            if after.is_empty() {
                return all;
            }
        }
    }
}
