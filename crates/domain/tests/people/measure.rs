//! What lists cost, beside the figures the project promises. Not a test: run it in release, with `--ignored`,
//! `--nocapture` and `PEOPLE=1000000`.

use crate::support::*;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use wharf_domain::{
    inbound::{InMember, Inbound, NameSource, Origin},
    people::{ListKey, by_name, names::Search, page},
    ports::store::StoreExt,
};

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn name(&mut self) -> String {
        const LATIN: [&str; 16] = [
            "an", "na", "ber", "to", "lia", "mar", "ko", "son", "el", "ri", "ste", "vik", "do",
            "ha", "jo", "sch",
        ];
        const CYRILLIC: [&str; 12] = [
            "ив", "ан", "пет", "ро", "ва", "сер", "ге", "ев", "ма", "ри", "ол", "га",
        ];
        const HAN: [&str; 14] = [
            "李", "小", "龍", "王", "伟", "芳", "张", "秀", "英", "敏", "静", "丽", "强", "磊",
        ];
        let (pool, words): (&[&str], usize) = match self.below(10) {
            0..=5 => (&LATIN, 2),
            6..=7 => (&CYRILLIC, 2),
            _ => (&HAN, 1),
        };
        let word = |dice: &mut Self| -> String {
            (0..2 + dice.below(3))
                .map(|_| pool[dice.below(pool.len())])
                .collect()
        };
        (0..words).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }
}

/// Half and 99th of a hundred.
fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    format!("p50 {:8.3} ms   p99 {:8.3} ms", at(50), at(99))
}

async fn measure(world: &World, what: &str, queries: Vec<(page::Filter, i64)>) {
    let s = world.scope.no;
    let lines = world
        .domain
        .store
        .read(move |view| {
            let mut times = Vec::new();
            let mut found = 0_u32;
            for (filter, after) in &queries {
                let start = Instant::now();
                page::walk(view, s, filter, *after, 51, &mut |_| found += 1)?;
                times.push(start.elapsed());
            }
            Ok(format!(
                "{}   {:5.1} rows",
                quantiles(times),
                f64::from(found) / queries.len() as f64
            ))
        })
        .await
        .unwrap();
    println!("{what:44} {lines}");
}

async fn measure_by_name(world: &World, what: &str, queries: Vec<page::Filter>) {
    let s = world.scope.no;
    let lines = world
        .domain
        .store
        .read(move |view| {
            let mut times = Vec::new();
            for filter in &queries {
                let start = Instant::now();
                by_name::walk(view, s, filter, None, 51)?;
                times.push(start.elapsed());
            }
            Ok(quantiles(times))
        })
        .await
        .unwrap();
    println!("{what:44} {lines}");
}

