//! The server's Noise identity: a static key and the two certificates that vouch for it.
//!
//! Clients pin the root of the chain. Ours is drawn at the world's first start and kept with it; a
//! client under test is given `root_hex` where it lets one be given.

use anyhow::Result;
use buffa::Message as _;
use rusqlite::Connection;
use wacore::libsignal::protocol::KeyPair;
use waproto::whatsapp::{
    self as wa, cert_chain::NoiseCertificate, cert_chain::noise_certificate::Details,
};

use crate::{
    keys::{pair_from, pub32, sign},
    store::world_value,
};

pub struct NoiseIdentity {
    pub static_pair: KeyPair,
    /// The encoded `CertChain`.
    pub chain: Vec<u8>,
    pub root: [u8; 32],
}

/// Wide enough for every clock: the world's can be moved.
const NOT_BEFORE: u64 = 1_600_000_000;
const NOT_AFTER: u64 = 4_000_000_000;

impl NoiseIdentity {
    pub fn load(db: &Connection) -> Result<Self> {
        let key = |name: &str| -> Result<KeyPair> {
            let b = world_value(db, name, || rand::random::<[u8; 32]>().to_vec())?;
            pair_from(&b.try_into().unwrap_or_default())
        };
        let (root, inter, static_pair) = (
            key("noise root")?,
            key("noise intermediate")?,
            key("noise static")?,
        );
        let chain = match crate::store::get_world_value(db, "noise chain")? {
            Some(c) => c,
            None => {
                let c = chain(&root, &inter, &pub32(&static_pair))?;
                crate::store::set_world_value(db, "noise chain", &c)?;
                c
            }
        };
        Ok(Self {
            root: pub32(&root),
            static_pair,
            chain,
        })
    }

    pub fn root_hex(&self) -> String {
        self.root.iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn chain(root: &KeyPair, inter: &KeyPair, server: &[u8; 32]) -> Result<Vec<u8>> {
    let cert =
        |by: &KeyPair, serial: u32, issuer: u32, key: &[u8; 32]| -> Result<NoiseCertificate> {
            let details = Details {
                serial: Some(serial),
                issuer_serial: Some(issuer),
                key: Some(key.to_vec()),
                not_before: Some(NOT_BEFORE),
                not_after: Some(NOT_AFTER),
            }
            .encode_to_vec();
            Ok(NoiseCertificate {
                signature: Some(sign(by, &details)?.to_vec()),
                details: Some(details),
            })
        };
    Ok(wa::CertChain {
        intermediate: buffa::MessageField::some(cert(root, 1, 0, &pub32(inter))?),
        leaf: buffa::MessageField::some(cert(inter, 2, 1, server)?),
    }
    .encode_to_vec())
}
