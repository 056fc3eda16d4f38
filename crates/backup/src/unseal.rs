//! From the encrypted file to a plain database: checked, decompressed, bounded.

use crate::{
    crypt15::{self, Header, Plain},
    fault::Result,
};
use flate2::read::ZlibDecoder;
use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use wharf_domain::imports::{Refusal, RootKey};

/// How every database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How much of a file is looked at to see whether the key fits.
const BEGINNING: u64 = 64 << 10;
/// A plain file may be that many times as large as the encrypted one.
const EXPANSION: u64 = 20;
/// A small one is mostly empty pages: up to here nothing is counted.
const SMALL: u64 = 16 << 20;
const PIECE: usize = 256 << 10;

/// Looks at the beginning only: whether it is a backup of the number that ends so, and whether the key opens it.
pub(crate) fn probe(file: &Path, key: &RootKey, number: &str) -> Result<()> {
    let mut file = File::open(file)?;
    let header = Header::read(&mut file)?;
    if !number.ends_with(&header.owner_ends) {
        return Err(Refusal::OfAnotherNumber.into());
    }
    let plain = Plain::of(file, &header, &header.cipher(key.bytes()), BEGINNING)?;
    let mut start = [0; MAGIC.len()];
    match ZlibDecoder::new(plain).read_exact(&mut start) {
        Ok(()) if start == *MAGIC => Ok(()),
        _ => Err(Refusal::WrongKey.into()),
    }
}

/// Writes the plain database, readable by nobody else. Whoever calls removes it.
pub(crate) fn unseal(file: &Path, key: &RootKey, into: &Path) -> Result<()> {
    let mut file = File::open(file)?;
    let header = Header::read(&mut file)?;
    let cipher = header.cipher(key.bytes());
    let length = crypt15::verified(&mut file, &header, &cipher)?;
    let plain = Plain::of(file, &header, &cipher, length)?;
    let most = length.saturating_mul(EXPANSION).max(SMALL);
    let mut from = ZlibDecoder::new(BufReader::with_capacity(PIECE, plain)).take(most + 1);
    let mut to = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(into)?;
    let written = io::copy(&mut from, &mut to)?;
    to.flush()?;
    match written {
        _ if written > most => Err(Refusal::TooLarge.into()),
        0 => Err(Refusal::Damaged.into()),
        _ => Ok(()),
    }
}