#[tokio::test]
#[ignore = "a measurement, minutes long"]
async fn measure_lists() {
    let people: i64 = std::env::var("PEOPLE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000);
    let world = World::new().await;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut names = BTreeMap::new();
    let start = Instant::now();
    for from in (1..=people).step_by(10_000) {
        let mut facts = Vec::new();
        for n in from..(from + 10_000).min(people + 1) {
            let text = dice.name();
            facts.push(Inbound::Name {
                who: by_both(n, n),
                source: NameSource::Push,
                name: text.clone(),
                origin: Origin::Bulk,
            });
            names.insert(n, text);
            if dice.below(3) == 0 || n % 50 == 0 {
                let Inbound::Message(mut message) = dm(by_lid(n), "M", n) else {
                    unreachable!()
                };
                message.origin = Origin::Bulk;
                facts.push(Inbound::Message(message));
            }
        }
        world.tell(facts).await;
    }
    let listed = start.elapsed();
    let start = Instant::now();
    for from in (0..100_000).step_by(2_000) {
        let history = (from..from + 2_000).map(|n| {
            let who = by_lid(1 + n % people.min(500));
            let Inbound::Message(mut message) = dm(who, &format!("H{n}"), n) else {
                unreachable!()
            };
            message.origin = Origin::Bulk;
            Inbound::Message(message)
        });
        world.tell(history).await;
    }
    println!(
        "100,000 messages at {:.0}/s",
        1e5 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let plain = |who| InMember {
        who,
        role: "member",
        tag: String::new(),
    };
    let mut groups = vec![
        (1..=1_000).map(|n| n * people / 1_000).collect::<Vec<_>>(),
        (people - 999..=people).collect(),
    ];
    groups.extend(
        (1..=people)
            .collect::<Vec<_>>()
            .chunks(5_000)
            .map(<[i64]>::to_vec),
    );
    for (at, members) in groups.into_iter().enumerate() {
        let Inbound::Group { mut group, origin } = group(at as i64 + 1, [], Origin::Bulk) else {
            unreachable!()
        };
        group.members = members.into_iter().map(|n| plain(by_lid(n))).collect();
        world.tell([Inbound::Group { group, origin }]).await;
    }
    println!(
        "{people} people named in {:.1} s ({:.0}/s), grouped in {:.1} s",
        listed.as_secs_f64(),
        people as f64 / listed.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );

    let all = |lists: Vec<ListKey>| page::Filter {
        lists,
        search: None,
    };
    let times = 300;
    let s = world.scope.no;
    let (spread, last) = world
        .domain
        .store
        .read(move |view| {
            Ok((
                view.group(s, &group_jid(1))?.unwrap().id,
                view.group(s, &group_jid(2))?.unwrap().id,
            ))
        })
        .await
        .unwrap();
    for (what, lists) in [
        ("everybody", vec![ListKey::Listed]),
        ("source=dm", vec![ListKey::Dm]),
        ("source=group", vec![ListKey::Group]),
        ("group of 1,000, spread", vec![ListKey::Members(spread)]),
        (
            "group of 1,000, spread, source=dm",
            vec![ListKey::Members(spread), ListKey::Dm],
        ),
        (
            "group of 1,000, the last, source=dm",
            vec![ListKey::Members(last), ListKey::Dm],
        ),
    ] {
        measure(
            &world,
            &format!("{what}, page 1"),
            vec![(all(lists.clone()), 0); times],
        )
        .await;
        let deep = (0..times)
            .map(|_| (all(lists.clone()), dice.below(people as usize) as i64))
            .collect();
        measure(&world, &format!("{what}, anywhere"), deep).await;
    }
    for length in [1, 2, 3, 4, 5, 6, 9, 12] {
        let mut texts = Vec::new();
        while texts.len() < times {
            let name: Vec<char> = names[&(1 + dice.below(people as usize) as i64)]
                .chars()
                .collect();
            if name.len() >= length {
                let at = dice.below(name.len() - length + 1);
                texts.extend(
                    Search::parse(&name[at..at + length].iter().collect::<String>()).unwrap(),
                );
            }
        }
        let mut with = |lists: Vec<ListKey>, anywhere: bool| -> Vec<(page::Filter, i64)> {
            let filter = |search: &Search| page::Filter {
                lists: lists.clone(),
                search: Some(search.clone()),
            };
            texts
                .iter()
                .map(|t| {
                    (
                        filter(t),
                        if anywhere {
                            dice.below(people as usize) as i64
                        } else {
                            0
                        },
                    )
                })
                .collect()
        };
        measure(
            &world,
            &format!("q of {length}, page 1"),
            with(vec![ListKey::Listed], false),
        )
        .await;
        measure(
            &world,
            &format!("q of {length}, anywhere"),
            with(vec![ListKey::Listed], true),
        )
        .await;
        measure(
            &world,
            &format!("q of {length}, source=dm, anywhere"),
            with(vec![ListKey::Dm], true),
        )
        .await;
        measure(
            &world,
            &format!("q of {length}, group spread"),
            with(vec![ListKey::Members(spread)], false),
        )
        .await;
        measure(
            &world,
            &format!("q of {length}, the last group"),
            with(vec![ListKey::Members(last)], false),
        )
        .await;
        if length <= 4 {
            let by_name = with(vec![ListKey::Listed], false)
                .into_iter()
                .map(|(filter, _)| filter)
                .take(60)
                .collect();
            measure_by_name(&world, &format!("q of {length}, by name"), by_name).await;
        }
    }
    for digits in [1, 2, 4, 6] {
        let numbers = (0..times)
            .map(|_| {
                let number = phone(1 + dice.below(people as usize) as i64);
                let text = number.as_str();
                let at = dice.below(text.len() - digits + 1);
                let search = Search::parse(&text[at..at + digits]).unwrap();
                (
                    page::Filter {
                        lists: vec![ListKey::Listed],
                        search,
                    },
                    dice.below(people as usize) as i64,
                )
            })
            .collect();
        measure(
            &world,
            &format!("number of {digits} digits, anywhere"),
            numbers,
        )
        .await;
    }
    measure_by_name(
        &world,
        "everybody by name",
        vec![all(vec![ListKey::Listed]); 60],
    )
    .await;
    measure_by_name(
        &world,
        "source=dm by name",
        vec![all(vec![ListKey::Dm]); 60],
    )
    .await;
    measure_by_name(
        &world,
        "spread group by name",
        vec![all(vec![ListKey::Members(spread)]); 60],
    )
    .await;
}
