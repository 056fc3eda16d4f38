//! Sessions, and that nothing of one outlives it.

use super::{insert_session, lid, new_session, org, phone, session, ulid};
use wharf_domain::{
    Error,
    outbox::{Content, OutboxRow},
    people::ListKey,
    ports::store::*,
    sessions::{SessionNo, SessionProxy, SessionRow, SessionScope},
};
use wharf_types::{EventId, OutboxId, SendStatus, SessionId, SessionStatus, UserId};

pub async fn round_trip(store: &dyn Store) {
    let org = org(store).await;
    let mut row = new_session(org);
    row.created_by = Some(UserId::new(ulid()));
    row = insert_session(store, row).await;
    assert_eq!(read(store, row.scope).await, Some(row.clone()));
    row = SessionRow {
        label: String::new(),
        updated_at: 11,
        auto_read: true,
        presence_typing: true,
        mark_online: true,
        rate_per_min: 60_000,
        rate_per_hour: 1_000_000,
        status: SessionStatus::ScanQrCode,
        status_reason: "reconnecting".to_owned(),
        status_since: 12,
        status_until: Some(13),
        last_connected_at: Some(14),
        phone: phone("15551230001"),
        lid: lid("205227043110953"),
        push_name: "Zoë 🦊".to_owned(),
        linked: true,
        wanted: true,
        history_complete: true,
        proxy: Some(SessionProxy {
            sealed: vec![9; 40],
            shown: "socks5://proxy.example:1080".to_owned(),
        }),
        locked_until: Some(15),
        ..row
    };
    let updated = row.clone();
    store
        .write(move |tx| tx.update_session(&updated))
        .await
        .unwrap();
    assert_eq!(read(store, row.scope).await, Some(row));
}

async fn read(store: &dyn Store, scope: SessionScope) -> Option<SessionRow> {
    store
        .read(move |view| view.session(&scope.org, &scope.id))
        .await
        .unwrap()
}

pub async fn foreign_is_unknown(store: &dyn Store) {
    let (own, other) = (session(store).await, session(store).await);
    let crossed = SessionScope {
        org: other.org,
        ..own
    };
    assert_eq!(read(store, crossed).await, None);
    let unknown = SessionScope {
        id: SessionId::new(ulid()),
        ..own
    };
    assert_eq!(read(store, unknown).await, None);
    let row = SessionRow {
        scope: crossed,
        ..read(store, own).await.unwrap()
    };
    let missing = Err(Error::NotFound("session"));
    assert_eq!(
        store.write(move |tx| tx.update_session(&row)).await,
        missing
    );
    assert_eq!(
        store.write(move |tx| tx.delete_session(&crossed)).await,
        missing
    );
    assert!(read(store, own).await.is_some());
}

pub async fn in_order_of_number(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let mut scopes = vec![];
    for org in [a, b, a, a] {
        scopes.push(insert_session(store, new_session(org)).await.scope);
    }
    let (first, rest, all, tail) = store
        .read(move |view| {
            let first = view.sessions(&a, None, 2)?;
            let after = first.last().map(|row| row.scope.no);
            Ok((
                first,
                view.sessions(&a, after, 2)?,
                view.sessions_everywhere(None, 10)?,
                view.sessions_everywhere(after, 1)?,
            ))
        })
        .await
        .unwrap();
    let of = |rows: Vec<SessionRow>| rows.into_iter().map(|row| row.scope).collect::<Vec<_>>();
    assert_eq!(of(first), [scopes[0], scopes[2]]);
    assert_eq!(of(rest), [scopes[3]]);
    assert_eq!(of(all), scopes);
    assert_eq!(of(tail), [scopes[3]]);
}

pub async fn numbers_are_not_reused(store: &dyn Store) {
    let first = session(store).await;
    store
        .write(move |tx| tx.delete_session(&first))
        .await
        .unwrap();
    erase(store, first, 10).await;
    assert!(session(store).await.no > first.no);
}

