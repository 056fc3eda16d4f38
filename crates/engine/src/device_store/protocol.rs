//! What the library remembers of the protocol: who holds which sender key, LID mappings, device lists, tokens,
//! sent messages for retries, and messages decrypted but not yet committed by us.

use super::{
    DeviceStore, Result, Space, Write, corrupt, decode, encode, first, key, passes, stamped, text,
    unstamped,
};
use async_trait::async_trait;
use std::{collections::HashMap, time::Duration};
use wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore,
    TcTokenEntry,
};
use wharf_domain::{Error, inbound::Inbound};

/// Facts handed over in one transaction.
const BATCH: usize = 500;
/// Between two tries to keep a message in a store that cannot write.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl DeviceStore {
    /// Tells the domain of mappings that are new to us, before the library is allowed to count on them.
    async fn tell_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        let keys = entries.iter().map(|e| e.lid.clone().into_bytes()).collect();
        let known = self.get_many(Space::LidMapping, keys).await?;
        let mut facts = Vec::new();
        for (entry, old) in entries.iter().zip(known) {
            let same = old
                .and_then(|bytes| decode::<LidPnMappingEntry>(&bytes).ok())
                .is_some_and(|old| old.phone_number == entry.phone_number);
            if same {
                continue;
            }
            if let (Ok(lid), Ok(phone)) = (
                format!("{}@lid", entry.lid).parse(),
                entry.phone_number.parse(),
            ) {
                facts.push(Inbound::SamePerson { lid, phone });
            }
        }
        while !facts.is_empty() {
            let rest = facts.split_off(facts.len().min(BATCH));
            self.inbox
                .ingest(&self.scope, std::mem::replace(&mut facts, rest))
                .await
                .map_err(super::database)?;
        }
        Ok(())
    }
}

