//! Facts become rows once, and events tell of them.

use crate::support::*;
use serde_json::Value;
use wharf_domain::{
    Error,
    chats::{ChatParams, ChatQuery},
    inbound::{
        Act, ChatState, Deed, GroupChange, InChat, InMessage, Inbound, NameSource, Origin, Party,
    },
};
use wharf_types::{Address, ChatJid};

fn chat(n: i64) -> ChatJid {
    ChatJid::Person(Address::Lid(lid(n)))
}

fn own(chat: InChat, wa_id: &str, at: i64) -> Inbound {
    Inbound::Message(Box::new(InMessage {
        from_me: true,
        ..message(chat, by_lid(OWN), wa_id, at)
    }))
}

fn receipt(chat: InChat, by: i64, wa_id: &str, level: i8) -> Inbound {
    Inbound::Receipt {
        chat,
        by: by_lid(by),
        wa_ids: vec![wa_id.into()],
        level,
        at: 99,
    }
}

impl World {
    async fn unread(&self, n: i64) -> u32 {
        self.domain
            .get_chat(self.scope, chat(n))
            .await
            .unwrap()
            .unread_count
    }

    async fn level(&self, chat: ChatJid) -> i8 {
        self.domain
            .list_chat_messages(self.scope, chat, 50, "")
            .await
            .unwrap()
            .data[0]
            .ack_level
    }

