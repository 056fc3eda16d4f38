//! The library's own in-memory backend is the measure: the same operations on both give the same answers. What
//! goes beyond it (sealing, staged versions, retirement) has tests of its own.

use super::{DeviceStore, Space};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use wacore::store::traits::{
    AppSyncStore as _, DeviceStore as _, ProtocolStore as _, SignalStore as _,
};
use wacore::{
    appstate::{hash::HashState, processor::AppStateMutationMAC},
    store::{
        Device, InMemoryBackend,
        traits::{
            AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry,
            MsgSecretEntry, PendingInboundKey, PendingInboundRow, TcTokenEntry,
        },
    },
};
use wharf_domain::{
    Error,
    inbound::{Inbound, Seen},
    live::Passing,
    master_key::MasterKey,
    ports::{
        clock::SystemClock,
        engine::{Connection, Inbox},
        store::{OrgRow, Store, StoreExt},
    },
    sessions::{SessionNo, SessionRow, SessionScope},
    system::SystemIds,
};
use wharf_store_sqlite::SqliteStore;
use wharf_types::{OrgId, SessionId};

#[derive(Default)]
struct Told(Mutex<Vec<Inbound>>);

#[async_trait]
impl Inbox for Told {
    async fn ingest(&self, _: &SessionScope, facts: Vec<Inbound>) -> Result<(), Error> {
        self.0.lock().unwrap().extend(facts);
        Ok(())
    }
    async fn passing(&self, _: &SessionScope, _: Passing) -> Result<(), Error> {
        Ok(())
    }
    async fn address_book(&self, _: &SessionScope) -> Result<Vec<Seen>, Error> {
        Ok(Vec::new())
    }
    async fn connection(&self, _: &SessionScope, _: Connection) -> Result<(), Error> {
        Ok(())
    }
}

struct Bench {
    store: Arc<dyn Store>,
    told: Arc<Told>,
    scope: SessionScope,
}

impl Bench {
    async fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let org = OrgRow {
            id: OrgId::new(ulid::Ulid::from_parts(1, 1)),
            name: "Test".into(),
            created_at: 1,
        };
        let scope = SessionScope {
            org: org.id,
            id: SessionId::new(ulid::Ulid::from_parts(2, 2)),
            no: SessionNo(0),
        };
        let row = SessionRow::new(scope, 1);
        let no = store
            .write(move |tx| {
                tx.insert_org(&org)?;
                tx.insert_session(&row)
            })
            .await
            .unwrap();
        Self {
            store,
            told: Arc::default(),
            scope: SessionScope { no, ..scope },
        }
    }

    /// As after a restart: nothing but the store is kept.
    fn device(&self) -> DeviceStore {
        self.device_under([9; 32])
    }

    fn device_under(&self, key: [u8; 32]) -> DeviceStore {
        let secrets = MasterKey::new(zeroize::Zeroizing::new(key), Arc::new(SystemIds::default()));
        let inbox: Arc<dyn Inbox> = Arc::clone(&self.told) as _;
        let mut device = DeviceStore::new(
            Arc::clone(&self.store),
            Arc::new(secrets),
            Arc::new(SystemClock),
            inbox,
            self.scope,
        );
        device.sweep_every = Duration::ZERO;
        device
    }
}

/// Answers in the order of asking.
#[derive(Default)]
struct Log(Vec<String>);

impl Log {
    fn note<T: Debug>(&mut self, what: &str, answer: Result<T, wacore::store::error::StoreError>) {
        self.0
            .push(format!("{what}: {:?}", answer.map_err(|e| e.to_string())));
    }
    fn sorted<T: Debug>(
        &mut self,
        what: &str,
        answer: Result<Vec<T>, wacore::store::error::StoreError>,
    ) {
        let mut all: Vec<String> = answer
            .unwrap()
            .iter()
            .map(|item| format!("{item:?}"))
            .collect();
        all.sort();
        self.0.push(format!("{what}: {all:?}"));
    }
}

const ADDRESSES: [&str; 3] = ["15550000001.0", "15550000001:2@lid.0", "15550000012@lid.0"];

