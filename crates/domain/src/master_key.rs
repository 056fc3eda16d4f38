//! The shipped implementation of [`Secrets`]: XChaCha20-Poly1305 under a 32-byte master key.
//!
//! Sealed form: `key id (4) ‖ nonce (24) ‖ ciphertext and tag`. The key id is derived from the key, so a
//! ciphertext says under which key it was made. Purposes get keys of their own by HMAC.

use crate::{
    Error, Result,
    ports::{ids::Ids, secrets::Secrets},
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use zeroize::Zeroizing;

const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// Seals and opens with one key.
pub struct MasterKey {
    key: Zeroizing<[u8; 32]>,
    cipher: XChaCha20Poly1305,
    key_id: [u8; KEY_ID],
    ids: Arc<dyn Ids>,
}

fn derived(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(b"wharf/");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

impl MasterKey {
    /// Takes the key; nonces come from `ids`.
    pub fn new(key: Zeroizing<[u8; 32]>, ids: Arc<dyn Ids>) -> Self {
        let cipher = XChaCha20Poly1305::new(&derived(&key, "seal").into());
        let [a, b, c, d, ..] = derived(&key, "key-id");
        Self {
            key,
            cipher,
            key_id: [a, b, c, d],
            ids,
        }
    }
}

impl Secrets for MasterKey {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        self.ids.random(&mut nonce);
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: context,
                },
            )
            .unwrap_or_else(|_| unreachable!("only messages over 256 GB fail"));
        [&self.key_id[..], &nonce, &sealed].concat()
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || Error::Internal("sealed value is damaged or belongs elsewhere".into());
        let (key_id, rest) = sealed.split_first_chunk::<KEY_ID>().ok_or_else(broken)?;
        if *key_id != self.key_id {
            return Err(Error::Internal("sealed under another master key".into()));
        }
        let (nonce, cipher) = rest.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        self.cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: cipher,
                    aad: context,
                },
            )
            .map_err(|_| broken())
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        derived(&self.key, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    fn key(byte: u8) -> MasterKey {
        MasterKey::new(Zeroizing::new([byte; 32]), Arc::new(SystemIds::default()))
    }

    #[test]
    fn opens_only_with_its_key_and_context() {
        let sealed = key(1).seal(b"here", b"secret");
        assert_eq!(key(1).open(b"here", &sealed).unwrap(), b"secret");
        assert!(key(1).open(b"there", &sealed).is_err());
        assert!(key(2).open(b"here", &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(key(1).open(b"here", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn never_seals_twice_alike() {
        assert_ne!(key(1).seal(b"", b"x"), key(1).seal(b"", b"x"));
        assert_ne!(key(1).derive("a"), key(1).derive("b"));
    }
}
