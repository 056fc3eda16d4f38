//! The outside of the file: a length, a header, the ciphertext, its tag, and sometimes a checksum that says less than the
//! tag does.
//!
//! `length (1) ‖ [0x01] ‖ header ‖ ciphertext ‖ tag (16) ‖ [MD5 (16)]`. The header is a protocol buffer with the IV in field
//! 3.1, and in field 4.3 the last two digits of the owner's number. The key that encrypts is derived from the 32 bytes that
//! the owner sees as 64 digits.

use crate::{
    fault::Result,
    gcm::{BLOCK, Gcm, Stream},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::{self, Read, Seek, SeekFrom};
use wharf_domain::imports::Refusal;
use zeroize::Zeroizing;

/// Read at once.
const PIECE: usize = 1 << 20;

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) iv: [u8; BLOCK],
    /// The last two digits of the owner's number, "" if it does not say.
    pub(crate) owner_ends: String,
    /// Where the ciphertext begins.
    pub(crate) body: u64,
}

impl Header {
    pub(crate) fn read(file: &mut impl Read) -> Result<Self> {
        let mut start = Vec::new();
        file.take(2 + 255).read_to_end(&mut start)?;
        let (length, rest) = start.split_first().ok_or(Refusal::NotABackup)?;
        // A file of messages has a mark before the header; a header itself never begins with 1.
        let (mark, rest) = match rest.split_first() {
            Some((1, rest)) => (1, rest),
            _ => (0, rest),
        };
        let header = rest
            .get(..usize::from(*length))
            .ok_or(Refusal::NotABackup)?;
        let field = |message, number| field(message, number).ok_or(Refusal::NotABackup);
        let iv = field(field(header, 3)?, 1)?;
        let owner_ends = self::field(header, 4).and_then(|info| self::field(info, 3));
        let owner_ends = owner_ends.map(String::from_utf8_lossy).unwrap_or_default();
        let digits = owner_ends.bytes().all(|b| b.is_ascii_digit());
        Ok(Self {
            iv: iv.try_into().map_err(|_| Refusal::NotABackup)?,
            owner_ends: if digits {
                owner_ends.into_owned()
            } else {
                String::new()
            },
            body: 1 + mark + u64::from(*length),
        })
    }

    /// The cipher, from the key the owner knows.
    pub(crate) fn cipher(&self, root: &[u8; 32]) -> Gcm {
        Gcm::new(&encryption_key(root), &self.iv)
    }
}

/// The bytes of a field of wire type 2, the last one of its number.
fn field(mut message: &[u8], wanted: u64) -> Option<&[u8]> {
    let mut found = None;
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        match tag & 7 {
            0 => {
                varint(&mut message)?;
            }
            1 => message = message.get(8..)?,
            5 => message = message.get(4..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(length)?;
                message = rest;
                if tag >> 3 == wanted {
                    found = Some(value);
                }
            }
            _ => return None,
        }
    }
    found
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Two steps of HMAC-SHA256: the root key under 32 zeros, then the purpose and the step's number under that.
fn encryption_key(root: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let inner = Zeroizing::new(hmac(&[0; 32], &[root]));
    Zeroizing::new(hmac(&inner, &[b"backup encryption", &[1]]))
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The ciphertext's length, once its tag is known to be right: with the checksum behind it or without.
pub(crate) fn verified(
    file: &mut (impl Read + Seek),
    header: &Header,
    cipher: &Gcm,
) -> Result<u64> {
    let end = file.seek(SeekFrom::End(0))?;
    let with_tag = end
        .checked_sub(header.body)
        .filter(|length| *length > 2 * BLOCK as u64)
        .ok_or(Refusal::NotABackup)?;
    file.seek(SeekFrom::Start(header.body))?;
    let sure = with_tag - 2 * BLOCK as u64;
    let mut verifier = cipher.verifier();
    let mut left = sure - sure % BLOCK as u64;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let bytes = piece.get_mut(..now).unwrap_or_default();
        file.read_exact(bytes)?;
        verifier.update(bytes);
        left -= now as u64;
    }
    let mut rest = Vec::new();
    file.take(3 * BLOCK as u64).read_to_end(&mut rest)?;
    // What is left is the ciphertext's last bytes, the tag, and perhaps the checksum.
    for behind in [BLOCK, 0] {
        let Some(at) = rest.len().checked_sub(BLOCK + behind) else {
            continue;
        };
        let (last, tag) = rest.split_at(at);
        let mut verifier = verifier.clone();
        verifier.update(last);
        if verifier.agrees(tag.get(..BLOCK).unwrap_or_default()) {
            return Ok(with_tag - (BLOCK + behind) as u64);
        }
    }
    Err(Refusal::Damaged.into())
}

/// The plain bytes, from the beginning.
pub(crate) struct Plain<R> {
    file: io::Take<R>,
    stream: Stream,
}

impl<R: Read + Seek> Plain<R> {
    pub(crate) fn of(mut file: R, header: &Header, cipher: &Gcm, length: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(header.body))?;
        Ok(Self {
            file: file.take(length),
            stream: cipher.stream(),
        })
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.stream
            .decrypt(into.get_mut(..read).unwrap_or_default());
        Ok(read)
    }
}
