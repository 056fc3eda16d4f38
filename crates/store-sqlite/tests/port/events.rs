//! The event log.

use super::{insert_session, new_session, org, session, ulid};
use wharf_domain::{Error, log::Filter, ports::store::*, sessions::SessionScope};
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

pub async fn of_types_and_sessions(store: &dyn Store) {
    let org = org(store).await;
    let one = insert_session(store, new_session(org)).await.scope;
    let two = insert_session(store, new_session(org)).await.scope;
    for (scope, kind) in [
        (one, "message"),
        (two, "message"),
        (one, "call"),
        (two, "call"),
        (one, "message"),
    ] {
        append(store, scope, kind).await;
    }
    let places = |filter: Filter, after, to, limit| async move {
        let rows = store
            .read(move |view| view.events_matching(&org, after, to, &filter, limit))
            .await
            .unwrap();
        rows.iter().map(|row| row.place).collect::<Vec<_>>()
    };
    let all = store.read(move |view| view.events(&org, 0, 10)).await;
    let all: Vec<i64> = all.unwrap().iter().map(|row| row.place).collect();
    let last = all[4];
    let messages = || Filter::all(true).of_kinds(["message"], "").unwrap();
    assert_eq!(places(Filter::all(true), 0, last, 9).await, all);
    assert_eq!(
        places(messages(), 0, last, 9).await,
        [all[0], all[1], all[4]]
    );
    assert_eq!(places(messages(), 0, last, 2).await, [all[0], all[1]]);
    assert_eq!(places(messages(), all[0], all[3], 9).await, [all[1]]);
    let of_two = Filter::all(true).within(&[two.id]);
    assert_eq!(places(of_two.clone(), 0, last, 9).await, [all[1], all[3]]);
    let none = of_two.of_kinds([], "").unwrap();
    assert_eq!(places(none, 0, last, 9).await, [0; 0]);
    let everywhere = store
        .read(move |view| view.events_everywhere(all[2], 10))
        .await;
    assert_eq!(everywhere.unwrap().len(), 2);
}

pub async fn trimmed_from_the_beginning(store: &dyn Store) {
    let (own, other) = (session(store).await, session(store).await);
    let mut ids = vec![];
    for (scope, at) in [(own, 1), (other, 2), (own, 3), (own, 9), (own, 4)] {
        let id = EventId::new(ulid());
        ids.push(id);
        store
            .write(move |tx| tx.append_event(&scope, id, "call", at, "{}"))
            .await
            .unwrap();
    }
    let trim = |before, limit| async move {
        let gone = store.write(move |tx| tx.trim_events(before, limit)).await;
        let state = store.read(move |view| {
            Ok((
                view.last_trimmed(&own.org)?,
                view.oldest_event(&own.org)?,
                view.last_trimmed(&other.org)?,
                view.oldest_event(&other.org)?,
            ))
        });
        (gone.unwrap(), state.await.unwrap())
    };
    let [a, b, c, d, _] = ids[..] else { panic!() };
    assert_eq!(trim(1, 9).await, (0, (None, Some(a), None, Some(b))));
    assert_eq!(trim(5, 1).await, (1, (Some(a), Some(c), None, Some(b))));
    // The fifth is old too, but a younger one stands before it.
    assert_eq!(trim(5, 9).await, (2, (Some(c), Some(d), Some(b), None)));
    assert_eq!(trim(5, 9).await.0, 0);
}

pub async fn a_commit_wakes_who_waits(store: &dyn Store) {
    let scope = session(store).await;
    let mut appended = store.appended();
    let (_, place) = append(store, scope, "message").await;
    appended.changed().await.unwrap();
    assert_eq!(*appended.borrow_and_update(), place);
    let failed = store.write(move |tx| {
        tx.append_event(&scope, EventId::new(ulid()), "message", 1, "{}")?;
        Err::<(), _>(Error::Timeout)
    });
    assert!(failed.await.is_err());
    assert!(!appended.has_changed().unwrap(), "nothing was appended");
    assert_eq!(*store.appended().borrow(), place);
}
