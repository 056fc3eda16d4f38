//! Collections in a world, read by a foreign client that checks every MAC.

use buffa::Message as _;
use std::{collections::HashMap, sync::Arc};
use wacore::download::{DownloadUtils, MediaType};
use wacore_appstate::{
    encode_record, expand_app_state_keys,
    hash::{HashState, generate_patch_mac},
    patch_decode::{CollectionSyncError, PatchList, parse_patch_lists},
    process_patch, process_snapshot,
};
use wacore_binary::{Node, builder::NodeBuilder, marshal::unmarshal_ref};
use waproto::whatsapp as wa;

use super::{Action, Collection, action::ContactNames};
use crate::{
    ids::{DeviceAddr, Phone},
    iq::{Caller, dispatch},
    keys::Seed,
    media::Blob,
    net::online::ConnId,
    store,
    world::{Sim, World, account::NewAccount},
};

const C: Collection = Collection::CriticalUnblockLow;

fn me() -> Phone {
    "4915112345678".parse().unwrap()
}

fn device(n: u16) -> DeviceAddr {
    me().device(n)
}

/// An account with two companions.
fn world() -> Arc<Sim> {
    let sim = Arc::new(Sim::new(store::open(None).unwrap(), Seed::from_u64(1)).unwrap());
    sim.act(|w| {
        w.add_account(NewAccount::new(me(), "Žofie"))?;
        for n in [1, 2] {
            let d = w.add_device(me(), [n; 32], [n; 32], "test")?;
            w.set_adv(d.addr, b"signed")?;
        }
        anyhow::Ok(())
    })
    .unwrap();
    sim
}

fn save(sim: &Arc<Sim>, range: std::ops::Range<usize>, name: &str) {
    sim.act(|w| {
        let contact = |i: usize| {
            let pn = format!("1555{i:07}@s.whatsapp.net").parse()?;
            Action::contact(
                Some(&pn),
                None,
                &ContactNames::from_full(&format!("{name} {i}")),
                w.now_ms(),
            )
        };
        let contacts = range.map(contact).collect::<anyhow::Result<Vec<_>>>()?;
        w.author(me(), contacts)
    })
    .unwrap();
}

/// Collections a device was told of, and takes note of.
fn told(w: &mut World<'_>, d: DeviceAddr) -> Vec<(String, String)> {
    let waiting = w.waiting(d, 0, 100).unwrap();
    w.db()
        .execute(
            "DELETE FROM queue WHERE phone = ?1 AND n = ?2",
            rusqlite::params![me().row(), d.n],
        )
        .unwrap();
    let mut all = Vec::new();
    for x in waiting {
        let n = unmarshal_ref(x.node.get(1..).unwrap()).unwrap().to_owned();
        assert_eq!(
            (n.tag.as_ref(), attr(&n, "type")),
            ("notification", "server_sync".to_owned())
        );
        all.extend(
            n.children()
                .unwrap()
                .iter()
                .map(|c| (attr(c, "name"), attr(c, "version"))),
        );
    }
    all
}

fn attr(n: &Node, key: &str) -> String {
    n.attrs
        .get(key)
        .map(|v| v.as_str().into_owned())
        .unwrap_or_default()
}

/// A client of another make, with its own idea of the collection.
struct Client {
    device: DeviceAddr,
    state: HashState,
    macs: HashMap<Vec<u8>, Vec<u8>>,
    names: HashMap<String, String>,
    external: usize,
}

impl Client {
    fn new(n: u16) -> Self {
        Self {
            device: device(n),
            state: HashState::default(),
            macs: HashMap::new(),
            names: HashMap::new(),
            external: 0,
        }
    }

    fn ask(&self, sim: &Arc<Sim>, collections: Vec<Node>) -> Result<Node, crate::iq::IqError> {
        let sync = NodeBuilder::new("sync").children(collections).build();
        let iq = NodeBuilder::new("iq")
            .attr("type", "set")
            .attr("xmlns", "w:sync:app:state")
            .attr("id", "1")
            .attr("to", "s.whatsapp.net")
            .children([sync])
            .build();
        let caller = Caller {
            conn: ConnId(1),
            device: Some(self.device),
        };
        Ok(sim
            .act(|w| dispatch(w, &caller, &iq.as_node_ref()))?
            .unwrap())
    }