async fn signal(b: &dyn Backend, log: &mut Log) {
    let [one, two, three] = ADDRESSES;
    log.note("no identity", b.load_identity(one).await);
    b.put_identity(one, [1; 32]).await.unwrap();
    b.put_identity(one, [2; 32]).await.unwrap();
    b.put_identities_batch(&[(two.into(), [3; 32]), (three.into(), [4; 32])])
        .await
        .unwrap();
    b.delete_identity(three).await.unwrap();
    b.delete_identity(three).await.unwrap();
    for address in ADDRESSES {
        log.note("identity", b.load_identity(address).await);
    }
    b.put_session(one, b"first").await.unwrap();
    b.put_sessions_batch(&[
        (one.into(), Bytes::from_static(b"second")),
        (two.into(), Bytes::from_static(b"")),
    ])
    .await
    .unwrap();
    for address in ADDRESSES {
        log.note("session", b.get_session(address).await);
        log.note("has", b.has_session(address).await);
    }
    for user in ["15550000001", "1555000000", "15550000012", "1"] {
        log.note("state for", b.has_signal_state_for_user(user).await);
    }
    b.delete_session(one).await.unwrap();
    log.note("deleted", b.get_session(one).await);

    log.note("no prekey", b.get_max_prekey_id().await);
    let keys: Vec<_> = [5u32, 300, 70_000]
        .map(|id| (id, Bytes::from(id.to_string())))
        .into();
    b.store_prekeys_batch(&keys, false).await.unwrap();
    b.store_prekey(5, b"again", true).await.unwrap();
    b.remove_prekey(300).await.unwrap();
    b.mark_prekeys_uploaded(&[5, 300]).await.unwrap();
    log.note("max", b.get_max_prekey_id().await);
    log.note("load", b.load_prekeys_batch(&[70_000, 300, 5]).await);
    log.note("gone", b.load_prekey(300).await);
    for id in [1, 2] {
        b.store_signed_prekey(id, &[id as u8; 3]).await.unwrap();
    }
    log.sorted("signed", b.load_all_signed_prekeys().await);
    b.remove_signed_prekey(1).await.unwrap();
    log.note("signed 1", b.load_signed_prekey(1).await);
    log.note("signed 2", b.load_signed_prekey(2).await);

    b.put_sender_key("g:a", b"k").await.unwrap();
    b.put_sender_keys_batch(&[("g:b".into(), Bytes::from_static(b"l"))])
        .await
        .unwrap();
    b.delete_sender_key("g:a").await.unwrap();
    log.note(
        "sender keys",
        Ok((
            b.get_sender_key("g:a").await.unwrap(),
            b.get_sender_key("g:b").await.unwrap(),
        )),
    );
}

async fn app_state(b: &dyn Backend, log: &mut Log) {
    log.note("no key", b.get_latest_sync_key_id().await);
    for (id, data) in [(b"k1", 1u8), (b"k2", 2)] {
        let key = AppStateSyncKey {
            key_data: vec![data; 32],
            fingerprint: vec![data],
            timestamp: 7,
        };
        b.set_sync_key(id, key).await.unwrap();
    }
    log.note("latest", b.get_latest_sync_key_id().await);
    log.note("key", b.get_sync_key(b"k1").await);
    log.note("unknown key", b.get_sync_key(b"k3").await);
    log.note(
        "version 0",
        b.get_version("regular").await.map(|s| s.version),
    );

    let mac = |index: u8, value: u8| AppStateMutationMAC {
        index_mac: vec![index; 32],
        value_mac: vec![value; 32],
    };
    b.put_mutation_macs("regular", 3, &[mac(1, 1), mac(2, 2)])
        .await
        .unwrap();
    b.put_mutation_macs("other", 3, &[mac(1, 9)]).await.unwrap();
    b.put_mutation_macs("regular", 4, &[mac(2, 3)])
        .await
        .unwrap();
    b.set_version(
        "regular",
        HashState {
            version: 4,
            ..Default::default()
        },
    )
    .await
    .unwrap();
    log.note(
        "version 4",
        b.get_version("regular").await.map(|s| s.version),
    );
    b.set_version(
        "regular",
        HashState {
            version: 4,
            ..Default::default()
        },
    )
    .await
    .unwrap();
    b.delete_mutation_macs("regular", &[vec![1; 32]])
        .await
        .unwrap();
    for index in 1..=3u8 {
        log.note("mac", b.get_mutation_mac("regular", &[index; 32]).await);
    }
    let many = b
        .get_mutation_macs("regular", &[[1; 32], [2; 32], [3; 32]])
        .await
        .unwrap();
    log.sorted("macs", Ok(many.into_iter().collect::<Vec<_>>()));
    b.clear_mutation_macs("regular").await.unwrap();
    log.note("cleared", b.get_mutation_mac("regular", &[2; 32]).await);
    log.note("other stays", b.get_mutation_mac("other", &[1; 32]).await);
}

