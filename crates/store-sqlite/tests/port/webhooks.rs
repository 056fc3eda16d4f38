//! Webhooks, what they owe, and the log of attempts.

use super::{insert_session, new_session, org, ulid};
use wharf_domain::{
    ports::store::*,
    webhooks::{RetryPolicy, WebhookRow},
};
use wharf_types::{DeliveryId, EventId, OrgId, SessionId, WebhookId};

fn new_webhook(org: OrgId) -> WebhookRow {
    WebhookRow {
        id: WebhookId::new(ulid()),
        org,
        url: "https://example.com/hook".to_owned(),
        session: Some(SessionId::new(ulid())),
        events: vec!["message".to_owned(), "call".to_owned()],
        active: true,
        ordered: true,
        headers: vec![1, 2],
        secret: vec![3],
        old_secret: Some((vec![4], 99)),
        policy: RetryPolicy::default(),
        created_at: 5,
        updated_at: 6,
        place: 7,
        failing_since: Some(8),
    }
}

async fn put(store: &dyn Store, row: &WebhookRow) {
    let row = row.clone();
    store.write(move |tx| tx.put_webhook(&row)).await.unwrap();
}

async fn get(store: &dyn Store, row: &WebhookRow) -> Option<WebhookRow> {
    let (org, id) = (row.org, row.id);
    store
        .read(move |view| view.webhook(&org, &id))
        .await
        .unwrap()
}

fn owed(place: i64, session: Option<SessionId>, due: i64) -> OwedRow {
    OwedRow {
        place,
        session,
        attempts: 1,
        due,
    }
}

fn made(place: i64, delivered: bool) -> DeliveryRow {
    DeliveryRow {
        id: DeliveryId::new(ulid()),
        place,
        event: EventId::new(ulid()),
        kind: "message".to_owned(),
        attempt: 2,
        at: place,
        delivered,
        status: Some(503),
        latency_ms: 4,
        answer: "no".to_owned(),
        error: String::new(),
        next_at: Some(9),
    }
}

