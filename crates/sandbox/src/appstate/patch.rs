//! Patches and snapshots: signing them as the phone, verifying a client's.
//!
//! A collection at a version is its LT-hash and its records. A patch takes it to the next version. Both
//! sides compute the LT-hash of the new state and the MACs over it, so a device that drifted notices.

use anyhow::{Context, Result, bail, ensure};
use buffa::Message as _;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashSet;
use waproto::whatsapp as wa;

use super::{
    Collection,
    keys::{Expanded, SyncKey},
    lthash::LtHash,
    mutation::{MAC, Mutation, Operation, SealedRecord, seal},
};

/// Where a collection stands.
#[derive(Clone, Default)]
pub struct State {
    pub version: u64,
    pub hash: LtHash,
}

/// The value MAC a collection holds under an index MAC.
pub type Held<'a> = dyn FnMut(&[u8; MAC]) -> Result<Option<Vec<u8>>> + 'a;

/// What a patch does to a collection.
pub struct Applied {
    pub state: State,
    /// Set or removed records, in the order of the patch.
    pub records: Vec<SealedRecord>,
    pub snapshot_mac: Vec<u8>,
    pub key_id: Vec<u8>,
    /// The patch as devices fetch it, with its version.
    pub patch: wa::SyncdPatch,
}

/// Signs the next patch of a collection.
pub fn author(
    collection: Collection,
    from: &State,
    key: &SyncKey,
    records: Vec<SealedRecord>,
    held: &mut Held<'_>,
) -> Result<Applied> {
    let keys = key.expand()?;
    let state = advance(from, &records, held)?;
    let snapshot_mac = snapshot_mac(&keys, collection, &state)?;
    let patch_mac = patch_mac(&keys, collection, state.version, &snapshot_mac, &records)?;
    let patch = wa::SyncdPatch {
        version: buffa::MessageField::some(wa::SyncdVersion {
            version: Some(state.version),
        }),
        mutations: records.iter().map(SealedRecord::to_mutation).collect(),
        snapshot_mac: Some(snapshot_mac.clone()),
        patch_mac: Some(patch_mac),
        key_id: buffa::MessageField::some(wa::KeyId { id: Some(key.id()) }),
        device_index: Some(0),
        ..Default::default()
    };
    Ok(Applied {
        state,
        records,
        snapshot_mac,
        key_id: key.id(),
        patch,
    })
}

/// Seals a record with the key it will be signed with.
pub fn seal_all(mutations: &[Mutation], key: &SyncKey) -> Result<Vec<SealedRecord>> {
    let keys = key.expand()?;
    mutations.iter().map(|m| seal(m, key, &keys)).collect()
}

/// Verifies a client's patch against the collection and gives its effect and its content in clear.
///
/// `mutations` are those of the patch, or of the external blob it names. `key_of` finds a key by id.
pub fn verify(
    collection: Collection,
    from: &State,
    mut patch: wa::SyncdPatch,
    mutations: Vec<wa::SyncdMutation>,
    key_of: &dyn Fn(&[u8]) -> Option<SyncKey>,
    held: &mut Held<'_>,
) -> Result<(Applied, Vec<Mutation>)> {
    ensure!(!mutations.is_empty(), "a patch without mutations");
    if let Some(version) = patch.version.as_option().and_then(|v| v.version) {
        ensure!(
            version == from.version + 1,
            "the patch says version {version}, the next is {}",
            from.version + 1
        );
    }
    let key_id = patch
        .key_id
        .as_option()
        .and_then(|k| k.id.clone())
        .context("a patch without key id")?;
    let key = key_of(&key_id).context("the patch is signed with a key nobody was given")?;
    let records = mutations
        .into_iter()
        .map(SealedRecord::from_mutation)
        .collect::<Result<Vec<_>>>()?;
    let mut clear = Vec::with_capacity(records.len());
    for record in &records {
        let key =
            key_of(&record.key_id).context("a record is sealed with a key nobody was given")?;
        clear.push(record.open(&key.expand()?)?);
    }
    let state = advance(from, &records, held)?;
    let keys = key.expand()?;
    let claimed = patch
        .snapshot_mac
        .clone()
        .context("a patch without snapshot MAC")?;
    ensure!(
        claimed == snapshot_mac(&keys, collection, &state)?,
        "snapshot MAC differs: the LT-hash has drifted"
    );
    let expected = patch_mac(&keys, collection, state.version, &claimed, &records)?;
    ensure!(
        patch.patch_mac.as_deref() == Some(expected.as_slice()),
        "patch MAC differs"
    );
    // The server is who numbers patches.
    patch.version = buffa::MessageField::some(wa::SyncdVersion {
        version: Some(state.version),
    });
    Ok((
        Applied {
            state,
            records,
            snapshot_mac: claimed,
            key_id,
            patch,
        },
        clear,
    ))
}

