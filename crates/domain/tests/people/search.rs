//! Searching messages beside a plain look at every row, over segments built and not, through edits, revocations,
//! joined people and deleted chats.

use crate::support::*;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::time::{Duration, Instant};
use wharf_domain::{
    inbound::{Act, Deed, InChat, Inbound, Origin, Party, Seen},
    people::{names::fold, posting::Bits},
    ports::store::{MessageRow, StoreExt},
    search::{
        MessageParams, MessageQuery,
        segment::{self, Docs, chat_term, terms},
    },
};
use wharf_types::{ChatJid, Millis};

const WORDS: [&str; 14] = [
    "Zürich",
    "ZÜRICH",
    "zürichsee",
    "東京",
    "東京タワー",
    "Москва",
    "москве",
    "غدا",
    "a",
    "ab",
    "abc",
    "hello",
    "hello,world",
    "100%",
];

/// Everybody writes under one of two ids, so that some turn out to be one person later.
fn who(n: i64) -> Seen {
    if n % 2 == 0 {
        by_lid(n / 2 + 1)
    } else {
        by_phone(n / 2 + 1)
    }
}

fn body() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..4).prop_map(|words| words.join(" "))
}

fn written() -> impl Strategy<Value = (i64, bool, Millis, String)> {
    (0i64..8, any::<bool>(), 0i64..500, body())
}

fn place(author: i64, grouped: bool) -> InChat {
    if grouped {
        InChat::Group(group_jid(author % 2 + 1))
    } else {
        InChat::Person(who(author))
    }
}

impl World {
    async fn rows(&self) -> Vec<MessageRow> {
        let s = self.scope.no;
        let all = move |view: &dyn wharf_domain::ports::store::View| {
            view.messages_between(s, 0, i64::MAX)
        };
        self.domain.store.read(all).await.unwrap()
    }

