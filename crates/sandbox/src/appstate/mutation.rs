//! One record: sealing what the phone writes, opening what a client sent.
//!
//! The value blob is IV ‖ AES-256-CBC(SyncActionData) ‖ value MAC. The value MAC is the first half of
//! HMAC-SHA512 over: operation (1 set, 2 remove), key id, IV and ciphertext, and the length of
//! operation and key id as eight bytes. The index MAC is HMAC-SHA256 over the index, which is JSON.

use aes::Aes256;
use anyhow::{Context, Result, bail, ensure};
use buffa::Message as _;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use waproto::whatsapp::{self as wa, syncd_mutation::SyncdOperation};

use super::keys::{Expanded, SyncKey};

const IV: usize = 16;
pub const MAC: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Set,
    Remove,
}

impl Operation {
    /// As the value MAC signs it: one more than on the wire.
    const fn byte(self) -> u8 {
        match self {
            Self::Set => 1,
            Self::Remove => 2,
        }
    }

    pub const fn wire(self) -> SyncdOperation {
        match self {
            Self::Set => SyncdOperation::SET,
            Self::Remove => SyncdOperation::REMOVE,
        }
    }
}

/// A record in clear.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutation {
    pub operation: Operation,
    /// The parts of the index; the first names the action.
    pub index: Vec<String>,
    pub value: wa::SyncActionValue,
    /// Version of the action's schema.
    pub version: i32,
}

/// A record under lock: what the server keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    pub operation: Operation,
    pub index_mac: [u8; MAC],
    pub blob: Vec<u8>,
    pub key_id: Vec<u8>,
}

/// The index as the clients write it: JSON without spaces.
fn index_json(index: &[String]) -> Result<Vec<u8>> {
    serde_json::to_vec(index).context("index as JSON")
}

/// The name a record with this index has under these keys.
pub fn index_mac(keys: &Expanded, index: &[String]) -> Result<[u8; MAC]> {
    mac_index(keys, &index_json(index)?)
}

fn mac_index(keys: &Expanded, json: &[u8]) -> Result<[u8; MAC]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&keys.index).context("index key")?;
    mac.update(json);
    Ok(mac.finalize().into_bytes().into())
}

fn value_mac(
    keys: &Expanded,
    operation: Operation,
    key_id: &[u8],
    iv_and_ciphertext: &[u8],
) -> Result<[u8; MAC]> {
    let mut mac =
        <Hmac<Sha512> as KeyInit>::new_from_slice(&keys.value_mac).context("value MAC key")?;
    let signed_len = u64::try_from(key_id.len() + 1)?;
    mac.update(&[operation.byte()]);
    mac.update(key_id);
    mac.update(iv_and_ciphertext);
    mac.update(&signed_len.to_be_bytes());
    let full: [u8; 64] = mac.finalize().into_bytes().into();
    Ok(full.first_chunk::<MAC>().copied().unwrap_or_default())
}

/// Encrypts and signs a record with `key`.
pub fn seal(m: &Mutation, key: &SyncKey, keys: &Expanded) -> Result<SealedRecord> {
    let index = index_json(&m.index)?;
    let index_mac = mac_index(keys, &index)?;
    let plain = wa::SyncActionData {
        index: Some(index),
        value: buffa::MessageField::some(m.value.clone()),
        padding: Some(Vec::new()),
        version: Some(m.version),
    }
    .encode_to_vec();
    let iv: [u8; IV] = rand::random();
    let mut blob = iv.to_vec();
    blob.extend(
        cbc::Encryptor::<Aes256>::new(&keys.value_encryption.into(), &iv.into())
            .encrypt_padded_vec::<Pkcs7>(&plain),
    );
    let mac = value_mac(keys, m.operation, &key.id(), &blob)?;
    blob.extend(mac);
    Ok(SealedRecord {
        operation: m.operation,
        index_mac,
        blob,
        key_id: key.id(),
    })
}

impl SealedRecord {
    /// The value MAC: the tail of the blob.
    pub fn value_mac(&self) -> &[u8] {
        self.blob.last_chunk::<MAC>().map_or(&[], |m| m.as_slice())
    }

    /// Checks both MACs and decrypts. `key` is the one that [`Self::key_id`] names.
    pub fn open(&self, keys: &Expanded) -> Result<Mutation> {
        let (sealed, mac) = self
            .blob
            .split_last_chunk::<MAC>()
            .context("the value is too short")?;
        ensure!(
            value_mac(keys, self.operation, &self.key_id, sealed)? == *mac,
            "value MAC differs"
        );
        let (iv, ciphertext) = sealed
            .split_first_chunk::<IV>()
            .context("the value is too short")?;
        let plain = cbc::Decryptor::<Aes256>::new(&keys.value_encryption.into(), &(*iv).into())
            .decrypt_padded_vec::<Pkcs7>(ciphertext)
            .ok()
            .context("the value does not decrypt")?;
        let data = wa::SyncActionData::decode_from_slice(&plain)
            .context("the value is no SyncActionData")?;
        let index = data.index.context("the record has no index")?;
        ensure!(
            mac_index(keys, &index)? == self.index_mac,
            "index MAC differs"
        );
        let index: Vec<String> =
            serde_json::from_slice(&index).context("the index is no JSON array of strings")?;
        ensure!(
            index.first().is_some_and(|action| !action.is_empty()),
            "the index names no action"
        );
        Ok(Mutation {
            operation: self.operation,
            index,
            value: data.value.into_option().unwrap_or_default(),
            version: data.version.context("the record has no version")?,
        })
    }

