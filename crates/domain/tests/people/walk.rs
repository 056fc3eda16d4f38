//! The contract's "Order", to the letter, against a model that knows no list: it looks at every row, chat and
//! membership at each step of a random history, while a walk goes on over one filter.

use crate::support::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wharf_domain::{
    contacts::ContactParams,
    inbound::{GroupChange, InChat, Inbound, NameSource, Origin},
    people::names::fold,
    ports::store::{ChatPeer, PersonRow, StoreExt},
};
use wharf_types::Address;

const PEOPLE: i64 = 9;
const GROUPS: i64 = 2;
const NAMES: [&str; 10] = [
    "",
    "Ann",
    "annA",
    "Straße",
    "STRASSE 7",
    "Ёлка",
    "ёлкА",
    "李小龍",
    "E\u{301}lan vital",
    "%_a",
];

#[derive(Debug, Clone)]
struct Filter {
    source: &'static str,
    group: Option<i64>,
    q: &'static str,
}

fn filters() -> impl Strategy<Value = Filter> {
    let source = prop::sample::select(vec!["", "", "dm", "group", "addressbook"]);
    let group = prop_oneof![3 => Just(None), 1 => (1..=GROUPS).prop_map(Some)];
    let q = prop::sample::select(vec![
        "", "", "", "a", "nn", "ANN", "strasse", "ёЛК", "小", "%", "élan v", "5", "+1 555-0",
        "15550004",
    ]);
    (source, group, q).prop_map(|(source, group, q)| Filter { source, group, q })
}

fn seen() -> impl Strategy<Value = wharf_domain::inbound::Seen> {
    prop_oneof![
        2 => (0..PEOPLE).prop_map(by_lid),
        2 => (0..PEOPLE).prop_map(by_phone),
        1 => (0..PEOPLE).prop_map(|n| by_both(n, n)),
        1 => (0..PEOPLE, 0..PEOPLE).prop_map(|(a, b)| by_both(a, b)),
    ]
}

fn fact() -> impl Strategy<Value = Inbound> {
    let source = prop::sample::select(vec![
        NameSource::AddressBook,
        NameSource::Business,
        NameSource::Push,
    ]);
    let crowd = || prop::collection::vec(seen(), 0..5);
    prop_oneof![
        5 => (seen(), 0..40u8).prop_map(|(who, n)| dm(who, &format!("D{n}"), i64::from(n))),
        3 => (1..=GROUPS, seen(), 0..40u8).prop_map(|(g, who, n)| in_group(g, who, &format!("G{n}"), i64::from(n))),
        4 => (0..PEOPLE).prop_map(|n| same(n, n)),
        1 => (0..PEOPLE, 0..PEOPLE).prop_map(|(a, b)| same(a, b)),
        1 => (seen(), seen()).prop_map(|(old, new)| Inbound::NumberChanged { old, new }),
        6 => (seen(), source, prop::sample::select(NAMES.to_vec())).prop_map(|(who, source, text)| name(who, source, text)),
        2 => (1..=GROUPS, crowd()).prop_map(|(g, members)| group(g, members, Origin::Live)),
        1 => (1..=GROUPS, crowd()).prop_map(|(g, who)| changed(g, GroupChange::Joined(who.into_iter().map(member).collect()), 50)),
        2 => (1..=GROUPS, crowd()).prop_map(|(g, who)| changed(g, GroupChange::Left(who), 50)),
        2 => seen().prop_map(|who| Inbound::ChatDeleted { chat: InChat::Person(who) }),
    ]
}

/// What the base tables say now.
struct Truth {
    /// Row ids the filter admits, in order.
    matching: BTreeSet<i64>,
    rows: BTreeMap<i64, PersonRow>,
    /// Where rows that are gone lead.
    gone: BTreeMap<i64, i64>,
}

