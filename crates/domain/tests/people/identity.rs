//! One person, one row.

use crate::support::*;
use wharf_domain::{
    Error,
    contacts::ContactParams,
    inbound::{InChat, Inbound, NameSource, Origin},
};
use wharf_types::{Address, ChatJid};

fn all() -> ContactParams<'static> {
    ContactParams::default()
}

#[tokio::test]
async fn a_lid_and_a_number_become_one_person_under_the_older_id() {
    let world = World::new().await;
    world
        .tell([
            dm(by_phone(1), "A", 10),
            dm(by_phone(1), "B", 20),
            name(by_phone(1), NameSource::AddressBook, "Ann"),
        ])
        .await;
    world
        .tell([
            dm(by_lid(1), "B", 20),
            dm(by_lid(1), "C", 30),
            group(1, [by_lid(1), by_lid(OWN)], Origin::Live),
        ])
        .await;
    let before = world
        .domain
        .get_contact(world.scope, Address::Lid(lid(1)))
        .await
        .unwrap();
    assert_eq!(world.contacts(all()).await.len(), 2);

    world.tell([same(1, 1)]).await;

    let contacts = world.contacts(all()).await;
    assert_eq!(contacts.len(), 1);
    assert_eq!(
        (contacts[0].name.as_str(), contacts[0].source),
        ("Ann", "dm")
    );
    let by_any = [Address::Lid(lid(1)), Address::Phone(phone(1))];
    for address in by_any.clone() {
        let detail = world
            .domain
            .get_contact(world.scope, address.clone())
            .await
            .unwrap();
        assert!(detail.identity.id < before.identity.id);
        assert_eq!(detail.groups.len(), 1);
        let chat = world
            .domain
            .get_chat(world.scope, ChatJid::Person(address))
            .await
            .unwrap();
        // A, B and C: what came twice under both ids is one message, the counters add up.
        assert_eq!(chat.unread_count, 4);
        assert_eq!(chat.jid, phone(1).jid());
    }
    let page = world
        .domain
        .list_chat_messages(world.scope, ChatJid::Person(by_any[0].clone()), 50, "")
        .await
        .unwrap();
    let ids: Vec<&str> = page.data.iter().map(|m| m.wa_message_id.as_str()).collect();
    assert_eq!(ids, ["C", "B", "A"]);
    let members = world
        .domain
        .list_group_members(world.scope, group_jid(1), 50, "")
        .await
        .unwrap();
    assert_eq!(members.data.len(), 2);
    assert_eq!(members.data[0].phone_number, phone(1).as_str());
    let merged = world
        .events()
        .await
        .into_iter()
        .find(|event| event.kind == "contact.merged")
        .unwrap();
    let payload: serde_json::Value = serde_json::from_str(&merged.payload).unwrap();
    assert_eq!(payload["dropped"]["contactId"], before.identity.id);
    assert_eq!(payload["kept"]["contactId"], payload["contactId"]);
    assert_eq!(payload["contact"]["lid"], lid(1).jid());
}

#[tokio::test]
async fn a_number_under_another_lid_moves() {
    let world = World::new().await;
    world.tell([dm(by_both(1, 1), "A", 10)]).await;
    world.tell([dm(by_both(2, 1), "B", 20)]).await;
    let old = world
        .domain
        .get_contact(world.scope, Address::Lid(lid(1)))
        .await
        .unwrap();
    let new = world
        .domain
        .get_contact(world.scope, Address::Phone(phone(1)))
        .await
        .unwrap();
    assert_eq!((old.identity.phone_number.as_str(), old.dm), ("", true));
    assert_eq!(
        (new.identity.lid.as_str(), new.dm),
        (lid(2).jid().as_str(), true)
    );
    let updates = world
        .events()
        .await
        .into_iter()
        .filter(|e| e.kind == "contact.updated")
        .skip(1);
    let of: Vec<i64> = updates
        .map(|e| {
            serde_json::from_str::<serde_json::Value>(&e.payload).unwrap()["contactId"]
                .as_i64()
                .unwrap()
        })
        .collect();
    assert_eq!(of, [old.identity.id, new.identity.id]);
    assert!(!world.kinds().await.contains(&"contact.merged".to_owned()));
}

#[tokio::test]
async fn two_lids_never_merge_and_a_number_change_keeps_the_row() {
    let world = World::new().await;
    world
        .tell([dm(by_both(1, 1), "A", 10), dm(by_lid(2), "B", 10)])
        .await;
    let id = world
        .domain
        .get_contact(world.scope, Address::Phone(phone(1)))
        .await
        .unwrap()
        .identity
        .id;
    world
        .tell([Inbound::NumberChanged {
            old: by_phone(1),
            new: by_phone(7),
        }])
        .await;
    let changed = world
        .domain
        .get_contact(world.scope, Address::Phone(phone(7)))
        .await
        .unwrap();
    assert_eq!(changed.identity.id, id);
    world.tell([same(2, 7)]).await;
    assert_eq!(world.contacts(all()).await.len(), 2);
    let gone = world
        .domain
        .get_contact(world.scope, Address::Phone(phone(1)))
        .await;
    assert_eq!(gone, Err(Error::NotFound("contact")));
}

#[tokio::test]
async fn the_account_itself_is_on_no_list() {
    let world = World::new().await;
    world
        .tell([
            dm(by_phone(OWN), "A", 10),
            name(by_lid(OWN), NameSource::AddressBook, "Me myself"),
            group(1, [by_lid(OWN), by_lid(3)], Origin::Live),
        ])
        .await;
    let group = group_jid(1);
    for params in [
        all(),
        ContactParams {
            source: "dm",
            ..all()
        },
        ContactParams {
            source: "group",
            ..all()
        },
        ContactParams {
            source: "addressbook",
            ..all()
        },
        ContactParams {
            group: group.as_str(),
            ..all()
        },
        ContactParams {
            q: "myself",
            ..all()
        },
    ] {
        let listed = world.contacts(params).await;
        assert!(
            listed.iter().all(|contact| contact.lid == lid(3).jid()),
            "{params:?}: {listed:?}"
        );
    }
    assert_eq!(
        world
            .domain
            .get_group(world.scope, group)
            .await
            .unwrap()
            .participant_count,
        2
    );
}

#[tokio::test]
async fn what_leaves_and_what_stays() {
    let world = World::new().await;
    world
        .tell([
            dm_named(by_lid(1), "A", "Ann"),
            dm_named(by_lid(2), "B", "Ben"),
            in_group(1, by_lid(2), "C", 5),
        ])
        .await;
    world
        .tell([1, 2].map(|n| Inbound::ChatDeleted {
            chat: InChat::Person(by_lid(n)),
        }))
        .await;
    // Ann was seen nowhere else; Ben was seen in a group, even before its metadata came.
    assert_eq!(world.names(all()).await, ["Ben"]);
    world
        .tell([changed(
            1,
            wharf_domain::inbound::GroupChange::Left(vec![by_lid(2)]),
            50,
        )])
        .await;
    assert_eq!(
        world
            .names(ContactParams {
                source: "group",
                ..all()
            })
            .await,
        ["Ben"]
    );
    assert!(
        world
            .names(ContactParams {
                group: group_jid(1).as_str(),
                ..all()
            })
            .await
            .is_empty()
    );
    world.tell([dm(by_lid(1), "D", 60)]).await;
    assert_eq!(world.names(all()).await, ["Ann", "Ben"]);
}