async fn protocol(b: &dyn Backend, log: &mut Log) {
    let groups = ["1@g.us", "12@g.us"];
    for group in groups {
        b.set_sender_key_status(group, &[("1:1@lid", true), ("2:1@lid", false)])
            .await
            .unwrap();
    }
    b.set_sender_key_status("1@g.us", &[("2:1@lid", true)])
        .await
        .unwrap();
    b.delete_sender_key_device_rows(&["1:1@lid"]).await.unwrap();
    for group in groups {
        log.sorted("devices", b.get_sender_key_devices(group).await);
    }
    b.clear_sender_key_devices("1@g.us").await.unwrap();
    log.sorted("one cleared", b.get_sender_key_devices("1@g.us").await);
    log.sorted("other", b.get_sender_key_devices("12@g.us").await);
    b.clear_all_sender_key_devices().await.unwrap();
    log.sorted("all cleared", b.get_sender_key_devices("12@g.us").await);

    let pair = |lid: &str, phone: &str| LidPnMappingEntry {
        lid: lid.into(),
        phone_number: phone.into(),
        created_at: 1,
        updated_at: 2,
        learning_source: "usync".into(),
    };
    b.put_lid_mapping(&pair("100", "15550000001"))
        .await
        .unwrap();
    b.put_lid_mappings(&[pair("200", "15550000002"), pair("100", "15550000003")])
        .await
        .unwrap();
    for phone in ["15550000001", "15550000002", "15550000003"] {
        log.note(
            "by number",
            b.get_pn_mapping(phone).await.map(|e| e.map(|e| e.lid)),
        );
    }
    log.note(
        "by lid",
        b.get_lid_mapping("100")
            .await
            .map(|e| e.map(|e| e.phone_number)),
    );
    log.sorted("all", b.get_all_lid_mappings().await);

    b.save_base_key("a", "m", b"base").await.unwrap();
    log.note("same", b.has_same_base_key("a", "m", b"base").await);
    log.note("other", b.has_same_base_key("a", "m", b"x").await);
    b.delete_base_key("a", "m").await.unwrap();
    log.note("gone", b.has_same_base_key("a", "m", b"base").await);

    let list = |user: &str, count: u32| DeviceListRecord {
        user: user.into(),
        devices: (0..count)
            .map(|n| DeviceInfo::new(n, Some(n)).with_hosting(n == 1))
            .collect(),
        timestamp: 9,
        phash: Some("2:x".into()),
        raw_id: Some(3),
    };
    b.update_device_list(list("u", 1)).await.unwrap();
    b.update_device_lists(vec![list("u", 2), list("v", 1)])
        .await
        .unwrap();
    b.delete_devices("v").await.unwrap();
    log.note("list", b.get_devices("u").await);
    log.note("no list", b.get_devices("v").await);

    b.put_group_metadata("g", b"1").await.unwrap();
    b.put_group_metadata("g", b"2").await.unwrap();
    log.note("group", b.get_group_metadata("g").await);
    b.delete_group_metadata("g").await.unwrap();
    log.note("no group", b.get_group_metadata("g").await);
}

async fn tokens(b: &dyn Backend, log: &mut Log) {
    b.touch_tc_token_sender_timestamp("a@lid", 50)
        .await
        .unwrap();
    b.touch_tc_token_sender_timestamp("a@lid", 40)
        .await
        .unwrap();
    b.store_received_tc_token("a@lid", b"new", 60)
        .await
        .unwrap();
    b.store_received_tc_token("a@lid", b"stale", 10)
        .await
        .unwrap();
    b.store_received_tc_token("b@lid", b"only", 5)
        .await
        .unwrap();
    b.put_tc_token(
        "c@lid",
        &TcTokenEntry {
            token: vec![1],
            token_timestamp: 1,
            sender_timestamp: None,
        },
    )
    .await
    .unwrap();
    b.delete_tc_token("c@lid").await.unwrap();
    log.note("merged", b.get_tc_token("a@lid").await);
    log.sorted("jids", b.get_all_tc_token_jids().await);
    log.note("expired", b.delete_expired_tc_tokens(20, 20).await);
    log.sorted("left", b.get_all_tc_token_jids().await);
}

