use super::*;
use std::collections::{HashMap, HashSet};
use unicode_normalization::is_nfc;

fn crowd(people: u32, groups: u32, messages: u32, seed: u64) -> Crowd {
    generate(Spec {
        people,
        groups,
        messages,
        seed,
        account: "628111111111".into(),
    })
    .expect("sizes are legal")
}

/// Every shape worth asking about: empty, no groups, more groups than people, groups too small for all, usual.
fn shapes() -> Vec<Crowd> {
    [
        (0, 0),
        (0, 3),
        (1, 0),
        (1, 1),
        (3, 10),
        (40, 0),
        (2_500, 2),
        (5_000, 60),
    ]
    .into_iter()
    .enumerate()
    .map(|(seed, (people, groups))| crowd(people, groups, 3, seed as u64))
    .collect()
}

#[test]
fn everyone_has_a_direct_chat_or_a_group() {
    for crowd in shapes() {
        let grouped: HashSet<Who> = crowd
            .groups()
            .flat_map(|g| g.members)
            .map(|m| m.who)
            .collect();
        for person in crowd.people() {
            assert!(
                person.direct_chat || grouped.contains(&Who::Person(person.index)),
                "{person:?} of {:?}",
                crowd.spec
            );
        }
    }
}

#[test]
fn numbers_and_lids_are_distinct_and_leave_the_reserved_range_alone() {
    for crowd in shapes().into_iter().chain([crowd(60_000, 100, 0, 9)]) {
        let (mut phones, mut lids) = (HashSet::new(), HashSet::new());
        for person in crowd.people() {
            assert!(!person.phone.starts_with("62899"));
            assert!(
                person.phone.bytes().all(|b| b.is_ascii_digit())
                    && (10..=15).contains(&person.phone.len())
            );
            assert!(person.phone != crowd.spec.account && person.phone != person.lid);
            assert_eq!(person.lid.len(), 15);
            assert!(
                phones.insert(person.phone) && lids.insert(person.lid),
                "a number or LID twice"
            );
        }
    }
}

#[test]
fn the_same_spec_gives_the_same_crowd_and_another_seed_another() {
    let (a, b, other) = (
        crowd(800, 9, 4, 5),
        crowd(800, 9, 4, 5),
        crowd(800, 9, 4, 6),
    );
    assert!(a.people().eq(b.people()) && a.groups().eq(b.groups()));
    assert!(
        a.people()
            .zip(b.people())
            .all(|(x, y)| a.messages(&x).eq(b.messages(&y)))
    );
    assert!(
        a.people()
            .zip(other.people())
            .all(|(x, y)| x.phone != y.phone && x.lid != y.lid)
    );
    assert!(a.person(700) == a.people().nth(700) && a.person(800).is_none());
}

/// A fixed sample: a change of the generator changes every recorded world, and must be meant.
#[test]
fn the_crowd_of_seed_1_is_known() {
    let crowd = crowd(50, 2, 1, 1);
    let first = crowd.person(0).expect("there are fifty");
    let text = format!(
        "{} {} {:?} {:?}",
        first.phone, first.lid, first.script, first.push_name
    );
    assert_eq!(text, include_str!("seed_1.txt").trim_end());
}

#[test]
fn every_text_is_in_nfc_and_every_script_occurs() {
    let crowd = crowd(4_000, 40, 2, 3);
    let mut scripts = HashMap::new();
    for person in crowd.people() {
        *scripts.entry(person.script).or_insert(0_u32) += 1;
        for text in [
            &person.push_name,
            &person.saved_name,
            &person.verified_name,
            &person.about,
        ]
        .into_iter()
        .flatten()
        {
            assert!(
                is_nfc(text) && !text.trim().is_empty() && text.trim() == text,
                "{text:?}"
            );
        }
        assert!(crowd.messages(&person).all(|m| is_nfc(&m.text)));
    }
    for group in crowd.groups() {
        assert!(is_nfc(&group.subject) && group.description.is_none_or(|d| is_nfc(&d)));
    }
    for script in [
        Script::Latin,
        Script::Cyrillic,
        Script::Arabic,
        Script::Cjk,
        Script::Hangul,
        Script::Devanagari,
        Script::Emoji,
        Script::Mixed,
    ] {
        assert!(
            scripts.get(&script).is_some_and(|n| *n > 50),
            "{script:?}: {scripts:?}"
        );
    }
}

#[test]
fn every_kind_of_person_occurs() {
    let crowd = crowd(4_000, 40, 0, 3);
    let count = |f: fn(&Person) -> bool| crowd.people().filter(f).count();
    assert!(count(|p| p.verified_name.is_some()) > 100);
    assert!(count(|p| p.saved_name.is_some()) > 400);
    assert!(count(|p| p.saved_name.is_none() && p.push_name.is_some()) > 400);
    assert!(
        count(|p| p.saved_name.is_none() && p.push_name.is_none() && p.verified_name.is_none())
            > 100
    );
    assert!(count(|p| p.number_shown == NumberShown::Never) > 100);
    assert!(count(|p| p.number_shown == NumberShown::Later) > 50);
}

#[test]
fn groups_overlap_and_are_well_formed() {
    for crowd in shapes() {
        let mut ids = HashSet::new();
        let mut memberships: HashMap<u32, u32> = HashMap::new();
        for group in crowd.groups() {
            assert!(ids.insert(group.id.clone()) && group.id.bytes().all(|b| b.is_ascii_digit()));
            assert!(group.members.len() <= 1024);
            let who: HashSet<Who> = group.members.iter().map(|m| m.who).collect();
            assert_eq!(who.len(), group.members.len(), "somebody twice");
            assert!(who.contains(&Who::Account));
            assert_eq!(
                group
                    .members
                    .iter()
                    .filter(|m| m.role == Role::SuperAdmin)
                    .count(),
                1
            );
            assert!(
                group
                    .members
                    .first()
                    .is_some_and(|m| m.role == Role::SuperAdmin)
            );
            for member in &group.members {
                let Who::Person(index) = member.who else {
                    continue;
                };
                *memberships.entry(index).or_default() += 1;
                let person = crowd.person(index).expect("members exist");
                assert!(
                    group.by_lid || person.number_shown == NumberShown::Always,
                    "hidden in a group by number"
                );
            }
        }
        if crowd.spec.groups > 20 && crowd.spec.people > 1_000 {
            assert!(
                memberships.values().any(|n| *n > 8),
                "nobody is in many groups"
            );
        }
    }
}

#[test]
fn a_direct_chat_has_as_many_messages_as_asked_and_rising_times() {
    let crowd = crowd(300, 5, 12, 8);
    let mut ids = HashSet::new();
    for person in crowd.people() {
        let messages: Vec<PastMessage> = crowd.messages(&person).collect();
        assert_eq!(messages.len(), if person.direct_chat { 12 } else { 0 });
        assert!(
            messages.is_sorted_by(|a, b| a.timestamp < b.timestamp),
            "{messages:?}"
        );
        assert!(messages.iter().all(|m| m.timestamp <= EPOCH));
        let unread = crowd.unread_count(&person) as usize;
        assert!(
            messages.iter().rev().take(unread).all(|m| !m.from_me),
            "unread is what others wrote"
        );
        for message in messages {
            assert!(ids.insert(message.id), "an id twice");
        }
    }
}

#[test]
fn sizes_that_would_collide_are_refused() {
    let spec = Spec {
        people: 5_000_000,
        groups: 0,
        messages: 0,
        seed: 0,
        account: String::new(),
    };
    assert_eq!(generate(spec).err(), Some(SpecError::TooManyPeople));
}