    fn request(&self) -> NodeBuilder {
        let fresh = self.state.version == 0;
        NodeBuilder::new("collection")
            .attr("name", C.as_str())
            .attr("version", self.state.version)
            .attr("return_snapshot", if fresh { "true" } else { "false" })
    }

    /// Fetches all there is; gives the number of rounds.
    fn sync(&mut self, sim: &Arc<Sim>) -> usize {
        for round in 1.. {
            let mut lists =
                parse_patch_lists(&self.ask(sim, vec![self.request().build()]).unwrap()).unwrap();
            let list = lists.remove(0);
            assert!(list.error.is_none());
            let more = list.has_more_patches;
            self.apply(sim, list);
            if !more {
                return round;
            }
        }
        unreachable!()
    }

    fn apply(&mut self, sim: &Arc<Sim>, list: PatchList) {
        let keys = sim.act(|w| w.sync_keys(me())).unwrap();
        let key = |id: &[u8]| {
            let key = keys.iter().find(|k| k.id() == id).unwrap();
            Ok(Arc::new(expand_app_state_keys(&key.data)))
        };
        if let Some(reference) = &list.snapshot_ref {
            let snapshot = wa::SyncdSnapshot::decode_from_slice(&download(sim, reference)).unwrap();
            let read =
                process_snapshot(&snapshot, &mut HashState::default(), key, true, C.as_str())
                    .unwrap();
            self.state = read.state;
            self.macs = read
                .mutation_macs
                .into_iter()
                .map(|m| (m.index_mac, m.value_mac))
                .collect();
            self.names.clear();
            self.read(&read.mutations);
        }
        for mut patch in list.patches {
            if let Some(reference) = patch.external_mutations.as_option() {
                self.external += 1;
                patch.mutations = wa::SyncdMutations::decode_from_slice(&download(sim, reference))
                    .unwrap()
                    .mutations;
            }
            assert_eq!(patch.version.version, Some(self.state.version + 1));
            let held = self.macs.clone();
            let read = process_patch(
                &patch,
                &mut self.state.clone(),
                key,
                |i| Ok(held.get(i).cloned()),
                true,
                C.as_str(),
            )
            .unwrap();
            self.state = read.state;
            for index in read.removed_index_macs {
                self.macs.remove(&index);
            }
            self.macs.extend(
                read.added_macs
                    .into_iter()
                    .map(|m| (m.index_mac, m.value_mac)),
            );
            self.read(&read.mutations);
        }
    }

    fn read(&mut self, mutations: &[wacore_appstate::Mutation]) {
        for m in mutations {
            let name = m
                .action_value
                .as_ref()
                .and_then(|v| v.contact_action.full_name.clone());
            match m.operation {
                wa::syncd_mutation::SyncdOperation::SET => {
                    self.names.insert(m.index[1].clone(), name.unwrap())
                }
                wa::syncd_mutation::SyncdOperation::REMOVE => self.names.remove(&m.index[1]),
            };
        }
    }

    /// A patch of this client's own making, on its idea of the collection.
    fn patch(&self, sim: &Arc<Sim>, index: &[u8], name: &str) -> wa::SyncdPatch {
        let key = sim.act(|w| w.sync_keys(me())).unwrap().pop().unwrap();
        let keys = expand_app_state_keys(&key.data);
        let contact = wa::sync_action_value::ContactAction {
            full_name: Some(name.into()),
            ..Default::default()
        };
        let value = wa::SyncActionValue {
            timestamp: Some(1),
            contact_action: buffa::MessageField::some(contact),
            ..Default::default()
        };
        let set = wa::syncd_mutation::SyncdOperation::SET;
        let (mutation, _) = encode_record(set, index, &value, &keys, &key.id(), &[5; 16], 2);
        let mut state = self.state.clone();
        state
            .update_hash(std::slice::from_ref(&mutation), |i, _| {
                Ok(self.macs.get(i).cloned())
            })
            .1
            .unwrap();
        state.version += 1;
        let mut patch = wa::SyncdPatch {
            mutations: vec![mutation],
            snapshot_mac: Some(state.generate_snapshot_mac(C.as_str(), &keys.snapshot_mac)),
            key_id: buffa::MessageField::some(wa::KeyId { id: Some(key.id()) }),
            ..Default::default()
        };
        patch.patch_mac = Some(generate_patch_mac(
            &patch,
            C.as_str(),
            &keys.patch_mac,
            state.version,
        ));
        patch
    }

