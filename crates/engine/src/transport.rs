//! The library's byte pipe: a WebSocket, dialled directly or through the session's proxy.

use crate::{line::Line, proxy::dial};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use reqwest::Url;
use std::{sync::Arc, time::Duration};
use tokio_websockets::{ClientBuilder, Connector, Limits};
use wacore::net::{Transport, TransportEvent, TransportFactory, WHATSAPP_WEB_ORIGIN};
use whatsapp_rust::transport::{default_tls_connector, from_websocket};

/// How long dialling, TLS and upgrade may take together.
const DIAL: Duration = Duration::from_secs(20);
/// No stanza WhatsApp sends comes near this; history and media go another way.
const LARGEST: usize = 16 << 20;

/// Makes the sockets of one session.
pub(crate) struct Sockets {
    url: String,
    line: Line,
}

impl Sockets {
    pub(crate) fn new(url: String, line: Line) -> Self {
        Self { url, line }
    }

    async fn open(&self) -> Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        let url = Url::parse(&self.url).context("WebSocket address")?;
        let host = url
            .host_str()
            .ok_or_else(|| anyhow!("WebSocket address without host"))?;
        let secure = url.scheme() == "wss";
        let port = url.port().unwrap_or(if secure { 443 } else { 80 });
        let proxy = self.line.choose().await?;
        let stream = dial(proxy.as_ref(), host.trim_matches(['[', ']']), port).await?;
        let connector = if secure {
            default_tls_connector()
        } else {
            Connector::Plain
        };
        let stream = connector.wrap(host, stream).await?;
        let (socket, _) = ClientBuilder::new()
            .uri(&self.url)?
            .limits(Limits::default().max_payload_len(Some(LARGEST)))
            .add_header(
                http::header::ORIGIN,
                http::HeaderValue::from_static(WHATSAPP_WEB_ORIGIN),
            )?
            .connect_on(stream)
            .await?;
        Ok(from_websocket(socket))
    }
}

#[async_trait]
impl TransportFactory for Sockets {
    async fn create_transport(
        &self,
    ) -> Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        tokio::time::timeout(DIAL, self.open())
            .await
            .context("dialling took too long")?
    }
}
