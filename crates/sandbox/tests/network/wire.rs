//! A client's side of the wire: WebSocket, Noise XX with the chain verified, frames, stanzas.

use std::time::Duration;

use buffa::Message as _;
use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};
use wacore::{
    framing::{FrameDecoder, encode_frame},
    handshake::{NoiseCipher, NoiseHandshake},
    libsignal::protocol::{KeyPair, PublicKey},
};
use wacore_binary::{
    Node,
    consts::{NOISE_PATTERN_XX, WA_CONN_HEADER},
    marshal::{marshal, unmarshal_ref},
    util::unpack,
};
use waproto::whatsapp as wa;
use wharf_sandbox::keys::{pub32, rng};

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Wire {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    decoder: FrameDecoder,
    write: NoiseCipher,
    read: NoiseCipher,
    sent: u32,
    seen: u32,
    /// Stanzas read while waiting for another.
    pub aside: Vec<Node>,
}

impl Wire {
    pub async fn connect(
        url: &str,
        root_hex: &str,
        me: &KeyPair,
        payload: &wa::ClientPayload,
    ) -> Self {
        let (mut ws, _) = ClientBuilder::new()
            .uri(url)
            .unwrap()
            .connect()
            .await
            .unwrap();
        let mut decoder = FrameDecoder::new();
        let e = KeyPair::generate(&mut rng());
        let mut n = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER).unwrap();
        n.authenticate(&pub32(&e));
        let hello = wa::HandshakeMessage {
            client_hello: buffa::MessageField::some(wa::handshake_message::ClientHello {
                ephemeral: Some(pub32(&e).to_vec()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let first = encode_frame(&hello.encode_to_vec(), Some(&WA_CONN_HEADER)).unwrap();
        ws.send(Message::binary(first)).await.unwrap();

        let answer = frame(&mut ws, &mut decoder).await.unwrap();
        let s = wa::HandshakeMessage::decode_from_slice(&answer)
            .unwrap()
            .server_hello
            .into_option()
            .unwrap();
        let theirs: [u8; 32] = s.ephemeral.unwrap().try_into().unwrap();
        n.authenticate(&theirs);
        n.mix_shared_secret(e.private_key.serialize(), &theirs)
            .unwrap();
        let server: [u8; 32] = n.decrypt(&s.r#static.unwrap()).unwrap().try_into().unwrap();
        n.mix_shared_secret(e.private_key.serialize(), &server)
            .unwrap();
        verify_chain(&n.decrypt(&s.payload.unwrap()).unwrap(), &server, root_hex);

        let sealed = n.encrypt(&pub32(me)).unwrap();
        n.mix_shared_secret(me.private_key.serialize(), &theirs)
            .unwrap();
        let finish = wa::HandshakeMessage {
            client_finish: buffa::MessageField::some(wa::handshake_message::ClientFinish {
                r#static: Some(sealed),
                payload: Some(n.encrypt(&payload.encode_to_vec()).unwrap()),
                ..Default::default()
            }),
            ..Default::default()
        };
        ws.send(Message::binary(
            encode_frame(&finish.encode_to_vec(), None).unwrap(),
        ))
        .await
        .unwrap();
        let (write, read) = n.finish().unwrap();
        Self {
            ws,
            decoder,
            write,
            read,
            sent: 0,
            seen: 0,
            aside: Vec::new(),
        }
    }

    pub async fn send(&mut self, n: &Node) {
        let ct = self
            .write
            .encrypt_with_counter(self.sent, &marshal(n).unwrap())
            .unwrap();
        self.sent += 1;
        self.ws
            .send(Message::binary(encode_frame(&ct, None).unwrap()))
            .await
            .unwrap();
    }

    /// The next stanza; None when the server closed the connection.
    pub async fn next(&mut self) -> Option<Node> {
        let mut f = frame(&mut self.ws, &mut self.decoder).await?;
        self.read
            .decrypt_in_place_with_counter::<BytesMut>(self.seen, &mut f)
            .unwrap();
        self.seen += 1;
        let raw = unpack(&f).unwrap();
        Some(unmarshal_ref(&raw).unwrap().to_owned())
    }

    /// The next stanza that fits; others are laid aside. Panics when it does not come in time.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Node) -> bool) -> Node {
        if let Some(i) = self.aside.iter().position(&fits) {
            return self.aside.remove(i);
        }
        let wait = async {
            loop {
                let n = self
                    .next()
                    .await
                    .unwrap_or_else(|| panic!("closed while waiting for {what}"));
                if fits(&n) {
                    return n;
                }
                self.aside.push(n);
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("no {what} in time"))
    }

    pub async fn iq(&mut self, n: &Node) -> Node {
        self.send(n).await;
        let id = text(n, "id");
        self.until("iq answer", |a| a.tag == "iq" && text(a, "id") == id)
            .await
    }

    /// Reads until the server closes; what came is laid aside.
    pub async fn until_closed(&mut self) {
        let wait = async {
            while let Some(n) = self.next().await {
                self.aside.push(n);
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("the server closes");
    }

    pub async fn close(mut self) {
        let _ = self.ws.close().await;
    }
}

pub fn text(n: &Node, key: &str) -> String {
    n.attrs
        .get(key)
        .map(|v| v.as_str().into_owned())
        .unwrap_or_default()
}

async fn frame(
    ws: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    d: &mut FrameDecoder,
) -> Option<BytesMut> {
    loop {
        if let Some(f) = d.decode_frame() {
            return Some(f);
        }
        let m = ws.next().await?.ok()?;
        if m.is_close() {
            return None;
        }
        d.feed(&bytes::Bytes::from(m.into_payload()));
    }
}

/// Root signs the intermediate, the intermediate the leaf, and the leaf is the server's key.
fn verify_chain(chain: &[u8], server: &[u8; 32], root_hex: &str) {
    use wa::cert_chain::noise_certificate::Details;
    let root: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&root_hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let chain = wa::CertChain::decode_from_slice(chain).unwrap();
    let mut signer = root;
    for c in [
        chain.intermediate.into_option().unwrap(),
        chain.leaf.into_option().unwrap(),
    ] {
        let details = c.details.unwrap();
        let key = PublicKey::from_djb_public_key_bytes(&signer).unwrap();
        assert!(
            key.verify_signature(&details, &c.signature.unwrap()),
            "certificate signature"
        );
        signer = Details::decode_from_slice(&details).unwrap().key.unwrap();
    }
    assert_eq!(signer, server, "the leaf is the server's key");
}