    fn send(&self, sim: &Arc<Sim>, patch: &wa::SyncdPatch) -> (Node, PatchList) {
        let patch = NodeBuilder::new("patch")
            .bytes(patch.encode_to_vec())
            .build();
        let answer = self
            .ask(sim, vec![self.request().children([patch]).build()])
            .unwrap();
        let list = parse_patch_lists(&answer).unwrap().remove(0);
        (
            answer.children().unwrap()[0].children().unwrap()[0].clone(),
            list,
        )
    }
}

fn download(sim: &Sim, reference: &wa::ExternalBlobReference) -> Vec<u8> {
    let Blob::Here(file) = sim
        .media
        .blobs()
        .get(reference.direct_path.as_deref().unwrap())
    else {
        panic!("no blob")
    };
    let body = std::fs::read(file).unwrap();
    DownloadUtils::verify_and_decrypt(
        &body,
        reference.media_key.as_deref().unwrap(),
        MediaType::AppState,
    )
    .unwrap()
}

#[test]
fn a_fresh_companion_reads_a_snapshot_and_what_came_after_it() {
    let sim = world();
    save(&sim, 0..50, "First");
    save(&sim, 40..60, "Second");
    let mut one = Client::new(1);
    assert_eq!(one.sync(&sim), 1);
    assert_eq!((one.names.len(), one.state.version), (60, 2));
    // The blob stays a while: the next fresh companion gets it and the patches after it.
    save(&sim, 55..56, "Third");
    let mut two = Client::new(2);
    two.sync(&sim);
    one.sync(&sim);
    assert_eq!(two.names["15550000055@s.whatsapp.net"], "Third 55");
    assert_eq!((&two.names, two.state.hash), (&one.names, one.state.hash));
    // And is made anew when too much has come after it.
    (0..40).for_each(|i| save(&sim, i..i + 1, "Again"));
    let mut three = Client::new(1);
    three.sync(&sim);
    one.sync(&sim);
    assert_eq!((three.names, three.state.version), (one.names, 43));
}

#[test]
fn long_lists_go_out_as_blobs_and_many_patches_in_pages() {
    let sim = world();
    let mut one = Client::new(1);
    save(&sim, 0..1, "Zero");
    one.sync(&sim);
    save(&sim, 0..2500, "Bulk");
    one.sync(&sim);
    assert_eq!(
        (one.state.version, one.external, one.names.len()),
        (4, 3, 2500)
    );
    (0..230).for_each(|i| save(&sim, i..i + 1, "Small"));
    assert_eq!(one.sync(&sim), 2);
    assert_eq!(
        (one.state.version, &*one.names["15550000229@s.whatsapp.net"]),
        (234, "Small 229")
    );
}

