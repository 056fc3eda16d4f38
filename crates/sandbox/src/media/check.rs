//! Whether a blob is what a message says it is, in one pass and constant memory.

use std::{fs::File, io::Read, path::Path};

use aes::Aes256;
use anyhow::{Context, Result, bail, ensure};
use cbc::cipher::{Block, BlockModeDecrypt, KeyIvInit};
use sha2::{Digest, Sha256};

use super::crypto::{self, MAC_LEN, MediaKind};

/// What a message says about its file.
#[derive(Clone, Debug)]
pub struct Claim {
    pub key: Vec<u8>,
    /// Of the plaintext.
    pub sha256: Vec<u8>,
    /// Of the ciphertext with its MAC.
    pub enc_sha256: Vec<u8>,
    /// Of the plaintext, in bytes.
    pub length: u64,
}

const BLOCK: usize = 16;
const CHUNK: usize = 64 << 10;

/// An error names the first thing that is not as claimed.
pub fn file(path: &Path, kind: MediaKind, claim: &Claim) -> Result<()> {
    ensure!(
        claim.key.len() == 32,
        "a media key of {} bytes",
        claim.key.len()
    );
    ensure!(
        claim.sha256.len() == 32,
        "fileSha256 of {} bytes",
        claim.sha256.len()
    );
    ensure!(
        claim.enc_sha256.len() == 32,
        "fileEncSha256 of {} bytes",
        claim.enc_sha256.len()
    );
    let mut f = File::open(path).context("the blob")?;
    let size = f.metadata()?.len();
    let body = size
        .checked_sub(MAC_LEN as u64)
        .filter(|n| *n > 0 && n % BLOCK as u64 == 0)
        .with_context(|| format!("a blob of {size} bytes is no ciphertext"))?;

    let keys = crypto::expand(kind, &claim.key)?;
    let mut reader = Reader {
        cipher: cbc::Decryptor::<Aes256>::new(&keys.cipher.into(), &keys.iv.into()),
        sealed: Sha256::new(),
        plain: Sha256::new(),
        length: 0,
        mac: crypto::tag(&keys, &[])?,
    };
    let mut left = body;
    let mut chunk = vec![0; CHUNK];
    while left > 0 {
        let n = usize::try_from(left.min(CHUNK as u64))?;
        let part = chunk.get_mut(..n).context("chunk")?;
        f.read_exact(part)?;
        left -= n as u64;
        reader.take(part, left == 0)?;
    }
    let mut mac = [0; MAC_LEN];
    f.read_exact(&mut mac)?;
    reader.finish(&mac, claim)
}

/// A file of a channel: it lies open, under the hash of its plaintext, without a key.
pub fn open_file(path: &Path, claim: &Claim) -> Result<()> {
    ensure!(
        claim.key.is_empty() && claim.enc_sha256.is_empty(),
        "a file of a channel has no key"
    );
    ensure!(
        claim.sha256.len() == 32,
        "fileSha256 of {} bytes",
        claim.sha256.len()
    );
    let (mut f, mut hash, mut length) = (File::open(path).context("the blob")?, Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = f.read(&mut chunk)?;
        let part = chunk.get(..n).context("chunk")?;
        if part.is_empty() {
            break;
        }
        hash.update(part);
        length += n as u64;
    }
    if hash.finalize().as_slice() != claim.sha256 {
        bail!("fileSha256 is not the hash of the file");
    }
    if length != claim.length {
        bail!("fileLength {} of a file of {length} bytes", claim.length);
    }
    Ok(())
}

struct Reader {
    cipher: cbc::Decryptor<Aes256>,
    sealed: Sha256,
    plain: Sha256,
    length: u64,
    mac: hmac::Hmac<Sha256>,
}

impl Reader {
    /// Whole blocks of ciphertext; `last` when the padding is among them.
    fn take(&mut self, part: &mut [u8], last: bool) -> Result<()> {
        use hmac::Mac;
        self.sealed.update(&*part);
        self.mac.update(part);
        for block in part.chunks_exact_mut(BLOCK) {
            let b: &mut Block<cbc::Decryptor<Aes256>> = block.try_into()?;
            self.cipher.decrypt_block(b);
        }
        let plain = if last { unpadded(part)? } else { part };
        self.plain.update(plain);
        self.length += plain.len() as u64;
        Ok(())
    }

    fn finish(mut self, mac: &[u8], claim: &Claim) -> Result<()> {
        use hmac::Mac;
        self.sealed.update(mac);
        if self.sealed.finalize().as_slice() != claim.enc_sha256 {
            bail!("fileEncSha256 is not the hash of what lies there");
        }
        self.mac
            .verify_truncated_left(mac)
            .ok()
            .context("the MAC does not fit the media key")?;
        if self.plain.finalize().as_slice() != claim.sha256 {
            bail!("fileSha256 is not the hash of the file");
        }
        if self.length != claim.length {
            bail!(
                "fileLength {} of a file of {} bytes",
                claim.length,
                self.length
            );
        }
        Ok(())
    }
}

fn unpadded(part: &[u8]) -> Result<&[u8]> {
    let n = usize::from(*part.last().context("an empty file")?);
    let at = part
        .len()
        .checked_sub(n)
        .filter(|_| (1..=BLOCK).contains(&n));
    // A wrong key shows here first; the MAC would say the same.
    let at = at.context("the media key does not decrypt it")?;
    part.get(..at).context("padding")
}
