//! Who left the address book.
//!
//! The library applies removals from app state but tells nobody (its dispatch passes on what was set, and nothing
//! else). What it does tell its store is which index MACs go. An index MAC is an HMAC of the index, here
//! `["contact", JID]`, under a key derived from the account's app-state key (`wacore-appstate`, `keys.rs` and
//! `hash.rs`). So who it was is found by trying everybody in the address book, which happens only when somebody
//! leaves it.
//!
//! When the phone changes its key, each index it touches is removed under the old key and set under the new one:
//! whoever still stands under some key has not left.

use super::{DeviceStore, Result, Space, database, decode, mac_key, staged::Staged};
use std::collections::HashSet;
use wacore::{
    appstate::{
        hash::generate_index_mac,
        keys::{ExpandedAppStateKeys, expand_app_state_keys},
        patch_decode::WAPatchName,
    },
    store::traits::AppStateSyncKey,
};
use wharf_domain::inbound::{Inbound, NameSource, Origin, Seen};

fn jids(who: &Seen) -> impl Iterator<Item = String> {
    let phone = who.phone.as_ref().map(|phone| phone.jid());
    phone
        .into_iter()
        .chain(who.lid.as_ref().map(|lid| lid.jid()))
}

/// The names this person's entry may have: by number or LID, under each key.
fn index_macs(who: &Seen, keys: &[ExpandedAppStateKeys]) -> Vec<Vec<u8>> {
    jids(who)
        .flat_map(|jid| {
            let index = format!(r#"["contact","{jid}"]"#);
            keys.iter()
                .map(move |key| generate_index_mac(index.as_bytes(), &key.index))
        })
        .collect()
}

impl DeviceStore {
    /// Tells who left the address book by what is staged. To be called once all that was set is stored.
    pub(super) async fn tell_removed(&self, name: &str, staged: &Staged) -> Result<()> {
        let gone: HashSet<Vec<u8>> = staged
            .macs
            .iter()
            .filter(|(_, mac)| mac.is_none())
            .map(|(index_mac, _)| index_mac.clone())
            .collect();
        if gone.is_empty() || name != WAPatchName::CriticalUnblockLow.as_str() {
            return Ok(());
        }
        let mut keys = Vec::new();
        for (_, bytes) in self.scan(Space::SyncKey, b"").await? {
            keys.push(expand_app_state_keys(
                &decode::<AppStateSyncKey>(&bytes)?.key_data,
            ));
        }
        let book = self
            .inbox
            .address_book(&self.scope)
            .await
            .map_err(database)?;
        // A large address book is some hundred thousand HMACs: not on a thread that others wait for.
        let suspects = tokio::task::spawn_blocking(move || {
            let mut suspects = Vec::new();
            for who in book {
                let macs = index_macs(&who, &keys);
                if macs.iter().any(|mac| gone.contains(mac)) {
                    suspects.push((who, macs));
                }
            }
            suspects
        })
        .await
        .map_err(|error| wacore::store::error::StoreError::Validation(error.to_string()))?;
        let mut facts = Vec::new();
        for (who, macs) in suspects {
            if !self.stands(name, staged, macs).await? {
                facts.push(Inbound::Name {
                    who,
                    source: NameSource::AddressBook,
                    name: String::new(),
                    origin: Origin::Live,
                });
            }
        }
        if facts.is_empty() {
            return Ok(());
        }
        self.inbox
            .ingest(&self.scope, facts)
            .await
            .map_err(database)
    }

    /// Whether any of these entries is there after what is staged.
    async fn stands(&self, name: &str, staged: &Staged, macs: Vec<Vec<u8>>) -> Result<bool> {
        let mut stored = Vec::new();
        for mac in macs {
            match staged.macs.get(&mac) {
                Some(Some(_)) => return Ok(true),
                Some(None) => {}
                None if staged.cleared => {}
                None => stored.push(mac_key(name, &mac)),
            }
        }
        let rows = self.get_many(Space::MutationMac, stored).await?;
        Ok(rows.iter().any(Option::is_some))
    }
}
