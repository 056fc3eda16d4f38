//! The arithmetic of a pairing code, as the phone does it.
//!
//! Both sides wrap an ephemeral X25519 key in the code: `salt(32) ‖ iv(16) ‖ AES-256-CTR(key)` under
//! PBKDF2-SHA256(code, salt, 131072). The companion then sends its bundle under a key from the shared
//! ephemeral secret, and both derive the ADV secret, which authenticates `<pair-success>`.

use anyhow::{Context, Result, anyhow, bail};
use wacore::{
    crypto::hkdf_sha256_into,
    libsignal::{
        crypto::Aes256GcmDecryption,
        protocol::{KeyPair, PublicKey},
    },
    pair_code::PairCodeUtils,
};

use crate::keys::pub32;

const SALT: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;

/// What the phone holds between showing its half and getting the bundle.
pub struct Primary {
    ephemeral: KeyPair,
    companion: [u8; 32],
    /// Our ephemeral key, wrapped in the code.
    pub wrapped: [u8; 80],
}

/// The companion's identity and the secret of its pairing.
pub struct Opened {
    pub identity: [u8; 32],
    pub adv_secret: [u8; 32],
}

/// The phone's owner typed `code`. Slow on purpose (two PBKDF2): not under any lock.
pub fn hello(code: &str, wrapped_companion: &[u8], ephemeral: KeyPair) -> Result<Primary> {
    let companion = PairCodeUtils::decrypt_primary_ephemeral_pub(wrapped_companion, code)
        .map_err(|e| anyhow!("companion's key: {e}"))?;
    let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&pub32(&ephemeral), code);
    Ok(Primary {
        ephemeral,
        companion,
        wrapped,
    })
}

/// Opens `salt ‖ nonce ‖ AES-256-GCM(companion identity ‖ our identity ‖ random)`. A wrong code shows
/// here and only here: the tag does not verify.
pub fn open(p: &Primary, account: &KeyPair, bundle: &[u8]) -> Result<Opened> {
    let (salt, rest) = bundle.split_at_checked(SALT).context("a short bundle")?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).context("a short bundle")?;
    let (body, tag) = sealed
        .split_at_checked(sealed.len().saturating_sub(TAG))
        .context("a short bundle")?;
    let shared = agree(&p.ephemeral, &p.companion)?;
    let mut key = [0u8; 32];
    hkdf_sha256_into(
        &shared,
        Some(salt),
        b"link_code_pairing_key_bundle_encryption_key",
        &mut key,
    )
    .map_err(|e| anyhow!("bundle key: {e}"))?;
    let mut plain = body.to_vec();
    let mut gcm = Aes256GcmDecryption::new(&key, nonce, &[]).map_err(|e| anyhow!("bundle: {e}"))?;
    gcm.decrypt(&mut plain);
    gcm.verify_tag(tag)
        .map_err(|_| anyhow!("the code is wrong"))?;
    let [identity, primary, random] = plain
        .chunks_exact(32)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| anyhow!("a bundle of another size"))?;
    if primary != pub32(account) {
        bail!("a bundle for another phone");
    }
    let identity: [u8; 32] = identity.try_into().context("identity")?;
    let with_identity = agree(account, &identity)?;
    let mut adv_secret = [0u8; 32];
    hkdf_sha256_into(
        &[&shared[..], &with_identity, random].concat(),
        None,
        b"adv_secret",
        &mut adv_secret,
    )
    .map_err(|e| anyhow!("adv secret: {e}"))?;
    Ok(Opened {
        identity,
        adv_secret,
    })
}

/// X25519.
pub fn agree(ours: &KeyPair, theirs: &[u8; 32]) -> Result<[u8; 32]> {
    let theirs =
        PublicKey::from_djb_public_key_bytes(theirs).map_err(|e| anyhow!("public key: {e}"))?;
    ours.private_key
        .calculate_agreement(&theirs)
        .map_err(|e| anyhow!("agreement: {e}"))
}
