//! The event log.

use super::{insert_session, new_session, org, session, ulid};
use wharf_domain::{Error, ports::store::*, sessions::SessionScope};
use wharf_types::EventId;

async fn append(store: &dyn Store, scope: SessionScope, kind: &'static str) -> (EventId, i64) {
    let id = EventId::new(ulid());
    let place = store
        .write(move |tx| tx.append_event(&scope, id, kind, 77, r#"{"a":1}"#))
        .await
        .unwrap();
    (id, place)
}

pub async fn in_the_writers_order_without_gaps(store: &dyn Store) {
    let org = org(store).await;
    let one = insert_session(store, new_session(org)).await.scope;
    let two = insert_session(store, new_session(org)).await.scope;
    let mut appended = vec![];
    for scope in [one, two, one, one] {
        appended.push(append(store, scope, "message").await);
    }
    let (all, rest, last) = store
        .read(move |view| {
            let all = view.events(&org, 0, 10)?;
            Ok((
                all.clone(),
                view.events(&org, all[1].place, 1)?,
                view.event_place(&org, &all[3].id)?,
            ))
        })
        .await
        .unwrap();
    let seen: Vec<_> = all.iter().map(|row| (row.id, row.place)).collect();
    assert_eq!(seen, appended);
    assert!(all.is_sorted_by_key(|row| row.place));
    let seqs: Vec<_> = all.iter().map(|row| row.seq.unwrap()).collect();
    assert_eq!(seqs, [1, 1, 2, 3]);
    assert_eq!(rest, all[2..3]);
    assert_eq!(last, Some(appended[3].1));
    let expected = EventRow {
        id: appended[1].0,
        place: appended[1].1,
        org,
        session: Some(two.id),
        seq: Some(1),
        kind: "message".to_owned(),
        at: 77,
        payload: r#"{"a":1}"#.to_owned(),
    };
    assert_eq!(all[1], expected);
}

pub async fn of_one_organization_only(store: &dyn Store) {
    let (own, other) = (session(store).await, session(store).await);
    let (id, _) = append(store, own, "message").await;
    let (seen, place) = store
        .read(move |view| {
            Ok((
                view.events(&other.org, 0, 10)?,
                view.event_place(&other.org, &id)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((seen, place), (vec![], None));
}

pub async fn a_rollback_leaves_no_gap(store: &dyn Store) {
    let scope = session(store).await;
    append(store, scope, "message").await;
    let failed = store
        .write(move |tx| {
            tx.append_event(&scope, EventId::new(ulid()), "message", 1, "{}")?;
            Err::<(), _>(Error::Timeout)
        })
        .await;
    assert_eq!(failed, Err(Error::Timeout));
    append(store, scope, "message").await;
    let events = store
        .read(move |view| view.events(&scope.org, 0, 10))
        .await
        .unwrap();
    let seqs: Vec<_> = events.iter().map(|row| row.seq.unwrap()).collect();
    assert_eq!(seqs, [1, 2]);
}
