//! Keys of people and phones, derived from the world's seed.
//!
//! A world may hold 200,000 people and most never speak: nothing about their keys is stored. Every
//! long-lived private key of a person is HKDF(seed, label), so it is the same after a restart and in
//! every run with that seed. Ratchet keys and message ids are never derived: a world that resumes
//! must not repeat them.

use anyhow::{Result, anyhow};
use hkdf::Hkdf;
use sha2::Sha256;
use wacore::libsignal::protocol::{IdentityKey, IdentityKeyPair, KeyPair, PrivateKey};

use crate::ids::Phone;

/// The world's master secret, drawn or given at creation.
#[derive(Clone, Copy)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    pub fn from_u64(n: u64) -> Self {
        let mut s = [0u8; 32];
        let _ =
            Hkdf::<Sha256>::new(Some(b"wharf sandbox"), &n.to_be_bytes()).expand(b"seed", &mut s);
        Seed(s)
    }
    /// 32 bytes bound to `label`; the same for ever.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let mut out = [0u8; 32];
        // 32 bytes are far below HKDF's limit of 255 hashes: expand cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &self.0).expand(label.as_bytes(), &mut out);
        out
    }
    pub fn pair(&self, label: &str) -> Result<KeyPair> {
        pair_from(&self.derive(label))
    }
}

/// A key pair from 32 private bytes (clamped as X25519 wants them).
pub fn pair_from(bytes: &[u8; 32]) -> Result<KeyPair> {
    let mut k = *bytes;
    let [first, .., last] = &mut k;
    *first &= 0xF8;
    *last = (*last & 0x7F) | 0x40;
    let private = PrivateKey::deserialize(&k).map_err(|e| anyhow!("private key: {e}"))?;
    KeyPair::try_from(private).map_err(|e| anyhow!("public key: {e}"))
}

/// The 32 public bytes as the wire carries them.
pub fn pub32(k: &KeyPair) -> [u8; 32] {
    k.public_key
        .public_key_bytes()
        .try_into()
        .unwrap_or_default()
}

pub fn rng() -> rand::rngs::StdRng {
    rand::make_rng::<rand::rngs::StdRng>()
}

pub fn sign(k: &KeyPair, data: &[u8]) -> Result<[u8; 64]> {
    k.private_key
        .calculate_signature(data, &mut rng())
        .map_err(|e| anyhow!("signing: {e}"))
}

/// What the primary phone of an account holds. One signed prekey, id 1.
pub struct PhoneKeys {
    pub identity: KeyPair,
    pub signed_prekey: KeyPair,
    pub registration_id: u32,
}

pub const SIGNED_PREKEY_ID: u32 = 1;

impl PhoneKeys {
    pub fn of(seed: &Seed, phone: Phone) -> Result<Self> {
        let [a, b, ..] = seed.derive(&format!("registration {phone}"));
        Ok(Self {
            identity: seed.pair(&format!("identity {phone}"))?,
            signed_prekey: seed.pair(&format!("signed prekey {phone}"))?,
            // 14 bits, never 0: the range clients draw from.
            registration_id: (u32::from(u16::from_be_bytes([a, b])) & 0x3FFF).max(1),
        })
    }
    pub fn prekey(seed: &Seed, phone: Phone, id: u32) -> Result<KeyPair> {
        seed.pair(&format!("prekey {phone} {id}"))
    }
    pub fn identity_pair(&self) -> IdentityKeyPair {
        IdentityKeyPair::new(
            IdentityKey::new(self.identity.public_key),
            self.identity.private_key.clone(),
        )
    }
}