/// A snapshot of all records. `mac` and `key_id` are those of the last patch: the server cannot sign.
pub fn snapshot(version: u64, records: &[SealedRecord], mac: Vec<u8>, key_id: Vec<u8>) -> Vec<u8> {
    wa::SyncdSnapshot {
        version: buffa::MessageField::some(wa::SyncdVersion {
            version: Some(version),
        }),
        records: records.iter().map(SealedRecord::to_record).collect(),
        mac: Some(mac),
        key_id: buffa::MessageField::some(wa::KeyId { id: Some(key_id) }),
    }
    .encode_to_vec()
}

/// The state after a patch: what its records replace goes out of the hash, what they set comes in.
fn advance(from: &State, records: &[SealedRecord], held: &mut Held<'_>) -> Result<State> {
    let mut hash = from.hash.clone();
    let mut seen = HashSet::new();
    for record in records {
        ensure!(seen.insert(record.index_mac), "one index twice in a patch");
        let before = held(&record.index_mac)?;
        match (&before, record.operation) {
            (Some(mac), _) => hash.subtract(mac),
            (None, Operation::Set) => {}
            (None, Operation::Remove) => bail!("a patch removes what is not there"),
        }
        if record.operation == Operation::Set {
            hash.add(record.value_mac());
        }
    }
    Ok(State {
        version: from.version + 1,
        hash,
    })
}

