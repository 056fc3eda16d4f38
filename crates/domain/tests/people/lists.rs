//! listContacts: names in every script, cursors, other sessions.

use crate::support::*;
use wharf_domain::{
    Error,
    contacts::{ContactParams, ContactQuery},
    inbound::{Inbound, NameSource, Origin},
    people::names::fold,
};

fn all() -> ContactParams<'static> {
    ContactParams::default()
}

fn q(q: &str) -> ContactParams<'_> {
    ContactParams { q, ..all() }
}

#[tokio::test]
async fn searching_in_every_script() {
    let world = World::new().await;
    let names = [
        "Groß Straße",
        "ΜΆΪΟΣ",
        "Иван Петров",
        "李小龍",
        "محمد علي",
        "🐙 octo",
        "100% _ok_",
        "E\u{301}lan",
    ];
    let facts = names
        .iter()
        .enumerate()
        .map(|(n, name)| dm_named(by_both(n as i64 + 1, n as i64 + 1), "A", name));
    world.tell(facts).await;
    for (text, expected) in [
        ("STRASSE", vec!["Groß Straße"]),
        ("μάϊος", vec!["ΜΆΪΟΣ"]),
        ("иван п", vec!["Иван Петров"]),
        ("小", vec!["李小龍"]),
        ("小龍", vec!["李小龍"]),
        ("علي", vec!["محمد علي"]),
        ("🐙", vec!["🐙 octo"]),
        ("%", vec!["100% _ok_"]),
        ("0% _", vec!["100% _ok_"]),
        ("_o", vec!["100% _ok_"]),
        ("ÉLAN", vec!["E\u{301}lan"]),
        ("zzz", vec![]),
        ("15550003", vec!["Иван Петров"]),
        ("+1 (555) 000-8", vec!["E\u{301}lan"]),
        ("9000001", vec![]),
    ] {
        assert_eq!(world.names(q(text)).await, expected, "{text}");
    }
    assert_eq!(world.contacts(q("1")).await.len(), names.len());
}