#[test]
fn a_companions_patch_reaches_the_other_and_a_stale_one_conflicts() {
    let sim = world();
    save(&sim, 0..3, "Phone");
    let (mut one, mut two) = (Client::new(1), Client::new(2));
    one.sync(&sim);
    two.sync(&sim);
    sim.act(|w| {
        let first = vec![(C.as_str().to_owned(), "1".to_owned())];
        assert_eq!(
            (told(w, device(1)), told(w, device(2))),
            (first.clone(), first)
        );
        anyhow::Ok(())
    })
    .unwrap();

    let patch = one.patch(
        &sim,
        br#"["contact","15550000001@s.whatsapp.net"]"#,
        "Companion",
    );
    let (node, list) = one.send(&sim, &patch);
    assert!(list.error.is_none());
    assert_eq!(attr(&node, "version"), "2");
    sim.act(|w| {
        assert_eq!(told(w, device(1)), [], "the author knows");
        assert_eq!(
            told(w, device(2)),
            [(C.as_str().to_owned(), "2".to_owned())]
        );
        anyhow::Ok(())
    })
    .unwrap();

    let late = two.patch(&sim, br#"["contact","15550000002@s.whatsapp.net"]"#, "Late");
    let (_, list) = two.send(&sim, &late);
    assert!(matches!(
        list.error,
        Some(CollectionSyncError::Conflict { has_more: false })
    ));
    two.apply(&sim, list);
    assert_eq!(two.names["15550000001@s.whatsapp.net"], "Companion");
    let again = two.patch(&sim, br#"["contact","15550000002@s.whatsapp.net"]"#, "Late");
    assert!(two.send(&sim, &again).1.error.is_none());
    one.sync(&sim);
    two.sync(&sim);
    assert_eq!((&one.names, one.state.version), (&two.names, 3));
    let mine = sim.act(|w| w.app_state_actions(me(), C)).unwrap();
    assert_eq!(mine.len(), 3, "the phone reads its own state");
}

#[test]
fn what_another_device_would_choke_on_is_refused_and_recorded() {
    let sim = world();
    save(&sim, 0..3, "Phone");
    let mut one = Client::new(1);
    one.sync(&sim);
    let index = br#"["contact","15550000001@s.whatsapp.net"]"#;
    let mut drifted = Client::new(1);
    drifted.sync(&sim);
    drifted.state.hash[0] ^= 1;
    let mut unsigned = one.patch(&sim, index, "x");
    unsigned.patch_mac = Some(vec![0; 32]);
    let bad = [
        drifted.patch(&sim, index, "x"),
        unsigned,
        one.patch(&sim, br#"["archive","x"]"#, "x"),
    ];
    for patch in &bad {
        let list = one.send(&sim, patch).1;
        assert!(
            matches!(
                list.error,
                Some(CollectionSyncError::Fatal { code: 400, .. })
            ),
            "{:?}",
            list.error
        );
    }
    assert_eq!(sim.trace.errors().len(), bad.len());
    assert_eq!(
        sim.act(|w| w.app_state_version(me(), C)).unwrap(),
        1,
        "nothing was kept"
    );
    assert!(
        one.send(&sim, &one.patch(&sim, index, "good"))
            .1
            .error
            .is_none()
    );
    one.state.version = 9;
    let ahead = parse_patch_lists(&one.ask(&sim, vec![one.request().build()]).unwrap()).unwrap();
    assert!(ahead[0].error.is_some(), "a version that is not there yet");
    let twice = one.request().build();
    assert!(one.ask(&sim, vec![twice.clone(), twice]).is_err());
    assert!(
        one.ask(
            &sim,
            vec![
                NodeBuilder::new("collection")
                    .attr("name", "irregular")
                    .build()
            ]
        )
        .is_err()
    );
}

#[test]
fn after_a_new_key_old_records_are_taken_back_as_they_change() {
    let sim = world();
    save(&sim, 0..3, "Old");
    let mut one = Client::new(1);
    one.sync(&sim);
    sim.act(|w| w.rotate_sync_key(me())).unwrap();
    save(&sim, 1..2, "New");
    one.sync(&sim);
    assert_eq!(one.macs.len(), 3, "the record under the old key is gone");
    let mut two = Client::new(2);
    two.sync(&sim);
    assert_eq!(two.names["15550000001@s.whatsapp.net"], "New 1");
    assert_eq!(two.names["15550000002@s.whatsapp.net"], "Old 2");
}

#[test]
fn a_phone_writes_of_itself_once() {
    let sim = world();
    sim.act(|w| {
        w.begin_app_state(me())?;
        w.begin_app_state(me())?;
        assert_eq!(w.app_state_version(me(), Collection::CriticalBlock)?, 1);
        for c in Collection::ALL {
            assert!(w.app_state_version(me(), c)? > 0, "{c:?}");
        }
        assert!(
            w.app_state_actions(me(), C)?.is_empty(),
            "nobody in the address book"
        );
        let actions = w.app_state_actions(me(), Collection::CriticalBlock)?;
        let name = actions
            .iter()
            .find_map(|m| m.value.push_name_setting.as_option()?.name.clone());
        assert_eq!(name.as_deref(), Some("Žofie"));
        w.set_profile(me(), Some("Sophie"), None)?;
        w.author_push_name(me())?;
        let actions = w.app_state_actions(me(), Collection::CriticalBlock)?;
        assert!(
            actions
                .iter()
                .any(|m| m.value.push_name_setting.name.as_deref() == Some("Sophie"))
        );
        anyhow::Ok(())
    })
    .unwrap();
}

#[test]
fn a_companion_begins_with_an_empty_address_book_and_takes_the_first_name_as_a_change() {
    let sim = world();
    sim.act(|w| w.begin_app_state(me())).unwrap();
    let mut one = Client::new(1);
    one.sync(&sim);
    assert_eq!(
        (one.names.len(), one.state.version, one.state.hash),
        (0, 2, [0; 128])
    );
    save(&sim, 0..1, "First");
    one.sync(&sim);
    assert_eq!((one.names.len(), one.state.version), (1, 3));
}
