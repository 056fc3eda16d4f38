//! The phone's half of the arithmetic.
//!
//! - commitment = SHA-256(the device's encoded identity ‖ its nonce)
//! - code = the phone's nonce ⊕ SHA-256(the device's nonce ‖ the phone's key), first 5 bytes, in Crockford's
//!   base32 as WhatsApp has it
//! - key = HKDF-SHA256(X25519, salt "Companion Pairing {kind of device} with ref {ref}", info "Pairing
//!   Information Encryption Key"); the request under it by AES-256-GCM
//! - proof = HMAC-SHA256(HKDF(ADV secret, info "shortcake-passkey-handoff-v1"), the prologue's payload)

use anyhow::{Context, Result, anyhow};
use buffa::{Enumeration as _, Message as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wacore::libsignal::{crypto::Aes256GcmDecryption, protocol::KeyPair};
use waproto::whatsapp as wa;

use crate::{keys::pub32, phone::codekeys::agree};

/// No I, O, U and 0: they are misread.
const CROCKFORD: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const TAG: usize = 16;

/// What the device said of itself, and is bound to.
pub struct Companion {
    encoded: Vec<u8>,
    public: [u8; 32],
    pub device_type: i32,
    pub reference: String,
    commitment: [u8; 32],
}

fn key(bytes: Option<Vec<u8>>, what: &'static str) -> Result<[u8; 32]> {
    bytes
        .and_then(|b| b.try_into().ok())
        .with_context(|| format!("{what}: 32 bytes"))
}

impl Companion {
    /// A ProloguePayload.
    pub fn read(payload: &[u8]) -> Result<Self> {
        let payload = wa::ProloguePayload::decode_from_slice(payload)?;
        let encoded = payload
            .companion_ephemeral_identity
            .context("no ephemeral identity")?;
        let commitment = payload
            .commitment
            .into_option()
            .context("no commitment")?
            .hash;
        let identity = wa::CompanionEphemeralIdentity::decode_from_slice(&encoded)?;
        Ok(Self {
            public: key(identity.public_key, "ephemeral key")?,
            device_type: identity.device_type.context("no kind of device")?.to_i32(),
            reference: identity.r#ref.context("no ref")?,
            commitment: key(commitment, "commitment")?,
            encoded,
        })
    }

    pub fn committed_to(&self, nonce: &[u8; 32]) -> bool {
        let hash = Sha256::new()
            .chain_update(&self.encoded)
            .chain_update(nonce);
        hash.finalize().as_slice() == self.commitment
    }
}

/// The phone's ephemeral key and nonce.
pub struct Primary {
    pub keys: KeyPair,
    pub nonce: [u8; 32],
}

/// An opened PairingRequest.
pub struct Request {
    pub noise: [u8; 32],
    pub identity: [u8; 32],
    pub adv_secret: Vec<u8>,
}

impl Primary {
    /// A PrimaryEphemeralIdentity.
    pub fn encoded(&self) -> Vec<u8> {
        wa::PrimaryEphemeralIdentity {
            public_key: Some(pub32(&self.keys).to_vec()),
            nonce: Some(self.nonce.to_vec()),
        }
        .encode_to_vec()
    }

    /// What the phone shows, like `ABCD-1234`.
    pub fn code(&self, companion_nonce: &[u8; 32]) -> String {
        let hash = Sha256::new()
            .chain_update(companion_nonce)
            .chain_update(pub32(&self.keys))
            .finalize();
        let bits = self
            .nonce
            .iter()
            .zip(hash)
            .take(5)
            .fold(0u64, |bits, (a, b)| bits << 8 | u64::from(a ^ b));
        let mut code = String::new();
        for place in (0..8).rev() {
            let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
            code.push(CROCKFORD.get(index).copied().map_or('?', char::from));
            if place == 4 {
                code.push('-');
            }
        }
        code
    }

    /// Opens an EncryptedPairingRequest.
    pub fn open(&self, from: &Companion, sealed: &[u8]) -> Result<Request> {
        let sealed = wa::EncryptedPairingRequest::decode_from_slice(sealed)?;
        let iv = sealed.iv.context("no iv")?;
        let payload = sealed.encrypted_payload.context("no payload")?;
        let (body, tag) = payload
            .split_at_checked(payload.len().saturating_sub(TAG))
            .context("a short payload")?;
        let salt = format!(
            "Companion Pairing {} with ref {}",
            from.device_type, from.reference
        );
        let shared = agree(&self.keys, &from.public)?;
        let key = derived(
            Some(salt.as_bytes()),
            &shared,
            b"Pairing Information Encryption Key",
        );
        let mut plain = body.to_vec();
        let mut gcm =
            Aes256GcmDecryption::new(&key, &iv, &[]).map_err(|e| anyhow!("request: {e}"))?;
        gcm.decrypt(&mut plain);
        gcm.verify_tag(tag)
            .map_err(|_| anyhow!("the pairing request does not open"))?;
        let request = wa::PairingRequest::decode_from_slice(plain.as_slice())?;
        Ok(Request {
            noise: self::key(request.companion_public_key, "noise key")?,
            identity: self::key(request.companion_identity_key, "identity key")?,
            adv_secret: self::key(request.adv_secret, "ADV secret")?.to_vec(),
        })
    }
}

/// Whether a device holds the ADV secret the phone saw.
pub fn proves(adv_secret: &[u8], payload: &[u8], proof: &[u8]) -> bool {
    let key = derived(None, adv_secret, b"shortcake-passkey-handoff-v1");
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&key) else {
        return false;
    };
    mac.update(payload);
    mac.verify_slice(proof).is_ok()
}

fn derived(salt: Option<&[u8]>, secret: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0u8; 32];
    // 32 bytes are far below HKDF's limit of 255 hashes: expand cannot fail.
    let _ = Hkdf::<Sha256>::new(salt, secret).expand(info, &mut key);
    key
}
