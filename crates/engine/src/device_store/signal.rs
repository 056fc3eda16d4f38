//! Identities, sessions, prekeys, sender keys.

use super::{DeviceStore, Space, Write, corrupt};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use wacore::store::{error::Result, traits::SignalStore};

fn id_key(id: u32) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn id_of(key: &[u8]) -> Result<u32> {
    key.try_into()
        .map(u32::from_be_bytes)
        .map_err(|_| corrupt("key id"))
}

#[async_trait]
impl SignalStore for DeviceStore {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.put(Space::Identity, address.into(), key.to_vec())
            .await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let writes = identities
            .iter()
            .map(|(address, key)| {
                Write::Put(Space::Identity, address.as_bytes().to_vec(), key.to_vec())
            })
            .collect();
        self.apply(writes).await
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        self.get(Space::Identity, address.as_bytes())
            .await?
            .map(|key| key.try_into().map_err(|_| corrupt("identity")))
            .transpose()
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.delete(Space::Identity, address.into()).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        Ok(self
            .get(Space::Session, address.as_bytes())
            .await?
            .map(Bytes::from))
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        self.put(Space::Session, address.into(), session.to_vec())
            .await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        let writes = sessions
            .iter()
            .map(|(address, session)| {
                Write::Put(
                    Space::Session,
                    address.as_bytes().to_vec(),
                    session.to_vec(),
                )
            })
            .collect();
        self.apply(writes).await
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.delete(Space::Session, address.into()).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        for space in [Space::Session, Space::Identity] {
            for end in ['@', ':'] {
                if !self
                    .scan(space, format!("{user}{end}").as_bytes())
                    .await?
                    .is_empty()
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn store_prekey(&self, id: u32, record: &[u8], _uploaded: bool) -> Result<()> {
        self.put(Space::PreKey, id_key(id), record.to_vec()).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], _uploaded: bool) -> Result<()> {
        let writes = keys
            .iter()
            .map(|(id, record)| Write::Put(Space::PreKey, id_key(*id), record.to_vec()))
            .collect();
        self.apply(writes).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        Ok(self.get(Space::PreKey, &id_key(id)).await?.map(Bytes::from))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let keys = ids.iter().map(|id| id_key(*id)).collect();
        let records = self.get_many(Space::PreKey, keys).await?;
        Ok(ids
            .iter()
            .zip(records)
            .filter_map(|(id, record)| Some((*id, Bytes::from(record?))))
            .collect())
    }

    /// Nothing reads the mark back; what is asked of us is only not to bring deleted keys back.
    async fn mark_prekeys_uploaded(&self, _ids: &[u32]) -> Result<()> {
        Ok(())
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        self.delete(Space::PreKey, id_key(id)).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        // Big-endian ids: the last key is the greatest.
        match self.scan(Space::PreKey, b"").await?.last() {
            Some((key, _)) => id_of(key),
            None => Ok(0),
        }
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        self.put(Space::SignedPreKey, id_key(id), record.to_vec())
            .await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.get(Space::SignedPreKey, &id_key(id)).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        self.scan(Space::SignedPreKey, b"")
            .await?
            .into_iter()
            .map(|(key, record)| Ok((id_of(&key)?, record)))
            .collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.delete(Space::SignedPreKey, id_key(id)).await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        self.put(Space::SenderKey, address.into(), record.to_vec())
            .await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let writes = sender_keys
            .iter()
            .map(|(address, record)| {
                Write::Put(
                    Space::SenderKey,
                    address.as_bytes().to_vec(),
                    record.to_vec(),
                )
            })
            .collect();
        self.apply(writes).await
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        self.get(Space::SenderKey, address.as_bytes()).await
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        self.delete(Space::SenderKey, address.into()).await
    }
}
