//! The LT-hash: a sum over a set, so that one record can be taken out without knowing the others.
//!
//! Each value MAC is stretched by HKDF-SHA256 (no salt, info `WhatsApp Patch Integrity`) to 128 bytes,
//! read as 64 little-endian 16-bit numbers and added to (or subtracted from) the state, without carry.

use hkdf::Hkdf;
use sha2::Sha256;

pub const LEN: usize = 128;

/// The hash of a collection.
#[derive(Clone, PartialEq, Eq)]
pub struct LtHash([u8; LEN]);

impl Default for LtHash {
    fn default() -> Self {
        Self([0; LEN])
    }
}

impl LtHash {
    pub fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    pub fn add(&mut self, value_mac: &[u8]) {
        self.combine(value_mac, u16::wrapping_add);
    }

    pub fn subtract(&mut self, value_mac: &[u8]) {
        self.combine(value_mac, u16::wrapping_sub);
    }

    fn combine(&mut self, value_mac: &[u8], op: fn(u16, u16) -> u16) {
        let mut point = [0u8; LEN];
        // 128 bytes are four hashes, far below HKDF's limit of 255: expand cannot fail.
        let _ =
            Hkdf::<Sha256>::new(None, value_mac).expand(b"WhatsApp Patch Integrity", &mut point);
        let (lanes, _) = self.0.as_chunks_mut::<2>();
        let (points, _) = point.as_chunks::<2>();
        for (lane, point) in lanes.iter_mut().zip(points) {
            *lane = op(u16::from_le_bytes(*lane), u16::from_le_bytes(*point)).to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_appstate::WAPATCH_INTEGRITY;

    fn mac(i: u8) -> Vec<u8> {
        (0..32)
            .map(|j| i.wrapping_mul(31).wrapping_add(j * 7))
            .collect()
    }

    #[test]
    fn order_does_not_matter_and_what_is_taken_out_leaves_nothing() {
        let (mut a, mut b) = (LtHash::default(), LtHash::default());
        (0..20).for_each(|i| a.add(&mac(i)));
        (0..20).rev().for_each(|i| b.add(&mac(i)));
        assert!(a == b);
        (0..20).for_each(|i| a.subtract(&mac(i)));
        assert!(a == LtHash::default());
    }

    #[test]
    fn another_implementation_gets_the_same_bytes() {
        let mut ours = LtHash::default();
        (0..50).for_each(|i| ours.add(&mac(i)));
        (10..30).for_each(|i| ours.subtract(&mac(i)));
        let added: Vec<_> = (0..50).map(mac).collect();
        let taken: Vec<_> = (10..30).map(mac).collect();
        let theirs = WAPATCH_INTEGRITY.subtract_then_add(&[0; LEN], &taken, &added);
        assert_eq!(ours.as_bytes().as_slice(), theirs);
    }
}
