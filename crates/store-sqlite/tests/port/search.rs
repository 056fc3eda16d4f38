//! The search index.

use super::{message, session};
use wharf_domain::ports::store::*;

pub async fn segments_by_newest_message(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    store
        .write(move |tx| {
            assert_eq!(tx.next_segment(s)?, 0);
            for (segment, newest) in [(0, 50), (1, 70), (2, 50), (3, 0), (4, 60)] {
                tx.put_segment(s, segment, newest, newest - 5, &[7])?;
            }
            tx.put_segment(other, 0, 99, 99, &[])?;
            Ok(())
        })
        .await
        .unwrap();
    let walked = store
        .read(move |view| {
            assert_eq!((view.next_segment(s)?, view.next_segment(other)?), (5, 1));
            assert_eq!(view.segment_docs(s, 2)?, Some(vec![7]));
            assert_eq!(view.segment_docs(s, 9)?, None);
            let (mut all, mut after) = (vec![], None);
            loop {
                let rows = view.segments_by_newest(s, after, 2)?;
                let Some(last) = rows.last() else {
                    return Ok(all);
                };
                after = Some((last.newest, last.segment));
                all.extend(rows.iter().map(|row| (row.segment, row.oldest)));
            }
        })
        .await
        .unwrap();
    assert_eq!(walked, [(1, 65), (4, 55), (2, 45), (0, 45), (3, -5)]);
}

pub async fn postings_by_segment_and_term(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let (left, gone) = store
        .write(move |tx| {
            for (segment, term, bits) in [(0, 5, 1), (0, -3, 2), (0, i64::MAX, 3), (1, 5, 4)] {
                tx.put_search_bits(s, segment, term, &[bits])?;
            }
            tx.put_search_bits(other, 0, 5, &[9])?;
            tx.put_search_bits(s, 0, 5, &[8, 8])?;
            assert_eq!(tx.search_bits(s, 0, 5)?, Some(vec![8, 8]));
            assert_eq!(tx.search_bits(s, 0, 6)?, None);
            let before = tx.segment_bits(s, 0)?;
            assert_eq!(
                before,
                [(-3, vec![2]), (5, vec![8, 8]), (i64::MAX, vec![3])]
            );
            tx.put_search_bits(s, 0, 5, &[])?;
            tx.put_search_bits(s, 0, 77, &[])?;
            Ok((tx.segment_bits(s, 0)?.len(), tx.search_bits(s, 0, 5)?))
        })
        .await
        .unwrap();
    assert_eq!((left, gone), (2, None));
}

pub async fn purges_are_remembered(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let left = store
        .write(move |tx| {
            for chat in [9, 4, 9] {
                tx.put_search_purge(s, chat)?;
            }
            assert_eq!(tx.search_purges(s, 10)?, [4, 9]);
            assert_eq!(tx.search_purges(s, 1)?, [4]);
            assert!(tx.search_purges(other, 1)?.is_empty());
            tx.delete_search_purge(s, 4)?;
            tx.delete_search_purge(s, 4)?;
            tx.search_purges(s, 10)
        })
        .await
        .unwrap();
    assert_eq!(left, [9]);
}

pub async fn messages_by_row(store: &dyn Store) {
    let s = session(store).await.no;
    store
        .write(move |tx| {
            assert_eq!(tx.last_message_id(s)?, 0);
            for id in [3, 4, 7] {
                tx.put_message(s, &message(id, 1, 0, &format!("m{id}")))?;
            }
            let ids = |rows: Vec<MessageRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
            assert_eq!(tx.last_message_id(s)?, 7);
            assert_eq!(ids(tx.messages_between(s, 4, 7)?), [4, 7]);
            assert_eq!(ids(tx.messages_between(s, 5, 6)?), Vec::<i64>::new());
            assert_eq!(ids(tx.messages_by_ids(s, &[7, 5, 3])?), [7, 3]);
            Ok(())
        })
        .await
        .unwrap();
}