#[tokio::test]
async fn the_shown_name_alone_is_searched() {
    let world = World::new().await;
    world
        .tell([
            dm_named(by_lid(1), "A", "Pushy"),
            name(by_lid(1), NameSource::Business, "Bakery"),
            name(by_lid(1), NameSource::AddressBook, "Ann"),
        ])
        .await;
    let found = world.contacts(q("ann")).await;
    assert_eq!(
        (found[0].name.as_str(), found[0].business_name.as_str()),
        ("Ann", "Bakery")
    );
    assert!(world.contacts(q("bakery")).await.is_empty());
    world
        .tell([name(by_lid(1), NameSource::AddressBook, "")])
        .await;
    assert_eq!(world.names(q("bakery")).await, ["Bakery"]);
    assert!(
        world
            .names(ContactParams {
                source: "addressbook",
                ..all()
            })
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_cursor_serves_its_own_query_and_session_only() {
    let world = World::new().await;
    world
        .tell((1..=5).map(|n| dm_named(by_lid(n), "A", &format!("Ann {n}"))))
        .await;
    let other = world.another(1).await;
    other.tell((2..=5).map(|n| dm(by_lid(n), "A", 10))).await;
    let page = world
        .page(ContactParams {
            limit: "2",
            ..q("ann")
        })
        .await;
    let cursor = page.next_cursor.as_str();
    assert_eq!(
        world.names(ContactParams { cursor, ..q("ann") }).await,
        ["Ann 3", "Ann 4", "Ann 5"]
    );
    let refused = async |world: &World, params: ContactParams<'_>| {
        let query = ContactQuery::parse(params).unwrap();
        let answer = world.domain.list_contacts(world.scope, query).await;
        assert!(
            matches!(answer, Err(Error::Invalid(fields)) if fields.contains_key("cursor")),
            "{params:?}"
        );
    };
    refused(&world, ContactParams { cursor, ..q("an") }).await;
    refused(&world, ContactParams { cursor, ..all() }).await;
    refused(
        &world,
        ContactParams {
            cursor,
            source: "dm",
            ..q("ann")
        },
    )
    .await;
    refused(
        &world,
        ContactParams {
            cursor,
            sort: "name",
            ..q("ann")
        },
    )
    .await;
    refused(
        &world,
        ContactParams {
            cursor,
            group: group_jid(1).as_str(),
            ..q("ann")
        },
    )
    .await;
    refused(&other, ContactParams { cursor, ..q("ann") }).await;
    refused(
        &world,
        ContactParams {
            cursor: "MTIzNDU",
            ..q("ann")
        },
    )
    .await;
}

#[tokio::test]
async fn many_people_in_many_chunks() {
    let world = World::new().await;
    let total = 20_000;
    let facts: Vec<Inbound> = (1..=total)
        .map(|n| Inbound::Name {
            who: by_both(n, n),
            source: NameSource::AddressBook,
            name: format!("Person {n} {}", if n % 1_000 == 0 { "Rare" } else { "" }),
            origin: Origin::Bulk,
        })
        .collect();
    world.tell(facts).await;
    world
        .tell([group(
            1,
            (1..=total).filter(|n| n % 4_000 == 0).map(by_lid),
            Origin::Bulk,
        )])
        .await;
    let book = ContactParams {
        source: "addressbook",
        limit: "200",
        ..all()
    };
    assert_eq!(world.contacts(book).await.len(), total as usize);
    let rare = world.names(ContactParams { q: "rare", ..book }).await;
    assert_eq!(rare.len(), 20);
    assert!(rare[0].starts_with("Person 1000 "));
    assert_eq!(
        world
            .names(ContactParams {
                q: "person 1234",
                ..book
            })
            .await
            .len(),
        1 + 10
    );
    let jid = group_jid(1);
    let members = world
        .names(ContactParams {
            group: jid.as_str(),
            ..all()
        })
        .await;
    assert_eq!(members.len(), 5);
    let both = ContactParams {
        group: jid.as_str(),
        source: "addressbook",
        q: "8000",
        ..all()
    };
    assert_eq!(world.names(both).await, ["Person 8000 Rare"]);
    // By name: few of many, and many of many.
    let sorted = world
        .names(ContactParams {
            q: "rare",
            sort: "name",
            ..book
        })
        .await;
    assert_eq!(sorted[..2], ["Person 1000 Rare", "Person 10000 Rare"]);
    let page = world
        .page(ContactParams {
            sort: "name",
            ..book
        })
        .await;
    assert_eq!(page.data[1].name, "Person 10 ");
    let late = world
        .page(ContactParams {
            q: "9",
            sort: "name",
            ..book
        })
        .await;
    assert_eq!(late.data[0].name, "Person 10009 ");
}

#[tokio::test]
async fn by_name_over_scripts_and_nameless_people() {
    let world = World::new().await;
    let starts = [
        "ann",
        "Bea",
        "ёлка",
        "Яна",
        "李",
        "小",
        "محمد",
        "\u{D7A3}",
        "\u{E000}",
        "\u{10FFFD}",
        "",
        "",
    ];
    let facts = (1..=6_000i64).map(|n| {
        let start = starts[n as usize % starts.len()];
        let name = if start.is_empty() {
            String::new()
        } else {
            format!("{start} {}", n * 7_919 % 6_007)
        };
        dm_named(by_both(n, n), "A", &name)
    });
    world.tell(facts).await;
    // Many of one script, many of all, some: each way of walking.
    for text in ["李", "я", "1555", "5", "77", "\u{10FFFD} 1"] {
        let plain = ContactParams {
            limit: "200",
            ..q(text)
        };
        let mut expected = world.contacts(plain).await;
        expected.sort_by_key(|contact| (contact.name.is_empty(), fold(&contact.name)));
        let sorted = world
            .contacts(ContactParams {
                sort: "name",
                ..plain
            })
            .await;
        assert_eq!(sorted.len(), expected.len(), "{text}");
        assert!(sorted == expected, "{text}");
    }
}