pub async fn ids_are_never_given_twice(store: &dyn Store) {
    let (a, b) = (session(store).await.no, session(store).await.no);
    let take = |s: SessionNo, kind, count| store.write(move |tx| tx.take_ids(s, kind, count));
    assert_eq!(take(a, RowKind::Person, 3).await, Ok(1));
    assert_eq!(take(a, RowKind::Person, 1).await, Ok(4));
    for kind in [
        RowKind::Chat,
        RowKind::Message,
        RowKind::Group,
        RowKind::Member,
    ] {
        assert_eq!(take(a, kind, 1).await, Ok(1), "{kind:?}");
        assert_eq!(take(a, kind, 5).await, Ok(2), "{kind:?}");
    }
    assert_eq!(take(b, RowKind::Person, 1).await, Ok(1));
    let id = take(a, RowKind::Person, 1).await.unwrap();
    let row = super::person(id, lid("7"), None);
    store
        .write(move |tx| {
            tx.put_person(a, &row, None)?;
            tx.delete_person(a, id)
        })
        .await
        .unwrap();
    assert_eq!(take(a, RowKind::Person, 1).await, Ok(id + 1));
}

/// Something in every table of session data.
async fn fill(store: &dyn Store, scope: SessionScope) {
    let s = scope.no;
    let out = OutboxRow {
        id: OutboxId::new(ulid()),
        to: "15551230001@s.whatsapp.net".to_owned(),
        chat_id: 1,
        message_id: 1,
        wa_id: "3EB0".to_owned(),
        content: Content::text("hi"),
        secret: vec![1; 32],
        status: SendStatus::Queued,
        error: None,
        until: None,
        sync: true,
        reference: String::new(),
        send_at: None,
        expires_at: None,
        accepted_at: 5,
        handed_at: None,
        attempts: 0,
        updated_at: 5,
    };
    let group = GroupRow {
        id: 1,
        jid: "120363000000000000@g.us".parse().unwrap(),
        subject: "g".to_owned(),
        description: String::new(),
        created_at_wa: None,
        owner_id: None,
        announce: false,
        locked: false,
        joined: true,
        participant_count: 1,
        first_seen_at: 1,
        updated_at: 1,
    };
    let member = MemberRow {
        id: 1,
        group_id: 1,
        person_id: 1,
        role: "member".to_owned(),
        tag: String::new(),
        present: true,
        first_seen_at: 1,
        last_seen_at: 1,
    };
    let answer = IdempotencyRow {
        fingerprint: [1; 32],
        session: scope.id,
        outbox: out.id,
        answer: String::new(),
        http_status: 200,
        at: 5,
    };
    store
        .write(move |tx| {
            tx.put_person(s, &super::person(1, lid("71"), None), Some("zoe"))?;
            tx.put_person_alias(s, &super::person(2, None, phone("15551230002")), 1)?;
            tx.put_posting(s, &ListKey::Dm, 0, &[1, 0])?;
            tx.put_chat(s, &super::dm(1, 1))?;
            tx.put_message(s, &super::message(1, 1, 0, "3EB0"))?;
            tx.set_recipients(s, 1, 2)?;
            tx.record_receipt(s, 1, 1, 2, 6)?;
            tx.put_group(s, &group)?;
            tx.put_member(s, &member)?;
            tx.put_outbox(s, &out)?;
            tx.put_idempotency(&scope.org, "key", &answer)?;
            tx.append_event(
                &scope,
                EventId::new(ulid()),
                "message",
                5,
                r#"{"body":"hi"}"#,
            )?;
            tx.device_put(s, 1, b"k", b"v")
        })
        .await
        .unwrap();
}

/// Erases a deleted session, so many rows a job; how many jobs it took.
async fn erase(store: &dyn Store, scope: SessionScope, rows: usize) -> usize {
    for jobs in 1..1_000 {
        if store
            .write(move |tx| tx.erase_session(&scope, rows))
            .await
            .unwrap()
        {
            return jobs;
        }
    }
    panic!("it never ends");
}

async fn payloads(store: &dyn Store, scope: SessionScope) -> Vec<String> {
    let events = store
        .read(move |view| view.events(&scope.org, 0, 100))
        .await
        .unwrap();
    events.into_iter().map(|event| event.payload).collect()
}