fn snapshot_mac(keys: &Expanded, collection: Collection, state: &State) -> Result<Vec<u8>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&keys.snapshot_mac)
        .context("snapshot MAC key")?;
    mac.update(state.hash.as_bytes());
    mac.update(&state.version.to_be_bytes());
    mac.update(collection.as_str().as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn patch_mac(
    keys: &Expanded,
    collection: Collection,
    version: u64,
    snapshot_mac: &[u8],
    records: &[SealedRecord],
) -> Result<Vec<u8>> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(&keys.patch_mac).context("patch MAC key")?;
    mac.update(snapshot_mac);
    for record in records {
        mac.update(record.value_mac());
    }
    mac.update(&version.to_be_bytes());
    mac.update(collection.as_str().as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::action::{Action, ContactNames};
    use super::*;
    use std::{collections::HashMap, sync::Arc};
    use wacore_appstate::{
        expand_app_state_keys, hash::HashState, process_patch, process_snapshot,
    };

    const C: Collection = Collection::CriticalUnblockLow;

    fn key(epoch: u32) -> SyncKey {
        SyncKey {
            epoch,
            data: [epoch as u8; 32],
            made_at_ms: 0,
        }
    }

    fn key_of(id: &[u8]) -> Option<SyncKey> {
        [key(1), key(2)].into_iter().find(|k| k.id() == id)
    }

    /// A collection in memory, and a foreign client that follows it.
    #[derive(Default)]
    struct Rig {
        state: State,
        records: HashMap<[u8; MAC], SealedRecord>,
        theirs: HashState,
        their_macs: HashMap<Vec<u8>, Vec<u8>>,
    }

    fn contact(i: usize, name: &str) -> Mutation {
        let pn = format!("1555{i:07}@s.whatsapp.net").parse().unwrap();
        Action::contact(Some(&pn), None, &ContactNames::from_full(name), 1)
            .unwrap()
            .mutation
    }

    fn removed(mut m: Mutation) -> Mutation {
        m.operation = Operation::Remove;
        m
    }

    impl Rig {
        fn held(&self) -> impl FnMut(&[u8; MAC]) -> Result<Option<Vec<u8>>> + use<> {
            let macs: HashMap<_, _> = self
                .records
                .iter()
                .map(|(i, r)| (*i, r.value_mac().to_vec()))
                .collect();
            move |i: &[u8; MAC]| Ok(macs.get(i).cloned())
        }

        fn write(&mut self, mutations: &[Mutation], key: &SyncKey) -> Applied {
            let records = seal_all(mutations, key).unwrap();
            let applied = author(C, &self.state, key, records, &mut self.held()).unwrap();
            self.take(&applied);
            applied
        }

        fn take(&mut self, applied: &Applied) {
            for r in &applied.records {
                match r.operation {
                    Operation::Set => drop(self.records.insert(r.index_mac, r.clone())),
                    Operation::Remove => drop(self.records.remove(&r.index_mac)),
                }
            }
            self.state = applied.state.clone();
        }

        /// The foreign client applies a patch with every check on, and lists the names it read.
        fn follow(&mut self, patch: &wa::SyncdPatch) -> Vec<String> {
            let macs = self.their_macs.clone();
            let read = process_patch(
                patch,
                &mut self.theirs,
                |id| Ok(Arc::new(expand_app_state_keys(&key_of(id).unwrap().data))),
                |index| Ok(macs.get(index).cloned()),
                true,
                C.as_str(),
            )
            .unwrap();
            for gone in &read.removed_index_macs {
                self.their_macs.remove(gone);
            }
            for m in &read.added_macs {
                self.their_macs
                    .insert(m.index_mac.clone(), m.value_mac.clone());
            }
            self.theirs = read.state;
            assert_eq!(
                self.theirs.hash,
                *self.state.hash.as_bytes(),
                "both sides have one LT-hash"
            );
            let name = |m: &wacore_appstate::Mutation| {
                m.action_value
                    .as_ref()?
                    .contact_action
                    .as_option()?
                    .full_name
                    .clone()
            };
            read.mutations.iter().filter_map(name).collect()
        }
    }

    #[test]
    fn a_foreign_client_follows_adds_changes_removals_and_a_new_key() {
        let mut rig = Rig::default();
        let first = rig.write(
            &[contact(1, "One"), contact(2, "Two"), contact(3, "Three")],
            &key(1),
        );
        assert_eq!(rig.follow(&first.patch), ["One", "Two", "Three"]);
        let second = rig.write(&[contact(2, "Zwei"), removed(contact(3, "Three"))], &key(1));
        assert_eq!(rig.follow(&second.patch), ["Zwei", "Three"]);
        // Under a new key an index has a new name; the record under the old one is taken back.
        let mut records = seal_all(&[removed(contact(1, "One"))], &key(1)).unwrap();
        records.extend(seal_all(&[contact(1, "Uno")], &key(2)).unwrap());
        let third = author(C, &rig.state, &key(2), records, &mut rig.held()).unwrap();
        rig.take(&third);
        assert_eq!(rig.follow(&third.patch), ["One", "Uno"]);
        assert_eq!(rig.records.len(), 2);
    }

    #[test]
    fn a_foreign_client_reads_and_verifies_a_snapshot() {
        let mut rig = Rig::default();
        let many: Vec<_> = (0..300).map(|i| contact(i, &format!("N{i}"))).collect();
        rig.write(&many, &key(1));
        let last = rig.write(&[contact(7, "Seven")], &key(1));
        let records: Vec<_> = rig.records.values().cloned().collect();
        let bytes = snapshot(rig.state.version, &records, last.snapshot_mac, last.key_id);
        let mut state = HashState::default();
        let read = process_snapshot(
            &wa::SyncdSnapshot::decode_from_slice(&bytes).unwrap(),
            &mut state,
            |id| Ok(Arc::new(expand_app_state_keys(&key_of(id).unwrap().data))),
            true,
            C.as_str(),
        )
        .unwrap();
        assert_eq!((read.mutations.len(), read.state.version), (300, 2));
        assert_eq!(read.state.hash, *rig.state.hash.as_bytes());
    }

    #[test]
    fn every_forged_part_of_a_patch_is_refused() {
        let mut rig = Rig::default();
        rig.write(&[contact(1, "One")], &key(1));
        let records = seal_all(&[contact(1, "Uno"), contact(2, "Two")], &key(1)).unwrap();
        let good = author(C, &rig.state, &key(1), records, &mut rig.held())
            .unwrap()
            .patch;
        let check = |patch: wa::SyncdPatch| {
            let mutations = patch.mutations.clone();
            verify(C, &rig.state, patch, mutations, &key_of, &mut rig.held())
        };
        let (applied, clear) = check(good.clone()).map_err(|e| e.to_string()).unwrap();
        assert_eq!((applied.state.version, clear.len()), (2, 2));
        type Forge = fn(&mut wa::SyncdPatch);
        let forged: [(&str, Forge); 9] = [
            ("a patch without mutations", |p| p.mutations.clear()),
            ("the patch says version 9, the next is 2", |p| {
                p.version = buffa::MessageField::some(wa::SyncdVersion { version: Some(9) })
            }),
            ("a patch without key id", |p| {
                p.key_id = buffa::MessageField::none()
            }),
            ("the patch is signed with a key nobody was given", |p| {
                p.key_id = buffa::MessageField::some(wa::KeyId { id: Some(vec![9]) })
            }),
            ("snapshot MAC differs: the LT-hash has drifted", |p| {
                p.snapshot_mac = Some(vec![0; 32])
            }),
            ("patch MAC differs", |p| p.patch_mac = None),
            ("one index twice in a patch", |p| {
                p.mutations[0] = p.mutations[1].clone()
            }),
            ("snapshot MAC differs: the LT-hash has drifted", |p| {
                drop(p.mutations.pop())
            }),
            ("patch MAC differs", |p| p.mutations.swap(0, 1)),
        ];
        for (why, forge) in forged {
            let mut bad = good.clone();
            forge(&mut bad);
            assert_eq!(check(bad).map(drop).unwrap_err().to_string(), why);
        }
        let missing = seal_all(&[removed(contact(5, "?"))], &key(1)).unwrap();
        let e = author(C, &rig.state, &key(1), missing, &mut rig.held())
            .map(drop)
            .unwrap_err();
        assert_eq!(e.to_string(), "a patch removes what is not there");
    }
}
