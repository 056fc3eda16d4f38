//! The responder's half of WhatsApp's Noise handshake.
//!
//! First contact is XX: hello (ephemeral) → hello (ephemeral, static, chain) → finish (static,
//! payload). Later log-ins are IK: the client knows our static key from the chain and sends its own
//! with the payload in the first message. The prologue is the four header bytes. A client whose
//! IK is for another server's key is answered with XXfallback and may go on.

use anyhow::{Context, Result, anyhow, bail};
use buffa::Message as _;
use wacore::{
    handshake::{NoiseCipher, NoiseHandshake},
    libsignal::protocol::KeyPair,
};
use wacore_binary::consts::{
    NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER,
};
use waproto::whatsapp::{self as wa, handshake_message::ServerHello};

use super::{certs::NoiseIdentity, frames::Frames};
use crate::keys::{pub32, rng};

/// A finished handshake.
pub struct Established {
    pub write: NoiseCipher,
    pub read: NoiseCipher,
    /// The client's Noise static key: what identifies a device at log-in.
    pub client: [u8; 32],
    pub payload: wa::ClientPayload,
    pub resumed: bool,
}

pub async fn respond(frames: &mut Frames, me: &NoiseIdentity) -> Result<Established> {
    let hello = wa::HandshakeMessage::decode_from_slice(&frames.next().await?)?
        .client_hello
        .into_option()
        .context("no client hello")?;
    let theirs = key32(hello.ephemeral.context("no ephemeral")?)?;
    match (hello.r#static, hello.payload) {
        (Some(s), Some(p)) => ik(frames, me, theirs, &s, &p).await,
        _ => xx(frames, me, theirs, NOISE_PATTERN_XX).await,
    }
}

async fn xx(
    frames: &mut Frames,
    me: &NoiseIdentity,
    theirs: [u8; 32],
    pattern: &str,
) -> Result<Established> {
    let ours = KeyPair::generate(&mut rng());
    let secret = me.static_pair.private_key.serialize();
    let mut n = NoiseHandshake::new(pattern, &WA_CONN_HEADER)?;
    n.authenticate(&theirs);
    n.authenticate(&pub32(&ours));
    n.mix_shared_secret(ours.private_key.serialize(), &theirs)?;
    let s = n.encrypt(&pub32(&me.static_pair))?;
    n.mix_shared_secret(secret, &theirs)?;
    let chain = n.encrypt(&me.chain)?;
    frames.send(&server_hello(&ours, Some(s), chain)).await?;

    let finish = wa::HandshakeMessage::decode_from_slice(&frames.next().await?)?
        .client_finish
        .into_option()
        .context("no client finish")?;
    let client = key32(n.decrypt(&finish.r#static.context("no static")?)?)?;
    n.mix_shared_secret(ours.private_key.serialize(), &client)?;
    let payload = n.decrypt(&finish.payload.context("no payload")?)?;
    established(n, client, &payload, false)
}

async fn ik(
    frames: &mut Frames,
    me: &NoiseIdentity,
    theirs: [u8; 32],
    s: &[u8],
    p: &[u8],
) -> Result<Established> {
    let ours = KeyPair::generate(&mut rng());
    let secret = me.static_pair.private_key.serialize();
    let mut n = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER)?;
    n.authenticate(&pub32(&me.static_pair));
    n.authenticate(&theirs);
    n.mix_shared_secret(secret, &theirs)?;
    // Sealed for another server's key (a client that knew another network): begin again from its
    // ephemeral key, as XXfallback.
    let Ok(client) = n.decrypt(s) else {
        return xx(frames, me, theirs, NOISE_PATTERN_XXFALLBACK).await;
    };
    let client = key32(client)?;
    n.mix_shared_secret(secret, &client)?;
    let payload = n.decrypt(p)?;
    n.authenticate(&pub32(&ours));
    n.mix_shared_secret(ours.private_key.serialize(), &theirs)?;
    n.mix_shared_secret(ours.private_key.serialize(), &client)?;
    let chain = n.encrypt(&me.chain)?;
    frames.send(&server_hello(&ours, None, chain)).await?;
    established(n, client, &payload, true)
}

fn established(
    n: NoiseHandshake,
    client: [u8; 32],
    payload: &[u8],
    resumed: bool,
) -> Result<Established> {
    // The library names the ciphers from the client's side: ours are the other way round.
    let (read, write) = n.finish()?;
    Ok(Established {
        write,
        read,
        client,
        payload: wa::ClientPayload::decode_from_slice(payload)?,
        resumed,
    })
}

fn server_hello(ours: &KeyPair, s: Option<Vec<u8>>, chain: Vec<u8>) -> Vec<u8> {
    let hello = ServerHello {
        ephemeral: Some(pub32(ours).to_vec()),
        r#static: s,
        payload: Some(chain),
        ..Default::default()
    };
    wa::HandshakeMessage {
        server_hello: buffa::MessageField::some(hello),
        ..Default::default()
    }
    .encode_to_vec()
}

fn key32(b: Vec<u8>) -> Result<[u8; 32]> {
    if b.len() != 32 {
        bail!("a key of {} bytes", b.len());
    }
    b.try_into().map_err(|_| anyhow!("a key"))
}