#[async_trait]
impl ProtocolStore for DeviceStore {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        let prefix = first(group_jid);
        Ok(self
            .scan(Space::SenderKeyDevice, &prefix)
            .await?
            .into_iter()
            .map(|(key, has)| {
                let device = key.get(prefix.len()..).map(text).unwrap_or_default();
                (device, has.first() == Some(&1))
            })
            .collect())
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        let writes = entries
            .iter()
            .map(|(device, has)| {
                Write::Put(
                    Space::SenderKeyDevice,
                    key(&[group_jid, device]),
                    vec![u8::from(*has)],
                )
            })
            .collect();
        self.apply(writes).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        self.apply(vec![Write::DeletePrefix(
            Space::SenderKeyDevice,
            first(group_jid),
        )])
        .await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        let gone = self
            .scan(Space::SenderKeyDevice, b"")
            .await?
            .into_iter()
            .filter(|(key, _)| {
                let device = key.split(|b| *b == 0).next_back().unwrap_or_default();
                device_jids.iter().any(|jid| jid.as_bytes() == device)
            })
            .map(|(key, _)| Write::Delete(Space::SenderKeyDevice, key))
            .collect();
        self.apply(gone).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        self.apply(vec![Write::DeletePrefix(
            Space::SenderKeyDevice,
            Vec::new(),
        )])
        .await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.get(Space::LidMapping, lid.as_bytes())
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        match self.get(Space::PnToLid, phone.as_bytes()).await? {
            Some(lid) => self.get_lid_mapping(&text(&lid)).await,
            None => Ok(None),
        }
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        self.tell_mappings(entries).await?;
        // A LID that moves to another number leaves no way back from the old one.
        let keys = entries.iter().map(|e| e.lid.clone().into_bytes()).collect();
        let mut numbers: HashMap<&str, String> = HashMap::new();
        for (entry, old) in entries
            .iter()
            .zip(self.get_many(Space::LidMapping, keys).await?)
        {
            if let Some(old) = old {
                numbers.insert(&entry.lid, decode::<LidPnMappingEntry>(&old)?.phone_number);
            }
        }
        let mut writes = Vec::with_capacity(entries.len() * 2);
        for entry in entries {
            let before = numbers.insert(&entry.lid, entry.phone_number.clone());
            if let Some(old) = before.filter(|old| *old != entry.phone_number) {
                writes.push(Write::Delete(Space::PnToLid, old.into_bytes()));
            }
            writes.push(Write::Put(
                Space::PnToLid,
                entry.phone_number.clone().into_bytes(),
                entry.lid.clone().into_bytes(),
            ));
            writes.push(Write::Put(
                Space::LidMapping,
                entry.lid.clone().into_bytes(),
                encode(entry)?,
            ));
        }
        self.apply(writes).await
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.scan(Space::LidMapping, b"")
            .await?
            .iter()
            .map(|(_, bytes)| decode(bytes))
            .collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        self.put(
            Space::BaseKey,
            key(&[address, message_id]),
            base_key.to_vec(),
        )
        .await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Result<bool> {
        Ok(self
            .get(Space::BaseKey, &key(&[address, message_id]))
            .await?
            .is_some_and(|stored| stored == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.delete(Space::BaseKey, key(&[address, message_id]))
            .await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let writes = records
            .iter()
            .map(|record| {
                Ok(Write::Put(
                    Space::DeviceList,
                    record.user.clone().into_bytes(),
                    encode(record)?,
                ))
            })
            .collect::<Result<_>>()?;
        self.apply(writes).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        self.get(Space::DeviceList, user.as_bytes())
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.delete(Space::DeviceList, user.into()).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        self.get(Space::GroupMetadata, group_jid.as_bytes()).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        self.put(Space::GroupMetadata, group_jid.into(), blob.to_vec())
            .await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.delete(Space::GroupMetadata, group_jid.into()).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        self.get(Space::TcToken, jid.as_bytes())
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        self.put(Space::TcToken, jid.into(), encode(entry)?).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        self.delete(Space::TcToken, jid.into()).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        Ok(self
            .scan(Space::TcToken, b"")
            .await?
            .into_iter()
            .map(|(jid, _)| text(&jid))
            .collect())
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        self.sweep(Space::TcToken, |bytes| {
            decode::<TcTokenEntry>(bytes).is_ok_and(|entry| {
                let token_live = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
                let sender_live = entry.sender_timestamp.is_some_and(|ts| ts >= sender_cutoff);
                !token_live && !sender_live
            })
        })
        .await
    }

    async fn touch_tc_token_sender_timestamp(
        &self,
        jid: &str,
        sender_timestamp: i64,
    ) -> Result<()> {
        self.update_tc_token(jid, move |old| {
            Some(match old {
                Some(entry) => TcTokenEntry {
                    sender_timestamp: Some(
                        entry
                            .sender_timestamp
                            .map_or(sender_timestamp, |was| was.max(sender_timestamp)),
                    ),
                    ..entry
                },
                None => TcTokenEntry {
                    token: Vec::new(),
                    token_timestamp: sender_timestamp,
                    sender_timestamp: Some(sender_timestamp),
                },
            })
        })
        .await
    }

    async fn store_received_tc_token(
        &self,
        jid: &str,
        token: &[u8],
        token_timestamp: i64,
    ) -> Result<()> {
        let token = token.to_vec();
        self.update_tc_token(jid, move |old| {
            let fresher = old
                .as_ref()
                .is_none_or(|e| e.token.is_empty() || token_timestamp >= e.token_timestamp);
            fresher.then(|| TcTokenEntry {
                token: token.clone(),
                token_timestamp,
                sender_timestamp: old.and_then(|e| e.sender_timestamp),
            })
        })
        .await
    }

    async fn store_sent_message(
        &self,
        chat_jid: &str,
        message_id: &str,
        payload: &[u8],
    ) -> Result<()> {
        self.put(
            Space::SentMessage,
            key(&[chat_jid, message_id]),
            stamped(self.now_secs(), payload),
        )
        .await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        use wharf_domain::ports::store::StoreExt;
        let (no, at) = (self.scope.no, key(&[chat_jid, message_id]));
        self.writable()?;
        let taken = self
            .store
            .write({
                let at = at.clone();
                move |tx| {
                    let found = tx.device_get(no, Space::SentMessage as u8, &at)?;
                    if found.is_some() {
                        tx.device_delete(no, Space::SentMessage as u8, &at)?;
                    }
                    Ok(found)
                }
            })
            .await
            .map_err(super::database)?;
        let Some(sealed) = taken else {
            return Ok(None);
        };
        let value = self.open(Space::SentMessage, &at, &sealed)?;
        let (_, payload) = unstamped(&value).ok_or_else(|| corrupt("sent message"))?;
        Ok(Some(payload.to_vec()))
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.sweep(Space::SentMessage, |value| {
            unstamped(value).is_some_and(|(at, _)| at < cutoff_timestamp)
        })
        .await
    }

    async fn store_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
        message: &[u8],
    ) -> Result<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow {
            chat,
            sender,
            id,
            message,
        }])
        .await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let now = self.now_secs();
        let writes: Vec<_> = rows
            .iter()
            .map(|row| {
                Write::Put(
                    Space::PendingInbound,
                    key(&[row.chat, row.sender, row.id]),
                    stamped(now, row.message),
                )
            })
            .collect();
        // The message's key is spent in memory by now: given up here, it could not be read when it comes again. So
        // it waits for a store that cannot write at the moment, and the server for its acknowledgement.
        let mut pause = Duration::from_millis(100);
        loop {
            match self.apply(writes.clone()).await {
                Err(error) if self.writable().is_ok() && passes(&error) => {
                    tracing::warn!(session = %self.scope.id, %error, "a message waits for the store");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
    }

    async fn get_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> Result<Option<Vec<u8>>> {
        let found = self
            .get(Space::PendingInbound, &key(&[chat, sender, id]))
            .await?;
        let Some(value) = found else {
            return Ok(None);
        };
        let (_, message) = unstamped(&value).ok_or_else(|| corrupt("pending message"))?;
        Ok(Some(message.to_vec()))
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }])
            .await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let writes = keys
            .iter()
            .map(|k| Write::Delete(Space::PendingInbound, key(&[k.chat, k.sender, k.id])))
            .collect();
        self.apply(writes).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.sweep(Space::PendingInbound, |value| {
            unstamped(value).is_some_and(|(at, _)| at < cutoff_timestamp)
        })
        .await
    }
}

impl DeviceStore {
    async fn update_tc_token(
        &self,
        jid: &str,
        change: impl Fn(Option<TcTokenEntry>) -> Option<TcTokenEntry> + Send + 'static,
    ) -> Result<()> {
        let shape = |e: serde_json::Error| Error::Internal(format!("trusted contact token: {e}"));
        self.update(Space::TcToken, vec![jid.into()], move |_, old| {
            let old = old
                .map(|bytes| serde_json::from_slice(&bytes))
                .transpose()
                .map_err(shape)?;
            change(old)
                .map(|entry| serde_json::to_vec(&entry))
                .transpose()
                .map_err(shape)
        })
        .await
    }
}