async fn buffers(b: &dyn Backend, log: &mut Log) {
    b.store_sent_message("chat", "1", b"one").await.unwrap();
    b.store_sent_message("chat", "2", b"two").await.unwrap();
    log.note("take", b.take_sent_message("chat", "1").await);
    log.note("take again", b.take_sent_message("chat", "1").await);
    log.note("none expired", b.delete_expired_sent_messages(1000).await);
    log.note(
        "all expired",
        b.delete_expired_sent_messages(i64::MAX).await,
    );
    log.note("nothing left", b.take_sent_message("chat", "2").await);

    let row = |id, message| PendingInboundRow {
        chat: "c",
        sender: "s",
        id,
        message,
    };
    b.store_pending_inbound("c", "s", "1", b"a").await.unwrap();
    b.store_pending_inbound_batch(&[row("2", b"b"), row("3", b"c"), row("1", b"a2")])
        .await
        .unwrap();
    b.delete_pending_inbound_batch(&[PendingInboundKey {
        chat: "c",
        sender: "s",
        id: "2",
    }])
    .await
    .unwrap();
    b.delete_pending_inbound("c", "s", "absent").await.unwrap();
    for id in ["1", "2", "3"] {
        log.note("pending", b.get_pending_inbound("c", "s", id).await);
    }
    log.note("other sender", b.get_pending_inbound("c", "x", "1").await);
    log.note("expired", b.delete_expired_pending_inbound(i64::MAX).await);
    log.note("empty", b.get_pending_inbound("c", "s", "1").await);

    let secret = |id: &str, byte: u8, expires_at: i64, message_ts: i64| MsgSecretEntry {
        chat: "c".into(),
        sender: "s".into(),
        msg_id: id.into(),
        secret: [byte; 32],
        expires_at,
        message_ts,
    };
    log.note(
        "stored",
        b.put_msg_secrets(vec![secret("1", 1, 100, 5), secret("2", 2, 0, 0)])
            .await,
    );
    log.note(
        "merged",
        b.put_msg_secrets(vec![secret("1", 3, 50, 0), secret("1", 4, 70, 0)])
            .await,
    );
    b.put_msg_secret("c", "s", "3", &[6; 32]).await.unwrap();
    for id in ["1", "2", "3", "4"] {
        log.note("secret", b.get_msg_secret("c", "s", id).await);
        log.note("with time", b.get_msg_secret_with_ts("c", "s", id).await);
    }
    log.note("not yet", b.delete_expired_msg_secrets(99).await);
    log.note("now", b.delete_expired_msg_secrets(100).await);
    log.note("gone", b.get_msg_secret("c", "s", "1").await);
}

async fn device(b: &dyn Backend, log: &mut Log) {
    log.note("none", b.exists().await);
    log.note("created", b.create().await);
    log.note("exists", b.exists().await);
    let mut device = b.load().await.unwrap().unwrap();
    device.push_name = "Me".into();
    device.login_counter = 7;
    device.nct_salt = Some(vec![1, 2]);
    b.save(&device).await.unwrap();
    let loaded: Device = b.load().await.unwrap().unwrap();
    assert_eq!(
        loaded.noise_key.private_key.serialize(),
        device.noise_key.private_key.serialize()
    );
    assert_eq!(
        loaded.identity_key.public_key,
        device.identity_key.public_key
    );
    log.note(
        "saved",
        Ok((loaded.push_name, loaded.login_counter, loaded.nct_salt)),
    );
}

#[tokio::test]
async fn answers_as_the_librarys_own_backend_does() {
    let bench = Bench::new().await;
    let (ours, theirs) = (bench.device(), InMemoryBackend::new());
    let (mut a, mut b) = (Log::default(), Log::default());
    for (backend, log) in [(&ours as &dyn Backend, &mut a), (&theirs, &mut b)] {
        signal(backend, log).await;
        app_state(backend, log).await;
        protocol(backend, log).await;
        tokens(backend, log).await;
        buffers(backend, log).await;
        device(backend, log).await;
    }
    for (ours, theirs) in a.0.iter().zip(&b.0) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(a.0.len(), b.0.len());
}

#[tokio::test]
async fn what_returned_is_there_after_a_restart() {
    let bench = Bench::new().await;
    bench.device().put_session("a", b"state").await.unwrap();
    assert_eq!(
        bench.device().get_session("a").await.unwrap().as_deref(),
        Some(&b"state"[..])
    );
}

