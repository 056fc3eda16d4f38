//! App-state keys, versions and mutation MACs; see [`super::staged`] for when the latter two become durable.

use super::{DeviceStore, Space, Write, decode, encode, first, mac_key, staged::Staged};
use async_trait::async_trait;
use std::{collections::HashMap, sync::PoisonError};
use wacore::{
    appstate::{hash::HashState, processor::AppStateMutationMAC},
    store::{
        error::{Result, StoreError},
        traits::{AppStateSyncKey, AppSyncStore},
    },
};
use wharf_domain::inbound::Inbound;

impl DeviceStore {
    /// Works on the staged state of a collection, dropping what an earlier, failed sync left there.
    fn with_staged<T>(&self, name: &str, work: impl FnOnce(&mut Staged) -> T) -> T {
        let mut all = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(name).is_some_and(Staged::stale) {
            all.remove(name);
        }
        let staged = all
            .entry(name.to_owned())
            .or_insert_with(|| Staged::new(self.flow.losses()));
        staged.touch();
        work(staged)
    }

    fn unstage(&self, name: &str) {
        self.staged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }

    /// Looks at the staged state without making one.
    fn peek_staged<T>(&self, name: &str, look: impl FnOnce(&Staged) -> Option<T>) -> Option<T> {
        let all = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name).filter(|s| !s.stale()).and_then(look)
    }

    /// What is staged about one MAC: `None` = ask the store.
    fn staged_mac(&self, name: &str, index_mac: &[u8]) -> Option<Option<Vec<u8>>> {
        self.peek_staged(name, |staged| match staged.macs.get(index_mac) {
            Some(mac) => Some(mac.clone()),
            None if staged.cleared => Some(None),
            None => None,
        })
    }
}

#[async_trait]
impl AppSyncStore for DeviceStore {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        self.get(Space::SyncKey, key_id)
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        self.apply(vec![
            Write::Put(Space::SyncKey, key_id.to_vec(), encode(&key)?),
            Write::Put(Space::LatestSyncKey, Vec::new(), key_id.to_vec()),
        ])
        .await
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        if let Some(state) = self.peek_staged(name, |staged| staged.state.clone()) {
            return Ok(state);
        }
        match self.get(Space::Version, name.as_bytes()).await? {
            Some(bytes) => decode(&bytes),
            None => Ok(HashState::default()),
        }
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        // A sync that brought nothing sets the version it found; staging that would only hide the stored one.
        let idle = self.peek_staged(name, |_| Some(())).is_none();
        if idle
            && let Some(bytes) = self.get(Space::Version, name.as_bytes()).await?
            && decode::<HashState>(&bytes)
                .is_ok_and(|old| old.version == state.version && old.hash == state.hash)
        {
            return Ok(());
        }
        if !self.with_staged(name, |staged| staged.set(state)) {
            return Ok(());
        }
        if !self.flow.settled().await {
            return Err(StoreError::Validation(
                "app-state facts are still being stored".into(),
            ));
        }
        // What is staged stays visible until it is durable: the library looks at versions from several tasks.
        let Some(staged) = self.peek_staged(name, |staged| Some(staged.clone())) else {
            return Ok(());
        };
        if staged.losses != self.flow.losses() {
            self.unstage(name);
            // The stored version stays behind on purpose: the next sync brings the lost facts again.
            return Err(StoreError::Validation(
                "app-state facts could not be stored".into(),
            ));
        }
        if let Err(error) = self.tell_removed(name, &staged).await {
            // As above: the same patches come again.
            self.unstage(name);
            return Err(error);
        }
        let mut writes = Vec::with_capacity(staged.macs.len() + 2);
        if staged.cleared {
            writes.push(Write::DeletePrefix(Space::MutationMac, first(name)));
        }
        for (index_mac, mac) in staged.macs {
            let key = mac_key(name, &index_mac);
            writes.push(match mac {
                Some(value) => Write::Put(Space::MutationMac, key, value),
                None => Write::Delete(Space::MutationMac, key),
            });
        }
        if let Some(state) = &staged.state {
            writes.push(Write::Put(Space::Version, name.into(), encode(state)?));
        }
        self.apply(writes).await?;
        self.unstage(name);
        if staged.cleared && self.flow.take_snapshot() {
            // Only a word to listeners; the facts themselves are stored.
            let synced = Inbound::Synced {
                source: "app_state",
            };
            if let Err(error) = self.inbox.ingest(&self.scope, vec![synced]).await {
                tracing::warn!(session = %self.scope.id, %error, "end of app state not told");
            }
        }
        Ok(())
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Result<()> {
        let macs = mutations
            .iter()
            .map(|mac| (mac.index_mac.clone(), mac.value_mac.clone()));
        self.with_staged(name, |staged| staged.put_macs(macs));
        Ok(())
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.staged_mac(name, index_mac) {
            Some(mac) => Ok(mac),
            None => {
                self.get(Space::MutationMac, &mac_key(name, index_mac))
                    .await
            }
        }
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let mut found = HashMap::with_capacity(index_macs.len());
        let mut stored = Vec::new();
        for index_mac in index_macs {
            match self.staged_mac(name, index_mac) {
                Some(Some(mac)) => {
                    found.insert(*index_mac, mac);
                }
                Some(None) => {}
                None => stored.push(*index_mac),
            }
        }
        if stored.is_empty() {
            return Ok(found);
        }
        let keys = stored.iter().map(|mac| mac_key(name, mac)).collect();
        let rows = self.get_many(Space::MutationMac, keys).await?;
        found.extend(
            stored
                .into_iter()
                .zip(rows)
                .filter_map(|(index_mac, row)| Some((index_mac, row?))),
        );
        Ok(found)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        self.with_staged(name, |staged| {
            for index_mac in index_macs {
                staged.macs.insert(index_mac.clone(), None);
            }
        });
        Ok(())
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        self.with_staged(name, Staged::clear_macs);
        Ok(())
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        self.get(Space::LatestSyncKey, b"").await
    }
}
