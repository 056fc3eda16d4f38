//! People, their former ids, the name index, posting lists.

use super::{dm, lid, message, person, phone, session};
use wharf_domain::{people::ListKey, ports::store::*, sessions::SessionNo};

async fn put(store: &dyn Store, s: SessionNo, rows: Vec<PersonRow>) -> wharf_domain::Result<()> {
    store
        .write(move |tx| rows.iter().try_for_each(|row| tx.put_person(s, row, None)))
        .await
}

pub async fn round_trip(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let long = "12345678901234567890";
    let mut rows = vec![
        person(1, lid("71"), phone("15551230001")),
        person(2, lid(long), None),
        person(5, None, phone("15551230002")),
    ];
    put(store, s, rows.clone()).await.unwrap();
    put(store, other, rows.clone()).await.unwrap();
    rows[2].lid = lid("72");
    rows[2].names = wharf_domain::people::Names::default();
    rows[2].flags = 255;
    put(store, s, vec![rows[2].clone()]).await.unwrap();
    let expected = rows.clone();
    store
        .read(move |view| {
            assert_eq!(view.person(s, 5)?.as_ref(), Some(&rows[2]));
            assert_eq!(view.person(s, 3)?, None);
            assert_eq!(view.person(other, 5)?.unwrap().lid, None);
            assert_eq!(view.person_by_lid(s, &lid(long).unwrap())?, Some(2));
            assert_eq!(view.person_by_lid(s, &lid("72").unwrap())?, Some(5));
            assert_eq!(view.person_by_lid(other, &lid("72").unwrap())?, None);
            assert_eq!(
                view.person_by_phone(s, &phone("15551230002").unwrap())?,
                Some(5)
            );
            assert_eq!(view.people_between(s, 1, 5)?, expected);
            assert_eq!(view.people_between(s, 2, 4)?, expected[1..2]);
            assert_eq!(view.people_by_ids(s, &[1, 3, 5, 9])?.len(), 2);
            assert_eq!(view.people_by_ids(s, &[1, 2, 5])?, expected);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn item_blocks(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    store
        .write(move |tx| {
            for block in [0, 1, 7] {
                tx.put_item_block(s, block, &[1, 2, 3])?;
                tx.put_item_block(other, block, &[9])?;
            }
            tx.put_item_block(s, 1, &[4; 20_000])?;
            tx.put_item_block(s, 7, &[])
        })
        .await
        .unwrap();
    let seen = store
        .read(move |view| {
            let mut seen = vec![];
            view.item_blocks(s, &[0, 1, 2, 7], &mut |block, bytes| {
                seen.push((block, bytes.to_vec()));
                Ok(())
            })?;
            Ok(seen)
        })
        .await
        .unwrap();
    assert_eq!(seen, [(0, vec![1, 2, 3]), (1, vec![4; 20_000])]);
}

pub async fn ids_are_unique(store: &dyn Store) {
    let s = session(store).await.no;
    put(store, s, vec![person(1, lid("71"), phone("15551230001"))])
        .await
        .unwrap();
    put(store, s, vec![person(2, lid("71"), None)])
        .await
        .unwrap_err();
    put(store, s, vec![person(2, None, phone("15551230001"))])
        .await
        .unwrap_err();
    // A recycled number moves within one job.
    put(
        store,
        s,
        vec![
            person(1, lid("71"), None),
            person(2, lid("72"), phone("15551230001")),
        ],
    )
    .await
    .unwrap();
}

pub async fn merged_ids_lead_to_the_kept_row(store: &dyn Store) {
    let s = session(store).await.no;
    let number = phone("15551230001");
    let dropped = person(2, None, number.clone());
    let kept = person(1, lid("71"), None);
    put(store, s, vec![kept, dropped.clone()]).await.unwrap();
    let merged = person(1, lid("71"), number.clone());
    store
        .write(move |tx| {
            tx.delete_person(s, 2)?;
            tx.put_person_alias(s, &dropped, 1)?;
            tx.put_person(s, &merged, None)
        })
        .await
        .unwrap();
    // The number moves to somebody else, and the kept row is itself dropped for an older one.
    put(
        store,
        s,
        vec![
            person(1, lid("71"), None),
            person(3, lid("73"), number.clone()),
        ],
    )
    .await
    .unwrap();
    let row = person(1, lid("71"), None);
    store
        .write(move |tx| {
            tx.delete_person(s, 1)?;
            tx.put_person_alias(s, &row, 4)
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            assert_eq!(
                view.person_alias(s, 2)?,
                Some(4),
                "one step, however many merges"
            );
            assert_eq!(view.person_alias(s, 1)?, Some(4));
            assert_eq!(view.person_alias(s, 3)?, None);
            assert_eq!(view.person_by_lid(s, &lid("71").unwrap())?, Some(4));
            assert_eq!(
                view.person_by_phone(s, &number.unwrap())?,
                Some(3),
                "who holds it now"
            );
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn by_name(store: &dyn Store) {
    let s = session(store).await.no;
    let keys = [
        (1, Some("bob")),
        (2, None),
        (3, Some("анна")),
        (4, Some("bob")),
        (5, Some("\u{10FFFF}")),
        (6, Some("\u{FFFD}z")),
        (7, Some("😀")),
        (8, Some("")),
    ];
    store
        .write(move |tx| {
            keys.iter()
                .try_for_each(|(id, key)| tx.put_person(s, &person(*id, None, None), *key))
        })
        .await
        .unwrap();
    let walk = |limit: usize| {
        store.read(move |view| {
            let mut seen: Vec<(String, i64)> = vec![];
            loop {
                let after = seen.last().map(|(key, id)| (key.as_str(), *id));
                let page = view.people_by_name(s, after, limit)?;
                if page.is_empty() {
                    return Ok(seen.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
                }
                seen.extend(page);
            }
        })
    };
    // By code points: CJK and the replacement character before the emoji, as UTF-8 has it.
    for limit in [1, 2, 100] {
        assert_eq!(walk(limit).await.unwrap(), [8, 1, 4, 3, 6, 7, 5]);
    }
    store
        .write(move |tx| tx.put_person(s, &person(1, None, None), None))
        .await
        .unwrap();
    assert_eq!(walk(3).await.unwrap(), [8, 4, 3, 6, 7, 5]);
}

pub async fn postings(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let list = ListKey::NameGram("жы".to_owned());
    let near = ListKey::NameGram("ж".to_owned());
    let key = list.clone();
    store
        .write(move |tx| {
            for chunk in [0_u32, 3, 4, u32::MAX] {
                tx.put_posting(s, &key, chunk, &chunk.to_be_bytes())?;
            }
            tx.put_posting(s, &near, 1, &[9; 1_024])?;
            tx.put_posting(other, &key, 3, &[1])?;
            tx.put_posting(s, &key, 4, &[4; 600])?;
            tx.put_posting(s, &key, 0, &[])
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            assert_eq!(view.posting(s, &list, 0)?, None);
            assert_eq!(view.posting(s, &list, 4)?, Some(vec![4; 600]));
            assert_eq!(view.posting(s, &ListKey::Dm, 4)?, None);
            let all = view.postings_from(s, &list, 0, 10)?;
            assert_eq!(
                all.iter().map(|(chunk, _)| *chunk).collect::<Vec<_>>(),
                [3, 4, u32::MAX]
            );
            assert_eq!(view.postings_from(s, &list, 4, 1)?, all[1..2]);
            assert_eq!(view.posting_chunks(s, &list, 10)?, 3);
            assert_eq!(view.posting_chunks(s, &list, 2)?, 2);
            assert_eq!(view.posting_chunks(s, &ListKey::Group, 2)?, 0);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn repointing_takes_everything_along(store: &dyn Store) {
    let s = session(store).await.no;
    store
        .write(move |tx| {
            for id in [1, 2, 3] {
                tx.put_person(s, &person(id, None, None), None)?;
            }
            tx.put_chat(s, &dm(1, 2))?;
            let group = GroupRow {
                id: 1,
                jid: "120363000000000000@g.us".parse().unwrap(),
                subject: String::new(),
                description: String::new(),
                created_at_wa: None,
                owner_id: Some(2),
                announce: false,
                locked: false,
                joined: true,
                participant_count: 2,
                first_seen_at: 1,
                updated_at: 1,
            };
            tx.put_group(s, &group)?;
            let member = MemberRow {
                id: 1,
                group_id: 1,
                person_id: 2,
                role: "admin".to_owned(),
                tag: String::new(),
                present: true,
                first_seen_at: 1,
                last_seen_at: 1,
            };
            tx.put_member(s, &member)?;
            // The same message under both ids, one under each alone, and a third person's.
            tx.put_message(s, &message(1, 9, 1, "both"))?;
            tx.put_message(s, &message(2, 9, 2, "both"))?;
            tx.put_message(s, &message(3, 9, 2, "two"))?;
            tx.put_message(s, &message(4, 9, 3, "both"))?;
            tx.put_message(s, &message(5, 9, 0, "own"))?;
            // Both have read the account's message 5, only the dropped one message 6.
            tx.record_receipt(s, 5, 1, 2, 7)?;
            tx.record_receipt(s, 5, 2, 3, 8)?;
            tx.record_receipt(s, 6, 2, 3, 8)?;
            tx.repoint_person(s, 2, 1)?;
            let read = [
                tx.record_receipt(s, 5, 1, 3, 9)?,
                tx.record_receipt(s, 6, 1, 3, 9)?,
            ];
            assert_eq!(read, [1, 1], "one person counts once");
            Ok(())
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            assert_eq!(view.chat_of(s, &ChatPeer::Person(1))?.unwrap().id, 1);
            assert_eq!(view.chat_of(s, &ChatPeer::Person(2))?, None);
            assert_eq!(view.group_by_id(s, 1)?.unwrap().owner_id, Some(1));
            assert_eq!(view.member(s, 1, 1)?.unwrap().id, 1);
            assert!(view.memberships(s, 2)?.is_empty());
            let messages = view.messages(s, 9, None, 10)?;
            let left: Vec<_> = messages.iter().map(|row| (row.id, row.sender_id)).collect();
            assert_eq!(left, [(5, 0), (4, 3), (3, 1), (1, 1)]);
            Ok(())
        })
        .await
        .unwrap();
}
