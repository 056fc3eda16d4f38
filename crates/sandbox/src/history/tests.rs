//! A crowd's past handed to a companion, read back with a foreign reader.

use buffa::Message as _;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Read,
    sync::Arc,
};
use wacore::download::{DownloadUtils, MediaType};
use waproto::whatsapp::{
    self as wa,
    message::{HistorySyncNotification, HistorySyncType as Kind},
};

use super::{
    archive::{Chat, Past},
    plan::{Phase, Plan},
    upload::{drain, notification},
};
use crate::{
    crowd::Spec,
    ids::{DeviceAddr, Phone},
    keys::{Seed, pair_from, pub32, sign},
    media::Blob,
    store,
    world::{
        Sim,
        account::NewAccount,
        device::{DeviceKeys, SignedPreKey},
    },
};

fn me() -> Phone {
    "628111111111".parse().unwrap()
}

fn world(people: u32, messages: u32) -> Arc<Sim> {
    let sim = Arc::new(Sim::new(store::open(None).unwrap(), Seed::from_u64(1)).unwrap());
    let spec = Spec {
        people,
        groups: 3,
        messages,
        seed: 5,
        account: me().to_string(),
    };
    sim.act(|w| w.add_account(NewAccount::new(me(), "Owner")))
        .unwrap();
    sim.act(|w| w.populate(me(), spec)).unwrap();
    sim
}

/// A companion with keys the phone can encrypt for.
fn companion(sim: &Arc<Sim>) -> DeviceAddr {
    sim.act(|w| {
        let n = w.devices(me())?.len() as u8 + 1;
        let (identity, signed) = (pair_from(&[n; 32])?, pair_from(&[n + 100; 32])?);
        let d = w.add_device(me(), [n; 32], pub32(&identity), "test")?;
        w.set_adv(d.addr, b"signed")?;
        let signature = sign(&identity, &signed.public_key.serialize())?.to_vec();
        let signed = SignedPreKey {
            id: 1,
            key: pub32(&signed),
            signature,
        };
        w.set_device_keys(
            d.addr,
            &DeviceKeys {
                registration: 7,
                signed,
            },
        )?;
        anyhow::Ok(d.addr)
    })
    .unwrap()
}

fn plan(sim: &Arc<Sim>, device: DeviceAddr) -> Plan {
    sim.act(|w| w.begin_history(device)).unwrap();
    while sim.act(|w| w.fill_archive(me())).unwrap() {}
    let mut plan = sim.act(|w| w.next_plan()).unwrap().unwrap();
    plan.total = sim.act(|w| w.archive_count(me())).unwrap();
    plan
}

/// All parts, as the companion finds them.
fn parts(sim: &Arc<Sim>) -> Vec<(HistorySyncNotification, wa::HistorySync)> {
    let mut plan = plan(sim, companion(sim));
    let mut all = Vec::new();
    while plan.phase != Phase::Done {
        let part = sim.act(|w| w.history_part(&plan)).unwrap();
        let notice = notification(&sim.media, &part, false).unwrap();
        all.push((notice.clone(), opened(sim, &notice)));
        plan = part.after;
    }
    assert_eq!(plan.sent, plan.total, "every message went out");
    all
}