pub async fn round_trip(store: &dyn Store) {
    let (own, other) = (org(store).await, org(store).await);
    let mut row = new_webhook(own);
    put(store, &row).await;
    assert_eq!(get(store, &row).await, Some(row.clone()));
    let foreign = WebhookRow {
        org: other,
        ..row.clone()
    };
    assert_eq!(get(store, &foreign).await, None);
    // A change leaves it where it stands.
    row.active = false;
    row.old_secret = None;
    row.session = None;
    let moved = WebhookRow {
        place: 100,
        failing_since: None,
        ..row.clone()
    };
    put(store, &moved).await;
    assert_eq!(get(store, &row).await, Some(row.clone()));
    let second = new_webhook(own);
    put(store, &second).await;
    let (all, rest, count, active) = store
        .read(move |view| {
            Ok((
                view.webhooks(&own, None, 10)?,
                view.webhooks(&own, Some(row.id), 10)?,
                view.count_webhooks(&own)?,
                view.webhooks_active()?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((all.len(), count), (2, 2));
    assert_eq!(rest, std::slice::from_ref(&second));
    assert_eq!(active, std::slice::from_ref(&second));
    let gone = store.write(move |tx| {
        let foreign = tx.delete_webhook(&other, &second.id)?;
        Ok((foreign, tx.delete_webhook(&own, &second.id)?))
    });
    assert_eq!(gone.await.unwrap(), (false, true));
}

pub async fn what_is_owed(store: &dyn Store) {
    let row = new_webhook(org(store).await);
    put(store, &row).await;
    let id = row.id;
    let (one, two) = (Some(SessionId::new(ulid())), None);
    let progress = Progress {
        place: 20,
        owed: vec![owed(12, one, 500), owed(11, one, 900), owed(15, two, 100)],
        failing_since: None,
        ..Progress::default()
    };
    assert!(
        store
            .write(move |tx| tx.progress_webhook(&id, &progress))
            .await
            .unwrap()
    );
    let now = get(store, &row).await.unwrap();
    assert_eq!((now.place, now.failing_since), (20, None));
    let due = |limit| async move {
        let rows = store.read(move |view| view.owed(&id, limit)).await.unwrap();
        rows.iter().map(|row| row.place).collect::<Vec<_>>()
    };
    assert_eq!(due(9).await, [15, 12, 11]);
    assert_eq!(due(1).await, [15]);
    let (heads, head) = store
        .read(move |view| Ok((view.owed_heads(&id)?, view.owed_head(&id, one.as_ref())?)))
        .await
        .unwrap();
    assert_eq!(heads.len(), 2);
    assert!(heads.contains(&owed(11, one, 900)) && heads.contains(&owed(15, two, 100)));
    assert_eq!(head, Some(owed(11, one, 900)));
    let settled = Progress {
        place: 10,
        // The second was asked for anew.
        settled: vec![(15, 100), (12, 400)],
        ..Progress::default()
    };
    store
        .write(move |tx| {
            tx.progress_webhook(&id, &settled)?;
            tx.release_owed(&id, 900, 1)
        })
        .await
        .unwrap();
    assert_eq!(due(9).await, [11, 12]);
    assert_eq!(get(store, &row).await.unwrap().place, 20, "never backwards");
    store
        .write(move |tx| tx.place_webhook(&id, 5))
        .await
        .unwrap();
    assert_eq!(due(9).await, [0; 0]);
    assert_eq!(get(store, &row).await.unwrap().place, 5);
    let nobody = WebhookId::new(ulid());
    let late = store.write(move |tx| tx.progress_webhook(&nobody, &Progress::default()));
    assert!(!late.await.unwrap());
}

pub async fn attempts_newest_first(store: &dyn Store) {
    let row = new_webhook(org(store).await);
    put(store, &row).await;
    let id = row.id;
    let rows = vec![made(1, false), made(2, true), made(3, false)];
    let progress = Progress {
        made: rows.clone(),
        ..Progress::default()
    };
    store
        .write(move |tx| tx.progress_webhook(&id, &progress))
        .await
        .unwrap();
    let (all, failed, rest, one, taken, missed) = store
        .read({
            let (last, first) = (rows[2].id, rows[0].id);
            move |view| {
                Ok((
                    view.deliveries(&id, None, None, 9)?,
                    view.deliveries(&id, Some(false), None, 9)?,
                    view.deliveries(&id, None, Some(last), 1)?,
                    view.delivery(&id, &first)?,
                    view.was_delivered(&id, 2)?,
                    view.was_delivered(&id, 1)?,
                ))
            }
        })
        .await
        .unwrap();
    let of = |places: &[usize]| places.iter().map(|n| rows[*n].clone()).collect::<Vec<_>>();
    assert_eq!(all, of(&[2, 1, 0]));
    assert_eq!(failed, of(&[2, 0]));
    assert_eq!(rest, of(&[1]));
    assert_eq!(one, Some(rows[0].clone()));
    assert!(taken && !missed);
    let trim = |before, limit| store.write(move |tx| tx.trim_deliveries(before, limit));
    assert_eq!(trim(1, 9).await.unwrap(), 0);
    assert_eq!(trim(3, 1).await.unwrap(), 1);
    assert_eq!(trim(3, 9).await.unwrap(), 1);
    let left = store
        .read(move |view| view.deliveries(&id, None, None, 9))
        .await;
    assert_eq!(left.unwrap(), of(&[2]));
}

pub async fn answers_about_an_erased_event_are_forgotten(store: &dyn Store) {
    let scope = insert_session(store, new_session(org(store).await))
        .await
        .scope;
    let row = new_webhook(scope.org);
    put(store, &row).await;
    let id = row.id;
    let places = store
        .write(move |tx| {
            for _ in 0..2 {
                tx.append_event(&scope, EventId::new(ulid()), "x", 1, "{}")?;
            }
            tx.place_at(0)
        })
        .await
        .unwrap();
    let progress = Progress {
        made: vec![made(places, true), made(places + 1, true)],
        ..Progress::default()
    };
    let answers = store
        .write(move |tx| {
            tx.progress_webhook(&id, &progress)?;
            tx.erase_payloads(&scope.id, &[2])?;
            let rows = tx.deliveries(&id, None, None, 9)?;
            Ok(rows.into_iter().map(|row| row.answer).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(answers.unwrap(), ["", "no"], "newest first");
}

pub async fn an_event_of_no_session(store: &dyn Store) {
    let org = org(store).await;
    let id = EventId::new(ulid());
    let place = store
        .write(move |tx| tx.append_org_event(&org, id, "webhook.disabled", 3, "{}"))
        .await
        .unwrap();
    let (row, at, none) = store
        .read(move |view| {
            Ok((
                view.event_at(&org, place)?,
                view.place_at(1_700_000_000_000)?,
                view.event_at(&org, place + 1)?,
            ))
        })
        .await
        .unwrap();
    let row = row.unwrap();
    assert_eq!((row.id, row.session, row.seq), (id, None, None));
    assert_eq!((at, none), (place, None));
}