    pub fn to_record(&self) -> wa::SyncdRecord {
        wa::SyncdRecord {
            index: buffa::MessageField::some(wa::SyncdIndex {
                blob: Some(self.index_mac.to_vec()),
            }),
            value: buffa::MessageField::some(wa::SyncdValue {
                blob: Some(self.blob.clone()),
            }),
            key_id: buffa::MessageField::some(wa::KeyId {
                id: Some(self.key_id.clone()),
            }),
        }
    }

    pub fn to_mutation(&self) -> wa::SyncdMutation {
        wa::SyncdMutation {
            operation: Some(self.operation.wire().into()),
            record: buffa::MessageField::some(self.to_record()),
        }
    }

    /// Reads a client's mutation; every field must be there.
    pub fn from_mutation(m: wa::SyncdMutation) -> Result<Self> {
        let operation = match m
            .operation
            .context("a mutation without operation")?
            .as_known()
        {
            Some(SyncdOperation::SET) => Operation::Set,
            Some(SyncdOperation::REMOVE) => Operation::Remove,
            None => bail!("a mutation with an unknown operation"),
        };
        let record = m
            .record
            .into_option()
            .context("a mutation without record")?;
        let index_mac = record
            .index
            .into_option()
            .and_then(|i| i.blob)
            .context("a record without index MAC")?;
        Ok(Self {
            operation,
            index_mac: index_mac
                .try_into()
                .ok()
                .context("an index MAC that is not 32 bytes")?,
            blob: record
                .value
                .into_option()
                .and_then(|v| v.blob)
                .context("a record without value")?,
            key_id: record
                .key_id
                .into_option()
                .and_then(|k| k.id)
                .context("a record without key id")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_appstate::{decode_record, encode_record, expand_app_state_keys};

    fn key() -> SyncKey {
        SyncKey {
            epoch: 7,
            data: [11; 32],
            made_at_ms: 0,
        }
    }

    fn push_name(operation: Operation) -> Mutation {
        let name = wa::sync_action_value::PushNameSetting {
            name: Some("Žofie 🌊".into()),
        };
        let value = wa::SyncActionValue {
            timestamp: Some(1_760_000_000_123),
            push_name_setting: buffa::MessageField::some(name),
            ..Default::default()
        };
        Mutation {
            operation,
            index: vec!["setting_pushName".into()],
            value,
            version: 1,
        }
    }

    #[test]
    fn a_foreign_reader_opens_and_verifies_our_record() {
        for operation in [Operation::Set, Operation::Remove] {
            let m = push_name(operation);
            let sealed = seal(&m, &key(), &key().expand().unwrap()).unwrap();
            let theirs = expand_app_state_keys(&key().data);
            let (read, macs) = decode_record(
                operation.wire(),
                &sealed.to_record(),
                &theirs,
                &sealed.key_id,
                true,
            )
            .unwrap();
            assert_eq!(read.index, m.index);
            assert_eq!(read.action_value.as_ref().unwrap(), &m.value);
            assert_eq!(macs.value_mac, sealed.value_mac());
        }
    }

    #[test]
    fn we_open_a_foreign_record() {
        let m = push_name(Operation::Set);
        let theirs = expand_app_state_keys(&key().data);
        let (wire, mac) = encode_record(
            SyncdOperation::SET,
            br#"["setting_pushName"]"#,
            &m.value,
            &theirs,
            &key().id(),
            &[3; 16],
            1,
        );
        let sealed = SealedRecord::from_mutation(wire).unwrap();
        assert_eq!(sealed.value_mac(), mac);
        assert_eq!(sealed.open(&key().expand().unwrap()).unwrap(), m);
    }

    #[test]
    fn no_bit_can_be_changed() {
        let keys = key().expand().unwrap();
        let good = seal(&push_name(Operation::Set), &key(), &keys).unwrap();
        assert!(good.open(&keys).is_ok());
        for at in 0..good.blob.len() {
            let mut bad = good.clone();
            bad.blob[at] ^= 0x80;
            assert!(bad.open(&keys).is_err(), "byte {at}");
        }
        let refused = |f: fn(&mut SealedRecord)| {
            let mut bad = good.clone();
            f(&mut bad);
            bad.open(&keys).unwrap_err().to_string()
        };
        assert_eq!(
            refused(|r| r.operation = Operation::Remove),
            "value MAC differs"
        );
        assert_eq!(
            refused(|r| r.key_id = vec![0, 0, 0, 0, 0, 8]),
            "value MAC differs"
        );
        assert_eq!(refused(|r| r.index_mac[0] ^= 1), "index MAC differs");
        assert_eq!(refused(|r| r.blob.truncate(20)), "the value is too short");
        let other = SyncKey {
            epoch: 7,
            data: [12; 32],
            made_at_ms: 0,
        };
        assert!(good.open(&other.expand().unwrap()).is_err());
    }
}
