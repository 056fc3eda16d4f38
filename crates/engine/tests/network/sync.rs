//! What a newly linked device learns: history, address book, groups; and what changes afterwards.

use crate::support::*;
use serde_json::json;
use wharf_domain::{
    inbound::{ChatState, GroupChange, InChat, Inbound, NameSource, Origin},
    ports::engine::{Connection, Engine, Handed},
};

fn synced(source: &'static str) -> impl Fn(&Inbound) -> bool {
    move |fact| matches!(fact, Inbound::Synced { source: s } if *s == source)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_arrives_whole() {
    let home = Home::new().await;
    home.post(
        "/populate",
        json!({ "people": 60, "groups": 5, "messages": 4, "seed": 3, "for": OWNER }),
    )
    .await;
    home.link().await;
    until("history", || home.inbox.has(synced("history"))).await;
    until("groups", || home.inbox.has(synced("groups"))).await;
    until("app state", || home.inbox.has(synced("app_state"))).await;
    until("history told", || {
        home.inbox.told(&Connection::History { complete: true })
    })
    .await;
    until("address book", || {
        home.inbox.has(|f| {
            matches!(
                f,
                Inbound::Name {
                    source: NameSource::AddressBook,
                    origin: Origin::Bulk,
                    ..
                }
            )
        })
    })
    .await;
    let groups = home.inbox.count(|f| {
        matches!(
            f,
            Inbound::Group {
                origin: Origin::Bulk,
                ..
            }
        )
    });
    assert_eq!(groups, 5);
    assert!(
        home.inbox
            .has(|f| matches!(f, Inbound::GroupsComplete { joined } if joined.len() == 5))
    );
    let messages = home.inbox.messages();
    assert!(messages.iter().all(|m| m.origin == Origin::Bulk));
    assert!(messages.len() >= 60, "{}", messages.len());
    let mut keys: Vec<_> = messages
        .iter()
        .map(|m| (format!("{:?}", m.chat), m.wa_id.clone(), m.from_me))
        .collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert!(
        keys.len() * 10 >= all * 9,
        "most parts came once: {} of {all}",
        keys.len()
    );
    assert!(home.inbox.has(|f| matches!(
        f,
        Inbound::Chat {
            state: ChatState {
                last_at: Some(_),
                ..
            },
            ..
        }
    )));
    assert!(home.inbox.has(|f| matches!(f, Inbound::SamePerson { .. })));
    assert_eq!(home.complaints().await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_book_name_saved_later_is_live() {
    let home = Home::linked().await;
    // The first entry of an empty book is its first snapshot.
    home.save(FRIEND, "First Snapshot").await;
    until("the snapshot", || {
        home.inbox
            .has(|f| matches!(f, Inbound::Name { name, .. } if name == "First Snapshot"))
    })
    .await;
    home.save(FRIEND, "Old Friend").await;
    until("the name", || {
        home.inbox.has(|f| matches!(f, Inbound::Name { who, source: NameSource::AddressBook, name, origin: Origin::Live }
            if name == "Old Friend" && who.phone.as_ref().is_some_and(|p| p.as_str() == FRIEND)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_could_not_be_stored_comes_again_after_a_death() {
    let mut home = Home::linked().await;
    // The first entry of an empty book is its first snapshot.
    home.save(FRIEND, "First Snapshot").await;
    until("the snapshot", || {
        home.inbox
            .has(|f| matches!(f, Inbound::Name { name, .. } if name == "First Snapshot"))
    })
    .await;
    home.inbox
        .refuse
        .store(true, std::sync::atomic::Ordering::SeqCst);
    home.save(FRIEND, "Not Yet").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    home.reborn().await;
    home.engine.start(&home.scope).await.unwrap();
    until("the name", || {
        home.inbox
            .has(|f| matches!(f, Inbound::Name { name, .. } if name == "Not Yet"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_as_they_change() {
    let home = Home::linked().await;
    let other = "15550007777";
    home.account(other, "Other").await;
    let made = home
        .post(
            "/groups",
            json!({ "subject": "Trip", "owner": FRIEND, "members": [OWNER] }),
        )
        .await;
    let gid = made["groupJid"].as_str().unwrap().to_owned();
    until("the new group", || {
        home.inbox.has(|f| matches!(f, Inbound::Group { group, .. } if group.jid.as_str() == gid && group.subject == "Trip" && group.members.len() == 2))
    })
    .await;
    home.post(
        &format!("/groups/{gid}/members"),
        json!({ "by": FRIEND, "phones": [other] }),
    )
    .await;
    until("the member", || {
        home.inbox.has(|f| matches!(f, Inbound::GroupChanged { change: GroupChange::Joined(who), .. } if who.len() == 1))
    })
    .await;
    let url = format!("{}/groups/{gid}", home.net.sandbox_url());
    let answer = home
        .http
        .patch(url)
        .json(&json!({ "by": FRIEND, "subject": "Voyage" }))
        .send()
        .await
        .unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
    until("the subject", || {
        home.inbox.has(|f| matches!(f, Inbound::GroupChanged { change: GroupChange::Subject(s), .. } if s == "Voyage"))
    })
    .await;
    home.says(FRIEND, &gid, "ahoy").await;
    until("a text in the group", || home.inbox.text("ahoy").is_some()).await;
    let ahoy = home.inbox.text("ahoy").unwrap();
    assert_eq!(ahoy.chat, InChat::Group(gid.parse().unwrap()));
    assert!(ahoy.sender.lid.is_some() || ahoy.sender.phone.is_some());

    let handed = home.send(&text(&gid, "3EB0GROUP", "aye")).await;
    assert!(matches!(handed, Handed::Acknowledged(_)), "{handed:?}");
    for who in [FRIEND, other] {
        let shown = home.inbox_of(who).await;
        assert_eq!(
            shown
                .iter()
                .filter(|m| m["waMessageId"] == "3EB0GROUP")
                .count(),
            1,
            "{who}: {shown:?}"
        );
    }
    home.delete(&format!("/groups/{gid}/members/{OWNER}?by={FRIEND}"))
        .await;
    until("we were removed", || {
        home.inbox.has(|f| {
            matches!(
                f,
                Inbound::GroupChanged {
                    change: GroupChange::Left(_),
                    ..
                }
            )
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_cut_short_by_a_death_is_completed() {
    let mut home = Home::new().await;
    home.post(
        "/populate",
        json!({ "people": 300, "groups": 2, "messages": 30, "seed": 5, "for": OWNER }),
    )
    .await;
    home.link().await;
    until("the first past messages", || {
        !home.inbox.messages().is_empty()
    })
    .await;
    let before = home.inbox.messages();
    assert!(
        !home.inbox.told(&Connection::History { complete: true }),
        "too quick to be cut"
    );
    home.reborn().await;
    home.engine.start(&home.scope).await.unwrap();
    until("the rest", || {
        home.inbox.told(&Connection::History { complete: true })
    })
    .await;
    let mut ids: Vec<_> = before
        .into_iter()
        .chain(home.inbox.messages())
        .map(|m| (format!("{:?}", m.chat), m.wa_id))
        .collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 300 * 30 / 2, "{}", ids.len());
}