pub async fn gone_with_everything_under_it(store: &dyn Store) {
    let (gone, stays) = (session(store).await, session(store).await);
    fill(store, gone).await;
    fill(store, stays).await;
    store
        .write(move |tx| tx.delete_session(&gone))
        .await
        .unwrap();
    erase(store, gone, 1_000).await;
    for (scope, left) in [(gone, false), (stays, true)] {
        let s = scope.no;
        let there = store
            .read(move |view| {
                let jid = "120363000000000000@g.us".parse().unwrap();
                Ok([
                    view.session(&scope.org, &scope.id)?.is_some(),
                    view.person(s, 1)?.is_some(),
                    view.person_alias(s, 2)?.is_some(),
                    !view.people_by_name(s, None, 1)?.is_empty(),
                    view.posting(s, &ListKey::Dm, 0)?.is_some(),
                    view.chat(s, 1)?.is_some(),
                    view.message(s, 1)?.is_some(),
                    view.group(s, &jid)?.is_some(),
                    view.member(s, 1, 1)?.is_some(),
                    !view.outbox_queued(s, i64::MAX, 0, 1)?.is_empty(),
                    view.idempotency(&scope.org, "key")?.is_some(),
                    view.device_get(s, 1, b"k")?.is_some(),
                ])
            })
            .await
            .unwrap();
        assert_eq!(there, [left; 12]);
        let recipients = store.write(move |tx| tx.recipients(s, 1)).await.unwrap();
        assert_eq!(recipients.is_some(), left);
        let events = store
            .read(move |view| view.events(&scope.org, 0, 10))
            .await
            .unwrap();
        let payload = if left {
            r#"{"body":"hi"}"#
        } else {
            r#"{"erased":true}"#
        };
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].payload, payload);
        assert_eq!(events[0].kind, "message");
        assert_eq!(events[0].session, Some(scope.id));
        assert_eq!(events[0].seq, Some(1));
    }
}

/// From the deletion on nobody finds the session; its rows go a bounded number at a time, and what was written late
/// goes with them.
pub async fn deleted_at_once_and_erased_in_steps(store: &dyn Store) {
    let scope = session(store).await;
    let s = scope.no;
    fill(store, scope).await;
    for n in 0..20 {
        let id = EventId::new(ulid());
        store
            .write(move |tx| tx.append_event(&scope, id, "message", 5, &format!("{{\"n\":{n}}}")))
            .await
            .unwrap();
    }
    let alive = store.write(move |tx| tx.erase_session(&scope, 10)).await;
    assert_eq!(alive, Ok(false), "a session that was not deleted");
    assert!(payloads(store, scope).await[0].contains("hi"));
    store
        .write(move |tx| tx.delete_session(&scope))
        .await
        .unwrap();
    assert_eq!(read(store, scope).await, None);
    let (listed, everywhere, deleted) = store
        .read(move |view| {
            Ok((
                view.sessions(&scope.org, None, 10)?,
                view.sessions_everywhere(None, 10)?,
                view.sessions_deleted()?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((listed, everywhere), (vec![], vec![]));
    assert_eq!(deleted, [scope]);
    let erased = vec![r#"{"erased":true}"#.to_owned(); 21];
    assert_eq!(payloads(store, scope).await, erased);
    store
        .write(move |tx| tx.device_put(s, 1, b"late", b"v"))
        .await
        .unwrap();
    let jobs = erase(store, scope, 3).await;
    assert!(jobs > 10, "{jobs} jobs of at most three rows");
    assert_eq!(payloads(store, scope).await, erased);
    let (deleted, late) = store
        .read(move |view| Ok((view.sessions_deleted()?, view.device_get(s, 1, b"late")?)))
        .await
        .unwrap();
    assert_eq!((deleted, late), (vec![], None));
    let again = store.write(move |tx| tx.erase_session(&scope, 10)).await;
    assert_eq!(again, Ok(true));
}

pub async fn what_is_gone_cannot_be_written(store: &dyn Store) {
    let scope = session(store).await;
    let s = scope.no;
    let row = read(store, scope).await.unwrap();
    store
        .write(move |tx| tx.delete_session(&scope))
        .await
        .unwrap();
    let missing = Err(Error::NotFound("session"));
    let again = store.write(move |tx| tx.delete_session(&scope)).await;
    assert_eq!(again, missing);
    let updated = store.write(move |tx| tx.update_session(&row)).await;
    assert_eq!(updated, missing);
    let event = store
        .write(move |tx| tx.append_event(&scope, EventId::new(ulid()), "message", 5, "{}"))
        .await;
    assert_eq!(event.map(|_| ()), missing);
    let ids = store
        .write(move |tx| tx.take_ids(s, RowKind::Chat, 1))
        .await;
    assert_eq!(ids.map(|_| ()), missing);
    erase(store, scope, 10).await;
    let put = store.write(move |tx| tx.device_put(s, 1, b"k", b"v")).await;
    assert_eq!(put, missing);
    let put = store
        .write(move |tx| tx.put_person(s, &super::person(1, lid("71"), None), None))
        .await;
    assert_eq!(put, missing);
}