    async fn payloads(&self, kind: &str) -> Vec<Value> {
        let events = self
            .events()
            .await
            .into_iter()
            .filter(|event| event.kind == kind);
        events
            .map(|event| serde_json::from_str(&event.payload).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_message_counts_once_however_often_it_comes() {
    let world = World::new().await;
    world
        .tell([dm(by_lid(1), "A", 10), dm(by_lid(1), "A", 10)])
        .await;
    world
        .tell([dm(by_lid(1), "A", 10), dm(by_lid(1), "B", 11)])
        .await;
    assert_eq!(world.unread(1).await, 2);
    assert_eq!(world.payloads("message").await.len(), 2);
    let seqs: Vec<i64> = world
        .events()
        .await
        .iter()
        .map(|event| event.seq.unwrap())
        .collect();
    assert_eq!(
        seqs,
        (seqs[0]..seqs[0] + seqs.len() as i64).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_clears_the_unread_counter() {
    let world = World::new().await;
    world.tell([dm(by_lid(1), "A", 10)]).await;
    world.tell([own(InChat::Person(by_lid(1)), "B", 11)]).await;
    assert_eq!(world.unread(1).await, 0);
    assert_eq!(world.payloads("message.sent").await[0]["waMessageId"], "B");
    world
        .tell([
            dm(by_lid(1), "C", 12),
            Inbound::ReadElsewhere {
                chat: InChat::Person(by_lid(1)),
            },
        ])
        .await;
    assert_eq!(world.unread(1).await, 0);
    world.tell([dm(by_lid(1), "D", 13)]).await;
    let events = world.events().await.len();
    assert_eq!(
        world
            .domain
            .read_chat(world.scope, chat(1))
            .await
            .unwrap()
            .unread_count,
        0
    );
    world.domain.read_chat(world.scope, chat(1)).await.unwrap();
    assert_eq!(world.events().await.len(), events + 1);
    let nobody = world.domain.read_chat(world.scope, chat(5)).await;
    assert_eq!(nobody, Err(Error::NotFound("chat")));
}

#[tokio::test]
async fn levels_never_go_back() {
    let world = World::new().await;
    let with = || InChat::Person(by_lid(1));
    world.tell([own(with(), "A", 10)]).await;
    for (level, reached) in [(3, 3), (2, 3), (4, 4), (3, 4)] {
        world.tell([receipt(with(), 1, "A", level)]).await;
        assert_eq!(world.level(chat(1)).await, reached);
    }
    // The account's own devices say nothing of the other side.
    world
        .tell([own(with(), "B", 20), receipt(with(), OWN, "B", 3)])
        .await;
    assert_eq!(world.level(chat(1)).await, 1);
    let told: Vec<Value> = world
        .payloads("message.status")
        .await
        .iter()
        .map(|p| p["status"].clone())
        .collect();
    assert_eq!(told, ["read", "played"]);
}

#[tokio::test]
async fn a_group_level_is_reached_when_all_have_reached_it() {
    let world = World::new().await;
    let in_group = || InChat::Group(group_jid(1));
    world
        .tell([
            group(1, [by_lid(OWN), by_lid(1), by_lid(2)], Origin::Live),
            own(in_group(), "A", 10),
        ])
        .await;
    // Who joins later was not sent it.
    world
        .tell([changed(1, GroupChange::Joined(vec![member(by_lid(3))]), 20)])
        .await;
    for (by, level, reached) in [(1, 3, 1), (2, 2, 2), (2, 3, 3)] {
        world.tell([receipt(in_group(), by, "A", level)]).await;
        assert_eq!(
            world.level(ChatJid::Group(group_jid(1))).await,
            reached,
            "{by} {level}"
        );
    }
}

#[tokio::test]
async fn edits_and_deletions() {
    let world = World::new().await;
    world.tell([dm(by_lid(1), "A", 10)]).await;
    let deed = |author: i64, by: i64, act: Act| {
        Inbound::Deed(Box::new(Deed {
            chat: InChat::Person(by_lid(1)),
            author: Party::Other(by_lid(author)),
            by: Party::Other(by_lid(by)),
            wa_id: "A".into(),
            act,
            at: 11,
            origin: Origin::Live,
        }))
    };
    let edit = deed(
        1,
        1,
        Act::Edited {
            body: "better".into(),
            mentions: vec![],
        },
    );
    world.tell([edit.clone(), edit]).await;
    // Nobody takes back another's message in a direct chat.
    let foreign = deed(1, 2, Act::Revoked);
    world.tell([foreign]).await;
    let page = world
        .domain
        .list_chat_messages(world.scope, chat(1), 50, "")
        .await
        .unwrap();
    assert_eq!(
        (
            page.data[0].body.as_str(),
            page.data[0].edited,
            page.data[0].deleted
        ),
        ("better", true, false)
    );
    let revoke = deed(1, 1, Act::Revoked);
    world.tell([revoke.clone(), revoke]).await;
    let page = world
        .domain
        .list_chat_messages(world.scope, chat(1), 50, "")
        .await
        .unwrap();
    assert_eq!(
        (page.data[0].body.as_str(), page.data[0].deleted),
        ("", true)
    );
    assert_eq!(world.payloads("message.edited").await.len(), 1);
    assert_eq!(world.payloads("message.deleted").await.len(), 1);
}

#[tokio::test]
async fn a_bulk_is_told_by_one_event() {
    let world = World::new().await;
    let old = |n: i64, wa_id: &str| {
        let chat = InChat::Person(by_lid(n));
        Inbound::Message(Box::new(InMessage {
            origin: Origin::Bulk,
            push_name: format!("P{n}"),
            ..message(chat, by_lid(n), wa_id, n)
        }))
    };
    world
        .tell([same(1, 1), old(1, "A"), old(1, "B"), old(2, "C")])
        .await;
    let state = ChatState {
        unread: Some(3),
        archived: Some(true),
        ..ChatState::default()
    };
    world
        .tell([
            old(3, "D"),
            Inbound::Chat {
                chat: InChat::Person(by_lid(3)),
                state,
                at: None,
                origin: Origin::Bulk,
            },
        ])
        .await;
    assert_eq!(world.kinds().await, Vec::<String>::new());
    world.tell([Inbound::Synced { source: "history" }]).await;
    let told = world.payloads("session.synced").await;
    let expected = serde_json::json!({"source": "history", "contacts": 3, "chats": 3, "messages": 4, "groups": 0});
    assert_eq!(told, [expected]);
    assert_eq!(world.unread(3).await, 3);
    let archived = ChatQuery::parse(ChatParams {
        archived: "true",
        ..ChatParams::default()
    })
    .unwrap();
    assert_eq!(
        world
            .domain
            .list_chats(world.scope, archived)
            .await
            .unwrap()
            .data
            .len(),
        1
    );
    // History over live: nothing twice, and a name in use stays.
    world.tell([dm_named(by_lid(1), "A", "Now")]).await;
    world.tell([old(1, "A")]).await;
    let found = world
        .domain
        .get_contact(world.scope, Address::Lid(lid(1)))
        .await
        .unwrap();
    assert_eq!(found.identity.name, "Now");
    assert_eq!(found.identity.phone_number, phone(1).as_str());
    assert_eq!(
        world
            .kinds()
            .await
            .iter()
            .filter(|kind| *kind == "message")
            .count(),
        0
    );
}

#[tokio::test]
async fn groups_come_change_and_go() {
    let world = World::new().await;
    world
        .tell([
            group(1, [by_lid(OWN), by_lid(1), by_both(2, 2)], Origin::Bulk),
            group(2, [by_lid(OWN)], Origin::Bulk),
        ])
        .await;
    assert!(world.kinds().await.is_empty());
    let one = world
        .domain
        .get_group(world.scope, group_jid(1))
        .await
        .unwrap();
    assert_eq!(
        (one.subject.as_str(), one.participant_count),
        ("Group 1", 3)
    );
    world
        .tell([
            changed(1, GroupChange::Left(vec![by_lid(1)]), 50),
            changed(1, GroupChange::Promoted(vec![by_phone(2)]), 51),
        ])
        .await;
    let members = world
        .domain
        .list_group_members(world.scope, group_jid(1), 50, "")
        .await
        .unwrap()
        .data;
    let roles: Vec<(&str, &str)> = members
        .iter()
        .map(|m| (m.phone_number.as_str(), m.role.as_str()))
        .collect();
    assert_eq!(
        roles,
        [
            (phone(OWN).as_str(), "member"),
            (phone(2).as_str(), "admin")
        ]
        .map(|(p, r)| if p == phone(OWN).as_str() {
            ("", r)
        } else {
            (p, r)
        })
    );
    let actions: Vec<Value> = world
        .payloads("group.members")
        .await
        .iter()
        .map(|p| p["action"].clone())
        .collect();
    assert_eq!(actions, ["left", "promoted"]);
    world
        .tell([changed(1, GroupChange::Subject("New".into()), 52)])
        .await;
    let listed = world
        .domain
        .get_chat(world.scope, ChatJid::Group(group_jid(1)))
        .await
        .unwrap();
    assert_eq!(listed.name, "New");
    // Leaving keeps the members as last known.
    world
        .tell([changed(1, GroupChange::Left(vec![by_lid(OWN)]), 60)])
        .await;
    let jid = group_jid(1);
    let params = wharf_domain::contacts::ContactParams {
        group: jid.as_str(),
        ..Default::default()
    };
    assert_eq!(world.contacts(params).await.len(), 1);
    let page = world.domain.list_groups(world.scope, 1, "").await.unwrap();
    let rest = world
        .domain
        .list_groups(world.scope, 1, &page.next_cursor)
        .await
        .unwrap();
    assert_eq!(
        (rest.data[0].group_jid.as_str(), rest.next_cursor.as_str()),
        (group_jid(2).as_str(), "")
    );
    let unknown = world.domain.get_group(world.scope, group_jid(9)).await;
    assert_eq!(unknown, Err(Error::NotFound("group")));
}

/// A change that is told twice (by our own answer and by WhatsApp) is told to readers once.
#[tokio::test]
async fn ranks_and_nicknames_are_told_once_and_stand() {
    let world = World::new().await;
    world
        .tell([group(1, [by_lid(OWN), by_lid(1)], Origin::Live)])
        .await;
    for at in [50, 51] {
        world
            .tell([
                changed(1, GroupChange::Promoted(vec![by_lid(1)]), at),
                changed(1, GroupChange::Tagged(by_lid(1), "Treasurer".into()), at),
            ])
            .await;
    }
    let member = async || {
        let page = world
            .domain
            .list_group_members(world.scope, group_jid(1), 50, "")
            .await
            .unwrap();
        page.data.into_iter().nth(1).unwrap()
    };
    let now = member().await;
    assert_eq!(
        (now.role.as_str(), now.tag.as_str()),
        ("admin", "Treasurer")
    );
    assert_eq!(world.payloads("group.members").await.len(), 1);
    world
        .tell([
            changed(1, GroupChange::Demoted(vec![by_lid(1)]), 60),
            changed(1, GroupChange::Demoted(vec![by_lid(1)]), 61),
            changed(1, GroupChange::Tagged(by_lid(1), String::new()), 62),
        ])
        .await;
    let now = member().await;
    assert_eq!((now.role.as_str(), now.tag.as_str()), ("member", ""));
    assert_eq!(world.payloads("group.members").await.len(), 2);
}

#[tokio::test]
async fn chats_in_order_and_by_name() {
    let world = World::new().await;
    world
        .tell([
            dm_named(by_lid(1), "A", "Ann"),
            dm_named(by_lid(2), "B", "Ben"),
            group(1, [by_lid(OWN)], Origin::Live),
        ])
        .await;
    world.tell([dm(by_lid(1), "C", 2_000)]).await;
    let pin = ChatState {
        pinned: Some(true),
        ..ChatState::default()
    };
    world
        .tell([Inbound::Chat {
            chat: InChat::Group(group_jid(1)),
            state: pin,
            at: None,
            origin: Origin::Live,
        }])
        .await;
    let list = async |params: ChatParams<'static>| {
        let page = world
            .domain
            .list_chats(world.scope, ChatQuery::parse(params).unwrap())
            .await
            .unwrap();
        page.data
            .into_iter()
            .map(|chat| chat.name)
            .collect::<Vec<_>>()
    };
    let all = ChatParams::default();
    assert_eq!(list(all).await, ["Group 1", "Ann", "Ben"]);
    assert_eq!(list(ChatParams { kind: "dm", ..all }).await, ["Ann", "Ben"]);
    assert_eq!(list(ChatParams { q: "BE", ..all }).await, ["Ben"]);
    assert_eq!(
        list(ChatParams {
            q: "group",
            unread: "false",
            ..all
        })
        .await,
        ["Group 1"]
    );
    assert!(
        ChatQuery::parse(ChatParams {
            archived: "yes",
            kind: "x",
            ..all
        })
        .is_err()
    );
}

#[tokio::test]
async fn a_name_learnt_is_told_once() {
    let world = World::new().await;
    world.tell([dm_named(by_lid(1), "A", "Ann")]).await;
    world
        .tell([
            dm_named(by_lid(1), "B", "Ann"),
            name(by_lid(1), NameSource::AddressBook, "Annie"),
        ])
        .await;
    // Nobody can be found by an id alone.
    world.tell([same(4, 4)]).await;
    let told: Vec<Value> = world
        .payloads("contact.updated")
        .await
        .iter()
        .map(|p| p["name"].clone())
        .collect();
    assert_eq!(told, ["Ann", "Annie"]);
}