#[tokio::test]
async fn nothing_is_readable_in_the_store_or_under_another_key() {
    let bench = Bench::new().await;
    let device = bench.device();
    device.put_identity("a", [0xAB; 32]).await.unwrap();
    let no = bench.scope.no;
    let rows = bench
        .store
        .read(move |v| v.device_scan(no, Space::Identity as u8, b""))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert!(
        !rows[0].1.windows(8).any(|w| w == [0xAB; 8]),
        "plain bytes in the store"
    );
    assert!(
        bench
            .device_under([1; 32])
            .load_identity("a")
            .await
            .is_err()
    );
    // A row moved to another place does not open there.
    let stolen = rows[0].1.clone();
    bench
        .store
        .write(move |tx| tx.device_put(no, Space::Identity as u8, b"b", &stolen))
        .await
        .unwrap();
    assert!(device.load_identity("b").await.is_err());
}

#[tokio::test]
async fn a_version_is_durable_only_after_its_facts() {
    let bench = Bench::new().await;
    let at = |version| HashState {
        version,
        ..Default::default()
    };
    let mac = AppStateMutationMAC {
        index_mac: vec![1; 32],
        value_mac: vec![2; 32],
    };

    let device = bench.device();
    device.flow.dispatched();
    device.set_version("regular", at(4)).await.unwrap();
    device
        .put_mutation_macs("regular", 4, std::slice::from_ref(&mac))
        .await
        .unwrap();
    assert_eq!(
        device.get_version("regular").await.unwrap().version,
        4,
        "visible at once"
    );
    assert_eq!(
        bench.device().get_version("regular").await.unwrap().version,
        0,
        "a crash here loses nothing"
    );
    assert_eq!(
        bench
            .device()
            .get_mutation_mac("regular", &[1; 32])
            .await
            .unwrap(),
        None
    );

    let device = Arc::new(device);
    let committing = tokio::spawn({
        let device = Arc::clone(&device);
        async move { device.set_version("regular", at(4)).await }
    });
    tokio::task::yield_now().await;
    assert!(!committing.is_finished(), "waits for the dispatched fact");
    device.flow.committed(1);
    committing.await.unwrap().unwrap();
    assert_eq!(
        bench.device().get_version("regular").await.unwrap().version,
        4
    );
    assert_eq!(
        bench
            .device()
            .get_mutation_mac("regular", &[1; 32])
            .await
            .unwrap(),
        Some(vec![2; 32])
    );
}

#[tokio::test]
async fn a_version_with_a_lost_fact_is_refused() {
    let bench = Bench::new().await;
    let at = |version| HashState {
        version,
        ..Default::default()
    };
    let device = bench.device();
    device.set_version("regular", at(4)).await.unwrap();
    device.flow.dispatched();
    device.flow.lost(1);
    assert!(device.set_version("regular", at(4)).await.is_err());
    assert_eq!(
        device.get_version("regular").await.unwrap().version,
        0,
        "the same patches are asked for again"
    );
}

#[tokio::test]
async fn a_mapping_is_told_before_it_is_stored_and_once() {
    let bench = Bench::new().await;
    let device = bench.device();
    let entry = LidPnMappingEntry {
        lid: "205227043110953".into(),
        phone_number: "15550000001".into(),
        created_at: 1,
        updated_at: 1,
        learning_source: "usync".into(),
    };
    device.put_lid_mapping(&entry).await.unwrap();
    device
        .put_lid_mapping(&LidPnMappingEntry {
            updated_at: 2,
            ..entry
        })
        .await
        .unwrap();
    let told = bench.told.0.lock().unwrap().clone();
    assert_eq!(
        told,
        [Inbound::SamePerson {
            lid: "205227043110953@lid".parse().unwrap(),
            phone: "15550000001".parse().unwrap()
        }]
    );
}

#[tokio::test]
async fn a_retired_store_keeps_wiped_keys_wiped() {
    let bench = Bench::new().await;
    let device = bench.device();
    device.put_session("a", b"state").await.unwrap();
    device.retire();
    device.wipe().await.unwrap();
    assert!(device.put_session("a", b"late").await.is_err());
    assert!(device.save(&Device::new()).await.is_err());
    assert!(!bench.device().exists().await.unwrap());
    assert_eq!(bench.device().get_session("a").await.unwrap(), None);
}
