//! ADV: how an account vouches for its companions.
//!
//! The phone signs `[6,0] ‖ details ‖ companion identity` with the account key (its identity); the
//! companion answers with a signature of its own over `[6,1] ‖ details ‖ its identity ‖ account key`.
//! The list of valid key indexes is signed with `[6,2] ‖ details`.

use anyhow::{Context, Result, anyhow, bail};
use buffa::Message as _;
use hmac::{Hmac, KeyInit, Mac};
use wacore::libsignal::protocol::{KeyPair, PublicKey};
use waproto::whatsapp as wa;

use crate::{
    ids::{DeviceAddr, Phone},
    keys::{pub32, sign},
    world::World,
};

/// What a companion gets in `<pair-success>`: an ADVSignedDeviceIdentityHMAC.
pub fn signed_identity(
    account: &KeyPair,
    raw_id: u32,
    key_index: u32,
    at: i64,
    companion: &[u8; 32],
    adv_secret: &[u8],
) -> Result<Vec<u8>> {
    let details = wa::ADVDeviceIdentity {
        raw_id: Some(raw_id),
        timestamp: Some(at.unsigned_abs()),
        key_index: Some(key_index),
        ..Default::default()
    }
    .encode_to_vec();
    let signature = sign(account, &[&[6, 0][..], &details, companion].concat())?;
    let signed = wa::ADVSignedDeviceIdentity {
        details: Some(details),
        account_signature_key: Some(pub32(account).to_vec()),
        account_signature: Some(signature.to_vec()),
        ..Default::default()
    }
    .encode_to_vec();
    let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(adv_secret)
        .map_err(|e| anyhow!("adv secret: {e}"))?;
    mac.update(&signed);
    Ok(wa::ADVSignedDeviceIdentityHMAC {
        details: Some(signed),
        hmac: Some(mac.finalize().into_bytes().to_vec()),
        ..Default::default()
    }
    .encode_to_vec())
}

/// Verifies the companion's half; returns the key index it signed for.
pub fn verify_companion(adv: &[u8], companion: &[u8; 32], account: &[u8; 32]) -> Result<u32> {
    let s = wa::ADVSignedDeviceIdentity::decode_from_slice(adv)?;
    let details = s.details.context("no details")?;
    let signature = s.device_signature.context("no device signature")?;
    if s.account_signature_key
        .is_some_and(|k| !k.is_empty() && k != account)
    {
        bail!("another account's signature key");
    }
    let key =
        PublicKey::from_djb_public_key_bytes(companion).map_err(|e| anyhow!("identity: {e}"))?;
    if !key.verify_signature(
        &[&[6, 1][..], &details, companion, account].concat(),
        &signature,
    ) {
        bail!("the device signature does not verify");
    }
    wa::ADVDeviceIdentity::decode_from_slice(&details)?
        .key_index
        .context("no key index")
}

impl World<'_> {
    /// The account's id in its ADV lists; the same for ever.
    pub fn adv_raw_id(&self, phone: Phone) -> u32 {
        let [a, b, c, d, ..] = self.seed().derive(&format!("adv {phone}"));
        u32::from_be_bytes([a, b, c, d]) >> 1
    }

    /// The signed ADVKeyIndexList of usync, and its timestamp.
    pub fn key_index_list(&self, phone: Phone) -> Result<(Vec<u8>, i64)> {
        let devices = self.devices(phone)?;
        let at = devices
            .iter()
            .map(|d| d.created_at)
            .max()
            .unwrap_or_default();
        let details = wa::ADVKeyIndexList {
            raw_id: Some(self.adv_raw_id(phone)),
            timestamp: Some(at.unsigned_abs()),
            current_index: Some(devices.iter().map(|d| d.key_index).max().unwrap_or(0)),
            valid_indexes: std::iter::once(0)
                .chain(devices.iter().map(|d| d.key_index))
                .collect(),
            ..Default::default()
        }
        .encode_to_vec();
        let signature = sign(
            &self.phone_keys(phone)?.identity,
            &[&[6, 2][..], &details].concat(),
        )?;
        let list = wa::ADVSignedKeyIndexList {
            details: Some(details),
            account_signature: Some(signature.to_vec()),
            ..Default::default()
        };
        Ok((list.encode_to_vec(), at))
    }

    /// The ADV bytes contacts verify, when `d` is linked.
    pub fn device_identity(&self, d: DeviceAddr) -> Result<Option<Vec<u8>>> {
        Ok(self.device(d)?.and_then(|d| d.adv))
    }
}
