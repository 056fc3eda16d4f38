//! Frames over WebSocket: 3-byte big-endian length, payload; after the handshake each one encrypted
//! with its counter. One binary message may carry several frames, and one frame several messages.

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{Message, ServerBuilder, WebSocketStream};
use wacore::{
    framing::{FrameDecoder, encode_frame},
    handshake::NoiseCipher,
};
use wacore_binary::consts::WA_CONN_HEADER;

pub struct Frames {
    ws: WebSocketStream<TcpStream>,
    decoder: FrameDecoder,
    ciphers: Option<Ciphers>,
}

struct Ciphers {
    write: NoiseCipher,
    read: NoiseCipher,
    written: u32,
    seen: u32,
}

impl Frames {
    /// The WebSocket upgrade and the header that opens every connection.
    pub async fn accept(tcp: TcpStream) -> Result<Self> {
        tcp.set_nodelay(true)?;
        let (_, ws) = ServerBuilder::new().accept(tcp).await?;
        let mut f = Self {
            ws,
            decoder: FrameDecoder::new(),
            ciphers: None,
        };
        let mut head = Vec::new();
        while head.len() < WA_CONN_HEADER.len() {
            head.extend_from_slice(&f.binary().await?);
        }
        let rest = head
            .strip_prefix(&WA_CONN_HEADER[..])
            .context("the connection does not open with WhatsApp's header")?;
        f.decoder.feed(rest);
        Ok(f)
    }

    pub fn secure(&mut self, write: NoiseCipher, read: NoiseCipher) {
        self.ciphers = Some(Ciphers {
            write,
            read,
            written: 0,
            seen: 0,
        });
    }

    /// The next frame. Safe to drop while waiting: what arrived stays in the decoder.
    pub async fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(mut f) = self.decoder.decode_frame() {
                if let Some(c) = &mut self.ciphers {
                    c.read
                        .decrypt_in_place_with_counter::<BytesMut>(c.seen, &mut f)?;
                    c.seen = c.seen.checked_add(1).context("counter used up")?;
                }
                return Ok(f.to_vec());
            }
            let b = self.binary().await?;
            self.decoder.feed(&b);
        }
    }

    pub async fn send(&mut self, payload: &[u8]) -> Result<()> {
        let frame = match &mut self.ciphers {
            None => encode_frame(payload, None)?,
            Some(c) => {
                let ct = c.write.encrypt_with_counter(c.written, payload)?;
                c.written = c.written.checked_add(1).context("counter used up")?;
                encode_frame(&ct, None)?
            }
        };
        self.ws.send(Message::binary(frame)).await?;
        Ok(())
    }

    pub async fn close(mut self) {
        // The peer may be gone already; there is nobody left to tell.
        let _ = self.ws.close().await;
    }

    async fn binary(&mut self) -> Result<Bytes> {
        loop {
            let m = self
                .ws
                .next()
                .await
                .context("the client closed the socket")??;
            if m.is_binary() {
                return Ok(m.into_payload().into());
            }
            if m.is_close() {
                bail!("the client closed the socket");
            }
        }
    }
}
