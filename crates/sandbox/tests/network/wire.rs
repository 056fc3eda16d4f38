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
    consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER},
    marshal::{marshal, unmarshal_ref},
    util::unpack,
};
use waproto::whatsapp::{
    self as wa,
    handshake_message::{ClientFinish, ClientHello, ServerHello},
};
use wharf_sandbox::keys::{pub32, rng};

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Wire {
    ws: Ws,
    decoder: FrameDecoder,
    write: NoiseCipher,
    read: NoiseCipher,
    sent: u32,
    seen: u32,
    /// Stanzas read while waiting for another.
    pub aside: Vec<Node>,
}

type Ws = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Who is called, and what is known of them.
pub struct Server {
    pub url: String,
    pub root_hex: String,
}

impl Wire {
    /// First contact: XX.
    pub async fn connect(at: &Server, me: &KeyPair, payload: &wa::ClientPayload) -> Self {
        let mut ws = open(&at.url).await;
        let mut decoder = FrameDecoder::new();
        let e = KeyPair::generate(&mut rng());
        hello(&mut ws, &e, None).await;
        let mut n = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER).unwrap();
        n.authenticate(&pub32(&e));
        let s = server_hello(&mut ws, &mut decoder).await;
        let n = finish_xx(&mut ws, n, &e, s, at, me, payload).await;
        Self::secured(ws, decoder, n)
    }

    /// A resumption (IK) towards the server whose static key is `known`; and whether that server
    /// made us begin anew (XXfallback).
    pub async fn resume(
        at: &Server,
        known: &[u8; 32],
        me: &KeyPair,
        payload: &wa::ClientPayload,
    ) -> (Self, bool) {
        let mut ws = open(&at.url).await;
        let mut decoder = FrameDecoder::new();
        let e = KeyPair::generate(&mut rng());
        let mut n = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER).unwrap();
        n.authenticate(known);
        n.authenticate(&pub32(&e));
        mix(&mut n, &e, known);
        let sealed = n.encrypt(&pub32(me)).unwrap();
        mix(&mut n, me, known);
        let body = n.encrypt(&payload.encode_to_vec()).unwrap();
        hello(&mut ws, &e, Some((sealed, body))).await;
        let s = server_hello(&mut ws, &mut decoder).await;
        if s.r#static.is_some() {
            let mut n = NoiseHandshake::new(NOISE_PATTERN_XXFALLBACK, &WA_CONN_HEADER).unwrap();
            n.authenticate(&pub32(&e));
            let n = finish_xx(&mut ws, n, &e, s, at, me, payload).await;
            return (Self::secured(ws, decoder, n), true);
        }
        let theirs: [u8; 32] = s.ephemeral.unwrap().try_into().unwrap();
        n.authenticate(&theirs);
        mix(&mut n, &e, &theirs);
        mix(&mut n, me, &theirs);
        verify_chain(
            &n.decrypt(&s.payload.unwrap()).unwrap(),
            known,
            &at.root_hex,
        );
        (Self::secured(ws, decoder, n), false)
    }

    fn secured(ws: Ws, decoder: FrameDecoder, n: NoiseHandshake) -> Self {
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

async fn open(url: &str) -> Ws {
    let client = ClientBuilder::new().uri(url).unwrap();
    client.connect().await.unwrap().0
}

fn mix(n: &mut NoiseHandshake, ours: &KeyPair, theirs: &[u8; 32]) {
    n.mix_shared_secret(ours.private_key.serialize(), theirs)
        .unwrap();
}

/// The header and the client's hello; sealed static key and payload make it IK.
async fn hello(ws: &mut Ws, e: &KeyPair, sealed: Option<(Vec<u8>, Vec<u8>)>) {
    let (s, payload) = sealed.unzip();
    let hello = wa::HandshakeMessage {
        client_hello: buffa::MessageField::some(ClientHello {
            ephemeral: Some(pub32(e).to_vec()),
            r#static: s,
            payload,
            ..Default::default()
        }),
        ..Default::default()
    };
    let first = encode_frame(&hello.encode_to_vec(), Some(&WA_CONN_HEADER)).unwrap();
    ws.send(Message::binary(first)).await.unwrap();
}

async fn server_hello(ws: &mut Ws, d: &mut FrameDecoder) -> ServerHello {
    let answer = frame(ws, d).await.expect("a server hello");
    let m = wa::HandshakeMessage::decode_from_slice(&answer).unwrap();
    m.server_hello.into_option().unwrap()
}

/// The second half of XX: their static key and chain, then ours and the payload.
async fn finish_xx(
    ws: &mut Ws,
    mut n: NoiseHandshake,
    e: &KeyPair,
    s: ServerHello,
    at: &Server,
    me: &KeyPair,
    payload: &wa::ClientPayload,
) -> NoiseHandshake {
    let theirs: [u8; 32] = s.ephemeral.unwrap().try_into().unwrap();
    n.authenticate(&theirs);
    mix(&mut n, e, &theirs);
    let server: [u8; 32] = n.decrypt(&s.r#static.unwrap()).unwrap().try_into().unwrap();
    mix(&mut n, e, &server);
    verify_chain(
        &n.decrypt(&s.payload.unwrap()).unwrap(),
        &server,
        &at.root_hex,
    );
    let sealed = n.encrypt(&pub32(me)).unwrap();
    mix(&mut n, me, &theirs);
    let finish = wa::HandshakeMessage {
        client_finish: buffa::MessageField::some(ClientFinish {
            r#static: Some(sealed),
            payload: Some(n.encrypt(&payload.encode_to_vec()).unwrap()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let last = encode_frame(&finish.encode_to_vec(), None).unwrap();
    ws.send(Message::binary(last)).await.unwrap();
    n
}

async fn frame(ws: &mut Ws, d: &mut FrameDecoder) -> Option<BytesMut> {
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
