//! App-state sync keys.
//!
//! The primary phone draws a key and shares it with its companions. Its id is six bytes: the device
//! that made it (two, the phone is 0) and an epoch (four), big-endian; clients take the key with the
//! highest epoch as the active one. HKDF-SHA256 (no salt, info `WhatsApp Mutation Keys`) turns the 32
//! bytes of a key into five: index, value encryption, value MAC, snapshot MAC, patch MAC.

use anyhow::{Context, Result};
use hkdf::Hkdf;
use sha2::Sha256;
use waproto::whatsapp::{self as wa, message::ProtocolMessage};

use crate::{ids::Phone, keys::Seed};

/// One sync key of an account.
#[derive(Clone)]
pub struct SyncKey {
    pub epoch: u32,
    pub data: [u8; 32],
    /// When it was made, Unix milliseconds.
    pub made_at_ms: i64,
}

/// The five keys a sync key stands for.
pub struct Expanded {
    pub index: [u8; 32],
    pub value_encryption: [u8; 32],
    pub value_mac: [u8; 32],
    pub snapshot_mac: [u8; 32],
    pub patch_mac: [u8; 32],
}

impl SyncKey {
    /// The key of an account's phone for an epoch: always the same in a world.
    pub fn derive(seed: &Seed, phone: Phone, epoch: u32, made_at_ms: i64) -> Self {
        Self {
            epoch,
            data: seed.derive(&format!("app state key {phone} {epoch}")),
            made_at_ms,
        }
    }

    /// The key id on the wire.
    pub fn id(&self) -> Vec<u8> {
        let mut id = vec![0, 0];
        id.extend(self.epoch.to_be_bytes());
        id
    }

    pub fn expand(&self) -> Result<Expanded> {
        let mut okm = [0u8; 160];
        Hkdf::<Sha256>::new(None, &self.data)
            .expand(b"WhatsApp Mutation Keys", &mut okm)
            .ok()
            .context("app-state key expansion")?;
        let [index, value_encryption, value_mac, snapshot_mac, patch_mac] =
            <[[u8; 32]; 5]>::try_from(okm.as_chunks::<32>().0).context("five keys")?;
        Ok(Expanded {
            index,
            value_encryption,
            value_mac,
            snapshot_mac,
            patch_mac,
        })
    }
}

/// The peer message by which the phone hands keys to a companion.
///
/// `device_indexes` are the ADV key indexes of the devices that hold the keys, `raw_id` the ADV raw id.
pub fn key_share(keys: &[SyncKey], raw_id: u32, device_indexes: &[u32]) -> ProtocolMessage {
    let keys = keys.iter().map(|k| wa::message::AppStateSyncKey {
        key_id: buffa::MessageField::some(wa::message::AppStateSyncKeyId {
            key_id: Some(k.id()),
        }),
        key_data: buffa::MessageField::some(wa::message::AppStateSyncKeyData {
            key_data: Some(k.data.to_vec()),
            fingerprint: buffa::MessageField::some(wa::message::AppStateSyncKeyFingerprint {
                raw_id: Some(raw_id),
                current_index: device_indexes.iter().max().copied(),
                device_indexes: device_indexes.to_vec(),
            }),
            timestamp: Some(k.made_at_ms),
        }),
    });
    ProtocolMessage {
        r#type: Some(wa::message::protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
        app_state_sync_key_share: buffa::MessageField::some(wa::message::AppStateSyncKeyShare {
            keys: keys.collect(),
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_implementation_expands_the_same_keys() {
        let key = SyncKey {
            epoch: 0x0102_0304,
            data: [9; 32],
            made_at_ms: 0,
        };
        let (ours, theirs) = (
            key.expand().unwrap(),
            wacore_appstate::expand_app_state_keys(&key.data),
        );
        assert_eq!(ours.index, theirs.index);
        assert_eq!(ours.value_encryption, theirs.value_encryption);
        assert_eq!(ours.value_mac, theirs.value_mac);
        assert_eq!(ours.snapshot_mac, theirs.snapshot_mac);
        assert_eq!(ours.patch_mac, theirs.patch_mac);
        assert_eq!(key.id(), [0, 0, 1, 2, 3, 4]);
    }
}
