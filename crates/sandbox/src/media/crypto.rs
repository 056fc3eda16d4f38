//! Encryption of a file before it is uploaded.
//!
//! HKDF-SHA256 over the 32-byte media key, without salt, with an info string that depends on the kind
//! of media, gives 112 bytes: IV (16), cipher key (32), MAC key (32), and a reference key nobody uses
//! any more (32). The body is AES-256-CBC with PKCS#7 padding, followed by the first ten bytes of
//! HMAC-SHA256 over IV and ciphertext. Source: the clients' own download code (whatsmeow
//! `download.go`, zapo `WaMediaCrypto`, Baileys `messages-media.ts`).

use aes::Aes256;
use anyhow::{Context, Result, ensure};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(super) const MAC_LEN: usize = 10;

/// What a file is, as far as key derivation and the upload path are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
    History,
    AppState,
}

impl MediaKind {
    /// The HKDF info string.
    pub const fn info(self) -> &'static str {
        match self {
            Self::Image | Self::Sticker => "WhatsApp Image Keys",
            Self::Video => "WhatsApp Video Keys",
            Self::Audio => "WhatsApp Audio Keys",
            Self::Document => "WhatsApp Document Keys",
            Self::History => "WhatsApp History Keys",
            Self::AppState => "WhatsApp App State Keys",
        }
    }

    /// The segment after `/mms/` in an upload path.
    pub const fn mms_type(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Sticker => "sticker",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::History => "md-msg-hist",
            Self::AppState => "md-app-state",
        }
    }
}

/// An encrypted file and all that a message must say about it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Ciphertext and MAC, as uploaded.
    pub body: Vec<u8>,
    pub media_key: [u8; 32],
    /// SHA-256 of the plaintext.
    pub file_sha256: [u8; 32],
    /// SHA-256 of `body`.
    pub file_enc_sha256: [u8; 32],
    /// Length of the plaintext in bytes.
    pub file_length: u64,
}

pub(super) struct Keys {
    pub(super) iv: [u8; 16],
    pub(super) cipher: [u8; 32],
    mac: [u8; 32],
}

pub(super) fn expand(kind: MediaKind, media_key: &[u8]) -> Result<Keys> {
    let mut okm = [0u8; 112];
    Hkdf::<Sha256>::new(None, media_key)
        .expand(kind.info().as_bytes(), &mut okm)
        .ok()
        .context("media key expansion")?;
    let (iv, rest) = okm.split_at(16);
    let (cipher, rest) = rest.split_at(32);
    let (mac, _) = rest.split_at(32);
    Ok(Keys {
        iv: iv.try_into()?,
        cipher: cipher.try_into()?,
        mac: mac.try_into()?,
    })
}

pub(super) fn tag(keys: &Keys, ciphertext: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&keys.mac).context("mac key")?;
    mac.update(&keys.iv);
    mac.update(ciphertext);
    Ok(mac)
}

/// Encrypts `plaintext` under `media_key`.
pub fn seal(kind: MediaKind, media_key: [u8; 32], plaintext: &[u8]) -> Result<Sealed> {
    let keys = expand(kind, &media_key)?;
    let mut body = cbc::Encryptor::<Aes256>::new(&keys.cipher.into(), &keys.iv.into())
        .encrypt_padded_vec::<Pkcs7>(plaintext);
    let mac = tag(&keys, &body)?.finalize().into_bytes();
    body.extend(mac.iter().take(MAC_LEN));
    Ok(Sealed {
        media_key,
        file_sha256: Sha256::digest(plaintext).into(),
        file_enc_sha256: Sha256::digest(&body).into(),
        file_length: plaintext.len() as u64,
        body,
    })
}

/// Checks the MAC of `body` and decrypts it.
pub fn open(kind: MediaKind, media_key: &[u8], body: &[u8]) -> Result<Vec<u8>> {
    ensure!(
        media_key.len() == 32,
        "media key of {} bytes",
        media_key.len()
    );
    let keys = expand(kind, media_key)?;
    let (ciphertext, mac) = body
        .len()
        .checked_sub(MAC_LEN)
        .and_then(|at| body.split_at_checked(at))
        .context("short media body")?;
    tag(&keys, ciphertext)?
        .verify_truncated_left(mac)
        .ok()
        .context("media mac")?;
    cbc::Decryptor::<Aes256>::new(&keys.cipher.into(), &keys.iv.into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .ok()
        .context("media padding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::download::{DownloadUtils, MediaType};

    const KINDS: [(MediaKind, MediaType); 7] = [
        (MediaKind::Image, MediaType::Image),
        (MediaKind::Video, MediaType::Video),
        (MediaKind::Audio, MediaType::Audio),
        (MediaKind::Document, MediaType::Document),
        (MediaKind::Sticker, MediaType::Sticker),
        (MediaKind::History, MediaType::History),
        (MediaKind::AppState, MediaType::AppState),
    ];

    #[test]
    fn a_foreign_reader_opens_every_kind() {
        for (ours, theirs) in KINDS {
            for len in [0usize, 1, 15, 16, 17, 70_000] {
                let plain: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
                let sealed = seal(ours, [len as u8; 32], &plain).unwrap();
                let opened =
                    DownloadUtils::verify_and_decrypt(&sealed.body, &sealed.media_key, theirs)
                        .unwrap();
                assert_eq!(opened, plain, "{ours:?} of {len} bytes");
                assert_eq!(open(ours, &sealed.media_key, &sealed.body).unwrap(), plain);
            }
        }
    }

    #[test]
    fn a_flipped_bit_or_another_kind_is_refused() {
        let sealed = seal(MediaKind::History, [3; 32], b"some history").unwrap();
        assert!(open(MediaKind::AppState, &sealed.media_key, &sealed.body).is_err());
        for at in 0..sealed.body.len() {
            let mut bad = sealed.body.clone();
            bad[at] ^= 1;
            assert!(
                open(MediaKind::History, &sealed.media_key, &bad).is_err(),
                "byte {at}"
            );
        }
        assert!(open(MediaKind::History, &sealed.media_key, b"short").is_err());
        assert!(open(MediaKind::History, &[1; 31], &sealed.body).is_err());
    }
}