    /// Waits until all that can be is built and purged.
    async fn tended(&self) {
        let s = self.scope.no;
        let begun = Instant::now();
        loop {
            let (due, gone) = self
                .domain
                .store
                .read(move |view| Ok((segment::due(view, s)?, view.search_purges(s, 1)?)))
                .await
                .unwrap();
            if due.is_none() && gone.is_empty() {
                return;
            }
            // A search that finds the index behind sets it to work.
            self.found("", None, None, None, 1).await;
            assert!(begun.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn found(
        &self,
        q: &str,
        chat: Option<ChatJid>,
        from: Option<Millis>,
        to: Option<Millis>,
        limit: usize,
    ) -> Vec<i64> {
        let text = |at: Option<Millis>| at.map(|at| at.to_string()).unwrap_or_default();
        let (from, to, limit) = (text(from), text(to), limit.to_string());
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let params = MessageParams {
                q,
                from: &from,
                to: &to,
                limit: &limit,
                cursor: &cursor,
            };
            let query = MessageQuery::parse(chat.clone(), params).unwrap();
            let page = self
                .domain
                .search_messages(self.scope, query)
                .await
                .unwrap();
            all.extend(page.data.iter().map(|message| message.id));
            if page.next_cursor.is_empty() {
                return all;
            }
            cursor = page.next_cursor;
        }
    }

    /// The same by looking at every row.
    async fn plainly(
        &self,
        q: &str,
        chat: Option<i64>,
        from: Option<Millis>,
        to: Option<Millis>,
    ) -> Vec<i64> {
        let mut rows = self.rows().await;
        let words: Vec<String> = fold(q).split_whitespace().map(str::to_owned).collect();
        rows.retain(|row| {
            let text = fold(&row.body);
            words.iter().all(|word| text.contains(word.as_str()))
                && chat.is_none_or(|chat| chat == row.chat_id)
                && from.is_none_or(|from| row.at >= from)
                && to.is_none_or(|to| row.at <= to)
        });
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.id)));
        rows.iter().map(|row| row.id).collect()
    }

    async fn compared(&self, runner: &mut TestRunner) {
        let part = prop_oneof![
            body(),
            prop::sample::select(vec![
                "", "z", "zü", "京", "京タ", "ск", "ab a", "lo,w", "%", "nowhere"
            ])
            .prop_map(str::to_owned),
        ];
        let ask = (
            part,
            0i64..10,
            prop::option::of(0i64..500),
            prop::option::of(0i64..250),
            1usize..60,
        );
        for _ in 0..16 {
            let (q, author, from, span, limit) = ask.new_tree(runner).unwrap().current();
            let to = from.zip(span).map(|(from, span)| from + span);
            let (jid, chat) = match author {
                8.. => (None, None),
                author => {
                    let jid: ChatJid = match who(author) {
                        Seen { lid: Some(lid), .. } => lid.jid().parse().unwrap(),
                        Seen { phone, .. } => phone.unwrap().jid().parse().unwrap(),
                    };
                    let got = self.domain.get_chat(self.scope, jid.clone()).await;
                    (Some(jid), Some(got.map_or(-1, |chat| chat.id)))
                }
            };
            let expected = self.plainly(&q, chat, from, to).await;
            let found = self.found(&q, jid, from, to, limit).await;
            assert_eq!(
                found, expected,
                "{q:?} in {chat:?} from {from:?} to {to:?} by {limit}"
            );
        }
    }

    /// The index says neither less nor more than the rows, those apart that are gone.
    async fn mirrored(&self) -> usize {
        let s = self.scope.no;
        let checked = move |view: &dyn wharf_domain::ports::store::View| {
            let mut places = 0;
            for number in 0..view.next_segment(s)? {
                let docs = Docs::decode(number, &view.segment_docs(s, number)?.unwrap())?;
                let postings = view.segment_bits(s, number)?;
                for (place, (at, id)) in (0u16..).zip(&docs.0) {
                    let mut listed = Vec::new();
                    for (term, bits) in &postings {
                        if Bits::decode(bits)?.contains(place) {
                            listed.push(*term);
                        }
                    }
                    let Some(row) = view.message(s, *id)? else {
                        continue;
                    };
                    let mut expected = terms(&fold(&row.body));
                    expected.insert(0, chat_term(row.chat_id));
                    assert_eq!((listed, *at), (expected, row.at), "message {id}");
                    places += 1;
                }
            }
            Ok(places)
        };
        self.domain.store.read(checked).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn found_as_by_looking_at_every_row() {
    let world = World::new().await;
    let mut runner = TestRunner::deterministic();
    let some = |count: usize| prop::collection::vec(written(), count);
    let mut number = 0;
    // More than two runs of row ids, and a part of a third; as a history, so in no order of time.
    for _ in 0..9 {
        let history = some(500).new_tree(&mut runner).unwrap().current();
        let facts = history.into_iter().map(|(author, grouped, at, body)| {
            number += 1;
            let mut message = message(
                place(author, grouped),
                who(author),
                &format!("M{number}"),
                at,
            );
            (message.body, message.origin) = (body, Origin::Bulk);
            Inbound::Message(Box::new(message))
        });
        let facts: Vec<_> = facts.collect();
        world.tell(facts).await;
    }
    world.tended().await;
    assert!(world.mirrored().await > 4_000);
    world.compared(&mut runner).await;

    // Words change, wherever they are.
    let rows = world.rows().await;
    let mut facts = Vec::new();
    for row in rows.iter().step_by(17) {
        let author = (0..8).find(|n| {
            // Whoever wrote it, as far as ids tell: wrong guesses change nothing.
            (n + row.id) % 8 == 0
        });
        let author = author.unwrap_or(0);
        for grouped in [false, true] {
            let (chat, sender, wa_id) = (place(author, grouped), who(author), row.wa_id.clone());
            let act = if row.id % 2 == 0 {
                Act::Edited {
                    body: format!("edited {} 京", row.id),
                    mentions: vec![],
                }
            } else {
                Act::Revoked
            };
            facts.push(Inbound::Deed(Box::new(Deed {
                chat,
                wa_id,
                author: Party::Other(sender.clone()),
                by: Party::Other(sender),
                act,
                at: row.at + 1,
                origin: Origin::Live,
            })));
        }
    }
    world.tell(facts).await;
    let changed = world.rows().await;
    assert!(changed.iter().any(|row| row.deleted) && changed.iter().any(|row| row.edited));
    world.mirrored().await;
    world.compared(&mut runner).await;

    // Two people with a chat each turn out to be one; another chat is deleted, here and on the phone.
    world.tell([same(1, 1)]).await;
    world.compared(&mut runner).await;
    let deleted: ChatJid = lid(2).jid().parse().unwrap();
    world
        .domain
        .delete_chat(world.scope, deleted)
        .await
        .unwrap();
    world.compared(&mut runner).await;
    world
        .tell([Inbound::ChatDeleted {
            chat: InChat::Person(by_phone(3)),
        }])
        .await;
    world.compared(&mut runner).await;
    world.tended().await;
    world.mirrored().await;
    world.compared(&mut runner).await;

    // Of what is gone, nothing is left in the index.
    let s = world.scope.no;
    let ghosts = move |view: &dyn wharf_domain::ports::store::View| {
        let mut ghosts = 0;
        for number in 0..view.next_segment(s)? {
            let docs = Docs::decode(number, &view.segment_docs(s, number)?.unwrap())?;
            let mut gone = Vec::new();
            for (place, (_, id)) in (0u16..).zip(&docs.0) {
                if view.message(s, *id)?.is_none() {
                    gone.push(place);
                }
            }
            assert!(!gone.is_empty());
            for (_, bits) in view.segment_bits(s, number)? {
                let bits = Bits::decode(&bits)?;
                ghosts += gone.iter().filter(|place| bits.contains(**place)).count();
            }
        }
        Ok(ghosts)
    };
    assert_eq!(world.domain.store.read(ghosts).await.unwrap(), 0);
}
