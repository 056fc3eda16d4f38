//! What is said about a message and sealed with its secret, so that only who has the message can read it: votes on
//! a poll, and, from the phones of 2026 on, edits.
//!
//! The key is HKDF-SHA256 of the message secret over the message's id, the JID of its author, the JID of who says
//! something about it, and the name of the use; the cipher AES-256-GCM. Votes are bound to id and voter besides. Both
//! JIDs are of one form, numbers or LIDs, as the chat is addressed.
//!
//! Sources: whatsmeow `msgsecret.go`, wacore `secret_enc_addon.rs` (WA Web's WAWebAddonEncryption).

use anyhow::{Context, Result, ensure};
use hkdf::Hkdf;
use sha2::Sha256;
use wacore::libsignal::crypto::{aes_256_gcm_decrypt, aes_256_gcm_encrypt};
use waproto::whatsapp as wa;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Vote,
    Edit,
}

/// About which message, by whose JIDs.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    pub what: Use,
    pub id: &'a str,
    pub author: &'a str,
    pub by: &'a str,
}

/// Ciphertext and IV.
pub struct Sealed {
    pub payload: Vec<u8>,
    pub iv: [u8; 12],
}

impl About<'_> {
    fn key(&self, secret: &[u8]) -> Result<[u8; 32]> {
        ensure!(
            secret.len() == 32,
            "a message secret of {} bytes",
            secret.len()
        );
        let name = match self.what {
            Use::Vote => "Poll Vote",
            Use::Edit => "Message Edit",
        };
        let info = [self.id, self.author, self.by, name].concat();
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret)
            .expand(info.as_bytes(), &mut key)
            .ok()
            .context("the key of a sealed message")?;
        Ok(key)
    }

    fn bound_to(&self) -> Vec<u8> {
        match self.what {
            Use::Vote => [self.id.as_bytes(), &[0], self.by.as_bytes()].concat(),
            Use::Edit => Vec::new(),
        }
    }

    pub fn seal(&self, secret: &[u8], plain: &[u8]) -> Result<Sealed> {
        let iv: [u8; 12] = rand::random();
        let mut payload = Vec::new();
        aes_256_gcm_encrypt(
            &self.key(secret)?,
            &iv,
            &self.bound_to(),
            plain,
            &mut payload,
        )
        .ok()
        .context("sealing")?;
        Ok(Sealed { payload, iv })
    }

    pub fn open(&self, secret: &[u8], payload: &[u8], iv: &[u8]) -> Result<Vec<u8>> {
        let iv: [u8; 12] = iv.try_into().context("an IV of 12 bytes")?;
        let mut out = Vec::new();
        aes_256_gcm_decrypt(&self.key(secret)?, &iv, &self.bound_to(), payload, &mut out)
            .ok()
            .context("it does not open with the message's secret under these JIDs")?;
        Ok(out)
    }
}

/// The secret of a message; phones give every message one.
pub fn secret(m: &wa::Message) -> Option<&[u8]> {
    m.message_context_info
        .as_option()?
        .message_secret
        .as_deref()
        .filter(|s| s.len() == 32)
}