impl World {
    async fn truth(&self, filter: &Filter) -> Truth {
        let (s, filter) = (self.scope.no, filter.clone());
        self.domain
            .store
            .read(move |view| {
                let wanted = filter.group.map(group_jid);
                let group = wanted
                    .as_ref()
                    .map(|jid| view.group(s, jid))
                    .transpose()?
                    .flatten();
                let (mut matching, mut rows, mut gone) =
                    (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
                for row in view.people_between(s, 0, i64::MAX)? {
                    let own = row.lid == Some(lid(OWN)) || row.phone == Some(phone(OWN));
                    let dm = view.chat_of(s, &ChatPeer::Person(row.id))?.is_some();
                    let memberships = view.memberships(s, row.id)?;
                    let ever = !memberships.is_empty();
                    let source = match filter.source {
                        "dm" => dm,
                        "group" => ever,
                        "addressbook" => !row.names.address_book.is_empty(),
                        _ => dm || ever || filter.group.is_some(),
                    };
                    let member = filter.group.is_none()
                        || memberships
                            .iter()
                            .any(|m| m.present && Some(m.group_id) == group.as_ref().map(|g| g.id));
                    let q = filter.q.trim();
                    let digits: String = q.chars().filter(|c| !" +-()".contains(*c)).collect();
                    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                    let found = q.is_empty()
                        || fold(row.names.shown()).contains(&fold(q))
                        || numeric
                            && row
                                .phone
                                .as_ref()
                                .is_some_and(|phone| phone.as_str().contains(&digits));
                    if !own && source && member && found {
                        matching.insert(row.id);
                    }
                    rows.insert(row.id, row);
                }
                let highest = rows.keys().last().copied().unwrap_or(0) + 64;
                for id in (1..=highest).filter(|id| !rows.contains_key(id)) {
                    if let Some(kept) = view.person_alias(s, id)? {
                        gone.insert(id, kept);
                    }
                }
                Ok(Truth {
                    matching,
                    rows,
                    gone,
                })
            })
            .await
            .unwrap()
    }
}

fn id_of(truth: &Truth, contact: &wharf_domain::people::Contact) -> i64 {
    let held = |row: &&PersonRow| {
        let jid = row.lid.as_ref().map(|lid| lid.jid()).unwrap_or_default();
        let number = row
            .phone
            .as_ref()
            .map(|phone| phone.as_str().to_owned())
            .unwrap_or_default();
        jid == contact.lid && number == contact.phone_number && row.names.shown() == contact.name
    };
    let holders: Vec<i64> = truth.rows.values().filter(held).map(|row| row.id).collect();
    assert_eq!(holders.len(), 1, "one row an item: {contact:?}");
    holders[0]
}

async fn walk(before: Vec<Inbound>, filter: Filter, limit: usize, meanwhile: Vec<Vec<Inbound>>) {
    let world = World::new().await;
    world.tell(before).await;
    let group = filter
        .group
        .map(|n| group_jid(n).as_str().to_owned())
        .unwrap_or_default();
    let limit_text = limit.to_string();
    let params = ContactParams {
        source: filter.source,
        group: &group,
        q: filter.q,
        limit: &limit_text,
        ..ContactParams::default()
    };

    let mut always: Option<BTreeSet<i64>> = None;
    let mut ever = BTreeSet::new();
    let mut listed: Vec<i64> = Vec::new();
    let mut excepted = BTreeSet::new();
    let mut gone: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut cursor, mut turns) = (String::new(), meanwhile.into_iter());
    loop {
        let truth = world.truth(&filter).await;
        // A merge carries on as the kept row.
        let lead = |id: i64| truth.gone.get(&id).copied().unwrap_or(id);
        let position = listed.last().copied().unwrap_or(0);
        for (dropped, kept) in &truth.gone {
            if gone.get(dropped) != Some(kept) && *kept <= position && !listed.contains(kept) {
                excepted.insert(*kept);
            }
        }
        gone.clone_from(&truth.gone);
        ever.extend(truth.matching.iter().copied());
        always = Some(match always {
            None => truth.matching.clone(),
            Some(so_far) => so_far
                .into_iter()
                .map(lead)
                .filter(|id| truth.matching.contains(id))
                .collect(),
        });

        let page = world
            .page(ContactParams {
                cursor: &cursor,
                ..params
            })
            .await;
        assert!(page.data.len() <= limit);
        for contact in &page.data {
            let id = id_of(&truth, contact);
            assert!(
                truth.matching.contains(&id),
                "listed without matching: {contact:?}"
            );
            assert!(
                listed.last().is_none_or(|last| *last < id),
                "order, or twice: {id} after {listed:?}"
            );
            listed.push(id);
        }
        if page.next_cursor.is_empty() {
            // The last page says so exactly when nobody is left.
            let left = truth
                .matching
                .iter()
                .filter(|id| Some(*id) > listed.last())
                .count();
            assert_eq!(left, 0, "an empty cursor while {left} were left");
            break;
        }
        cursor = page.next_cursor;
        if let Some(facts) = turns.next() {
            world.tell(facts).await;
        }
    }

    for id in always.unwrap_or_default() {
        let as_any = listed
            .iter()
            .any(|listed| *listed == id || gone.get(listed) == Some(&id));
        assert!(
            as_any || excepted.contains(&id),
            "{id} matched throughout and was not listed: {listed:?}"
        );
    }
    assert!(listed.iter().all(|id| ever.contains(id)));
    // Every join was announced, in bulk too.
    let merges = world
        .kinds()
        .await
        .iter()
        .filter(|kind| *kind == "contact.merged")
        .count();
    assert_eq!(merges, world.truth(&filter).await.gone.len());

    // And at rest: every list is exact, by row id and by name.
    let truth = world.truth(&filter).await;
    let at_rest: Vec<i64> = world
        .contacts(params)
        .await
        .iter()
        .map(|contact| id_of(&truth, contact))
        .collect();
    assert_eq!(at_rest, truth.matching.iter().copied().collect::<Vec<_>>());
    let by_name = ContactParams {
        sort: "name",
        ..params
    };
    let sorted: Vec<i64> = world
        .contacts(by_name)
        .await
        .iter()
        .map(|contact| id_of(&truth, contact))
        .collect();
    let mut expected: Vec<(bool, String, i64)> = truth
        .matching
        .iter()
        .map(|id| {
            let shown = truth.rows[id].names.shown();
            (shown.is_empty(), fold(shown), *id)
        })
        .collect();
    expected.sort();
    assert_eq!(
        sorted,
        expected.into_iter().map(|(.., id)| id).collect::<Vec<_>>()
    );
    // What a dropped id was leads to the kept person.
    for (dropped, kept) in &truth.gone {
        assert!(
            truth.rows.contains_key(kept),
            "{dropped} leads to {kept}, which is gone"
        );
    }
    for row in truth.rows.values() {
        for address in [
            row.lid.clone().map(Address::Lid),
            row.phone.clone().map(Address::Phone),
        ]
        .into_iter()
        .flatten()
        {
            let found = world
                .domain
                .get_contact(world.scope, address)
                .await
                .unwrap();
            assert_eq!(found.identity.id, row.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_keeps_the_contracts_order(
        before in prop::collection::vec(fact(), 0..40),
        filter in filters(),
        limit in 1usize..4,
        meanwhile in prop::collection::vec(prop::collection::vec(fact(), 0..5), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(before, filter, limit, meanwhile));
    }
}