fn opened(sim: &Sim, notice: &HistorySyncNotification) -> wa::HistorySync {
    let compressed = match &notice.initial_hist_bootstrap_inline_payload {
        Some(inline) => inline.clone(),
        None => {
            let path = notice.direct_path.as_deref().unwrap();
            let Blob::Here(file) = sim.media.blobs().get(path) else {
                panic!("no blob at {path}")
            };
            let body = std::fs::read(file).unwrap();
            DownloadUtils::verify_and_decrypt(
                &body,
                notice.media_key.as_deref().unwrap(),
                MediaType::History,
            )
            .unwrap()
        }
    };
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(compressed.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    wa::HistorySync::decode_from_slice(&plain).unwrap()
}

#[test]
fn the_whole_crowd_arrives_once_in_the_order_phones_send() {
    let sim = world(60, 7);
    let parts = parts(&sim);
    let order: Vec<_> = parts
        .iter()
        .map(|(n, _)| {
            (
                n.sync_type.unwrap(),
                n.chunk_order.unwrap(),
                n.progress.unwrap(),
            )
        })
        .collect();
    assert_eq!(
        order,
        [
            (Kind::INITIAL_BOOTSTRAP, 1, 100),
            (Kind::PUSH_NAME, 1, 100),
            (Kind::NON_BLOCKING_DATA, 1, 100),
            (Kind::RECENT, 1, 100)
        ]
    );
    let crowd = sim.act(|w| w.crowds_of(me())).unwrap().remove(0);
    let mut seen: BTreeMap<String, HashMap<String, wa::WebMessageInfo>> = BTreeMap::new();
    for (_, sync) in &parts {
        for c in &sync.conversations {
            let chat = seen.entry(c.id.clone()).or_default();
            for m in &c.messages {
                let info = m.message.as_option().unwrap().clone();
                assert_eq!(info.key.remote_jid.as_deref(), Some(c.id.as_str()));
                assert!(
                    chat.insert(info.key.id.clone().unwrap(), info).is_none(),
                    "a message twice"
                );
            }
        }
    }
    let direct: Vec<_> = crowd.people().filter(|p| p.direct_chat).collect();
    assert_eq!(seen.len(), direct.len() + 3, "chats and groups");
    let bootstrap = &parts[0].1;
    for p in &direct {
        let lid = format!("{}@lid", p.lid);
        let messages = &seen[&lid];
        assert_eq!(messages.len(), 7);
        for past in crowd.messages(p) {
            let got = &messages[&past.id];
            assert_eq!(
                got.message.conversation.as_deref(),
                Some(past.text.as_str())
            );
            assert_eq!(
                (got.key.from_me, got.message_timestamp),
                (Some(past.from_me), Some(past.timestamp))
            );
        }
        let c = bootstrap
            .conversations
            .iter()
            .find(|c| c.id == lid)
            .unwrap();
        assert_eq!(c.unread_count, Some(crowd.unread_count(p)));
        assert_eq!(c.pn_jid, Some(format!("{}@s.whatsapp.net", p.phone)));
        let newest = crowd.messages(p).max_by_key(|m| m.timestamp).unwrap();
        assert_eq!(c.messages[0].message.key.id, Some(newest.id));
    }
    let names = &parts[1].1.pushnames;
    assert_eq!(
        names.len(),
        crowd.people().filter(|p| p.push_name.is_some()).count()
    );
    let by_lid: HashSet<_> = names
        .iter()
        .filter_map(|n| n.id.as_deref()?.strip_suffix("@lid"))
        .collect();
    assert!(
        !by_lid.is_empty(),
        "people who hide their number are named by LID"
    );
    for p in crowd.people() {
        assert!(
            !(by_lid.contains(p.lid.as_str()) && p.direct_chat),
            "a chat partner has a number"
        );
    }
    let mapped: HashSet<_> = parts
        .iter()
        .flat_map(|(_, s)| &s.phone_number_to_lid_mappings)
        .map(|m| m.lid_jid.clone().unwrap())
        .collect();
    assert!(
        by_lid.iter().all(|l| !mapped.contains(&format!("{l}@lid"))),
        "a hidden number is told to nobody"
    );
    let groups: Vec<_> = bootstrap
        .conversations
        .iter()
        .filter(|c| c.id.ends_with("@g.us"))
        .collect();
    assert!(
        groups
            .iter()
            .all(|g| g.name.is_some() && g.participant.len() > 1)
    );
}

#[test]
fn a_large_past_is_cut_into_parts_and_a_long_chat_across_them() {
    let sim = world(6, 3000);
    let parts = parts(&sim);
    let recent: Vec<_> = parts
        .iter()
        .filter(|(n, _)| n.sync_type == Some(Kind::RECENT))
        .collect();
    assert!(recent.len() > 2);
    let mut ids = HashSet::new();
    for (i, (notice, sync)) in recent.iter().enumerate() {
        assert_eq!(notice.chunk_order, Some(i as u32 + 1));
        assert_eq!(
            notice.progress == Some(100),
            i + 1 == recent.len(),
            "only the last part says 100"
        );
        let count: usize = sync.conversations.iter().map(|c| c.messages.len()).sum();
        assert!(count <= 4000 && (count > 0 || i + 1 == recent.len()));
        for c in &sync.conversations {
            ids.extend(
                c.messages
                    .iter()
                    .map(|m| (c.id.clone(), m.message.key.id.clone())),
            );
        }
    }
    let direct = sim.act(|w| w.crowds_of(me())).unwrap()[0]
        .people()
        .filter(|p| p.direct_chat)
        .count();
    assert_eq!(ids.len(), direct * 2999, "all but what the bootstrap had");
}

#[test]
fn the_worker_sends_every_part_once_and_resumes_where_a_kill_left_it() {
    let sim = world(20, 2);
    let device = companion(&sim);
    sim.act(|w| w.begin_history(device)).unwrap();
    drain(&sim).unwrap();
    let waiting = |d| {
        let all = sim.act(|w| w.waiting(d, 0, 100)).unwrap();
        all.iter().filter(|x| x.class == "message").count()
    };
    assert_eq!(waiting(device), 4);
    // Begun again (the companion uploaded more keys, or the world was restarted): nothing is sent twice.
    sim.act(|w| w.begin_history(device)).unwrap();
    drain(&sim).unwrap();
    assert_eq!(waiting(device), 4);
    let other = companion(&sim);
    sim.act(|w| w.begin_history(other)).unwrap();
    let plan = sim.act(|w| w.next_plan()).unwrap().unwrap();
    while sim.act(|w| w.fill_archive(me())).unwrap() {}
    let part = sim.act(|w| w.history_part(&plan)).unwrap();
    // Killed after the blob was stored and before it was announced: the part is made again.
    notification(&sim.media, &part, false).unwrap();
    drain(&sim).unwrap();
    assert_eq!(waiting(other), 4);
    // Unlinked in the middle: the rest is dropped.
    let third = companion(&sim);
    sim.act(|w| w.begin_history(third)).unwrap();
    sim.act(|w| w.remove_device(third)).unwrap();
    drain(&sim).unwrap();
    assert_eq!(waiting(third), 0);
}

#[test]
fn a_companion_that_takes_it_gets_a_small_bootstrap_inside_the_message() {
    let sim = world(10, 1);
    let plan = plan(&sim, companion(&sim));
    let part = sim.act(|w| w.history_part(&plan)).unwrap();
    let inline = notification(&sim.media, &part, true).unwrap();
    assert!(inline.direct_path.is_none());
    assert_eq!(
        opened(&sim, &inline).conversations.len(),
        part.sync.conversations.len()
    );
    let names = sim.act(|w| w.history_part(&part.after)).unwrap();
    assert!(
        notification(&sim.media, &names, true)
            .unwrap()
            .direct_path
            .is_some(),
        "only the bootstrap"
    );
}

#[test]
fn what_was_written_before_linking_is_history_too() {
    let sim = world(5, 0);
    let them: Phone = "628222222222".parse().unwrap();
    sim.act(|w| {
        w.add_account(NewAccount::new(them, "Them"))?;
        let chat = w.remember_chat(me(), &Chat::Direct(them), 1)?;
        w.remember(
            chat,
            &Past {
                id: "OLD".into(),
                sender: them,
                at: 1_700_000_000,
                text: "long ago".into(),
            },
        )
    })
    .unwrap();
    let all = parts(&sim);
    let found = all
        .iter()
        .flat_map(|(_, s)| &s.conversations)
        .flat_map(|c| &c.messages);
    let ids: Vec<_> = found
        .map(|m| m.message.key.id.as_deref().unwrap())
        .collect();
    assert_eq!(ids, ["OLD"]);
}

fn request(
    kind: wa::message::PeerDataOperationRequestType,
) -> wa::message::PeerDataOperationRequestMessage {
    wa::message::PeerDataOperationRequestMessage {
        peer_data_operation_request_type: Some(kind),
        ..Default::default()
    }
}

#[test]
fn older_messages_are_found_before_a_message_or_a_moment() {
    let sim = world(10, 30);
    let device = companion(&sim);
    while sim.act(|w| w.fill_archive(me())).unwrap() {}
    let crowd = sim.act(|w| w.crowds_of(me())).unwrap().remove(0);
    let person = crowd.people().find(|p| p.direct_chat).unwrap();
    let all: Vec<_> = crowd.messages(&person).collect();
    let chat = Chat::Direct(person.phone.parse().unwrap());
    sim.act(|w| {
        let seq = w.archive_chat(me(), &chat)?.unwrap().seq;
        let ids = |m: Vec<Past>| m.into_iter().map(|m| m.id).collect::<Vec<_>>();
        let want: Vec<_> = all[15..20].iter().rev().map(|m| m.id.clone()).collect();
        assert_eq!(ids(w.archive_before(seq, &all[20].id, 0, 5)?), want);
        let moment = i64::try_from(all[20].timestamp)?;
        assert_eq!(ids(w.archive_before(seq, "unknown", moment, 5)?), want);
        assert!(w.archive_before(seq, &all[0].id, i64::MAX, 5)?.is_empty());
        let info = w.history_message(me(), &chat, &all[3].id)?.unwrap();
        assert_eq!(
            info.message.conversation.as_deref(),
            Some(all[3].text.as_str())
        );
        assert!(w.history_message(me(), &chat, "unknown")?.is_none());
        anyhow::Ok(())
    })
    .unwrap();

    let messages = |sim: &Arc<Sim>| {
        let all = sim.act(|w| w.waiting(device, 0, 100)).unwrap();
        all.iter().filter(|x| x.class == "message").count()
    };
    let mut ask = request(wa::message::PeerDataOperationRequestType::HISTORY_SYNC_ON_DEMAND);
    sim.act(|w| w.answer_data_request(device, "R1", &ask))
        .unwrap();
    assert_eq!(
        (messages(&sim), sim.trace.errors().len()),
        (0, 1),
        "a request that says nothing"
    );
    ask.history_sync_on_demand_request = buffa::MessageField::some(
        wa::message::peer_data_operation_request_message::HistorySyncOnDemandRequest {
            chat_jid: Some(format!("{}@lid", person.lid)),
            oldest_msg_id: Some(all[20].id.clone()),
            ..Default::default()
        },
    );
    sim.act(|w| w.answer_data_request(device, "R2", &ask))
        .unwrap();
    let mut lost = request(wa::message::PeerDataOperationRequestType::PLACEHOLDER_MESSAGE_RESEND);
    let key = wa::MessageKey {
        remote_jid: Some(format!("{}@s.whatsapp.net", person.phone)),
        id: Some(all[3].id.clone()),
        ..Default::default()
    };
    lost.placeholder_message_resend_request = vec![
        wa::message::peer_data_operation_request_message::PlaceholderMessageResendRequest {
            message_key: buffa::MessageField::some(key),
        },
    ];
    sim.act(|w| w.answer_data_request(device, "R3", &lost))
        .unwrap();
    assert_eq!((messages(&sim), sim.trace.errors().len()), (2, 1));
}
