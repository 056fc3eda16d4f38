//! AES-256-GCM over a stream: libraries want the whole message in memory, and a backup has gigabytes.
//!
//! NIST SP 800-38D, with the 16-byte IV that WhatsApp uses (so the first counter block is a hash of the IV). Verifying and
//! decrypting are two passes: nothing is decrypted before the tag is known to be right.

use aes::{
    Aes256,
    cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper},
};
use ctr::{CtrCore, flavors::Ctr32BE};
use ghash::{GHash, universal_hash::UniversalHash};
use subtle::ConstantTimeEq;

/// Bytes of a tag, an IV, and a block.
pub(crate) const BLOCK: usize = 16;

type Counter = StreamCipherCoreWrapper<CtrCore<Aes256, Ctr32BE>>;

/// The cipher with one key and IV.
pub(crate) struct Gcm {
    cipher: Aes256,
    hash: GHash,
    first: [u8; BLOCK],
}

impl Gcm {
    pub(crate) fn new(key: &[u8; 32], iv: &[u8; BLOCK]) -> Self {
        let cipher = Aes256::new(key.into());
        let mut subkey = [0; BLOCK].into();
        cipher.encrypt_block(&mut subkey);
        let hash = GHash::new(&subkey);
        let mut start = hash.clone();
        start.update(&[(*iv).into(), bits(0, BLOCK as u64)]);
        let first = start.finalize().into();
        Self {
            cipher,
            hash,
            first,
        }
    }

    /// Decrypts from the first byte on, in any pieces.
    pub(crate) fn stream(&self) -> Stream {
        let mut counter = self.counter();
        counter.apply_keystream(&mut [0; BLOCK]);
        Stream(counter)
    }

    /// Verifies: takes the ciphertext in pieces of whole blocks, but for the last.
    pub(crate) fn verifier(&self) -> Verifier {
        let mut mask = [0; BLOCK];
        self.counter().apply_keystream(&mut mask);
        Verifier {
            hash: self.hash.clone(),
            length: 0,
            mask,
        }
    }

    fn counter(&self) -> Counter {
        Counter::from_core(CtrCore::inner_iv_init(
            self.cipher.clone(),
            &self.first.into(),
        ))
    }
}

/// Decrypts what is given, one piece after another.
pub(crate) struct Stream(Counter);

impl Stream {
    pub(crate) fn decrypt(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }
}

/// The tag of what was given so far.
#[derive(Clone)]
pub(crate) struct Verifier {
    hash: GHash,
    length: u64,
    mask: [u8; BLOCK],
}

impl Verifier {
    pub(crate) fn update(&mut self, ciphertext: &[u8]) {
        self.length += ciphertext.len() as u64;
        self.hash.update_padded(ciphertext);
    }

    pub(crate) fn agrees(mut self, tag: &[u8]) -> bool {
        self.hash.update(&[bits(0, self.length)]);
        let mut own: [u8; BLOCK] = self.hash.finalize().into();
        for (byte, mask) in own.iter_mut().zip(self.mask) {
            *byte ^= mask;
        }
        own.ct_eq(tag).into()
    }
}

/// The block that ends a hash: two lengths, given in bytes and written in bits.
fn bits(extra: u64, message: u64) -> ghash::Block {
    let mut block = [0; BLOCK];
    for (at, length) in block.chunks_exact_mut(8).zip([extra, message]) {
        at.copy_from_slice(&(length * 8).to_be_bytes());
    }
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_gcm::{
        AesGcm,
        aead::{Aead, consts::U16},
    };
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn opens_what_the_library_seals(
            key: [u8; 32], iv: [u8; 16], plain in prop::collection::vec(any::<u8>(), 0..200), cut in 1usize..5, bit in 0usize..8,
        ) {
            let sealed = AesGcm::<Aes256, U16>::new(&key.into()).encrypt(&iv.into(), &plain[..]).unwrap();
            let (body, tag) = sealed.split_at(plain.len());
            let gcm = Gcm::new(&key, &iv);
            let mut verifier = gcm.verifier();
            for piece in body.chunks(cut * BLOCK) {
                verifier.update(piece);
            }
            prop_assert!(verifier.clone().agrees(tag));
            let mut forged = tag.to_vec();
            forged[cut] ^= 1 << bit;
            prop_assert!(!verifier.agrees(&forged));
            let mut opened = body.to_vec();
            let mut stream = gcm.stream();
            for piece in opened.chunks_mut(cut * 3) {
                stream.decrypt(piece);
            }
            prop_assert_eq!(opened, plain);
        }
    }
}
