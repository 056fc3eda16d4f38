//! The outbox and remembered answers.

use super::{org, session, ulid};
use wharf_domain::{
    inbound::Seen,
    outbox::{Content, OutboxRow, Quoted, Target, What},
    ports::store::*,
    sessions::SessionNo,
};
use wharf_types::{OutboxId, SendStatus, SessionId};

fn send(accepted_at: i64) -> OutboxRow {
    OutboxRow {
        id: OutboxId::new(ulid()),
        to: "15551230001@s.whatsapp.net".to_owned(),
        chat_id: 1,
        message_id: 1,
        wa_id: "3EB0AA".to_owned(),
        content: Content::text("hi"),
        secret: vec![7; 32],
        status: SendStatus::Queued,
        error: None,
        until: None,
        sync: false,
        reference: String::new(),
        send_at: None,
        expires_at: None,
        accepted_at,
        handed_at: None,
        attempts: 0,
        updated_at: accepted_at,
    }
}

async fn put(store: &dyn Store, s: SessionNo, rows: &[OutboxRow]) {
    let rows = rows.to_vec();
    store
        .write(move |tx| rows.iter().try_for_each(|row| tx.put_outbox(s, row)))
        .await
        .unwrap();
}

pub async fn round_trip(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let mut row = send(5);
    put(store, s, std::slice::from_ref(&row)).await;
    row = OutboxRow {
        content: Content {
            mentions: vec!["1@lid".to_owned()],
            quoted: Some(Quoted {
                wa_id: "Q".to_owned(),
                sender_jid: "1@lid".to_owned(),
                body: "b".to_owned(),
                sealed: String::new(),
            }),
            ..Content::text("\u{202e}rtl")
        },
        message_id: 42,
        status: SendStatus::Failed,
        error: Some(("rejected".to_owned(), "in words".to_owned())),
        until: Some(12),
        sync: true,
        reference: "order 7".to_owned(),
        send_at: Some(6),
        expires_at: Some(7),
        handed_at: Some(8),
        attempts: 2,
        updated_at: 9,
        ..row
    };
    put(store, s, std::slice::from_ref(&row)).await;
    store
        .read(move |view| {
            assert_eq!(view.outbox(s, &row.id)?.as_ref(), Some(&row));
            assert_eq!(view.outbox(other, &row.id)?, None);
            assert_eq!(view.outbox_by_message(s, 42)?.as_ref(), Some(&row));
            assert_eq!(view.outbox_by_message(s, 1)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn queued_in_order_of_acceptance(store: &dyn Store) {
    let s = session(store).await.no;
    // The clock went back between the second and the third.
    let mut rows = [send(5), send(6), send(3), send(4)];
    put(store, s, &rows).await;
    rows[1].status = SendStatus::Sent;
    rows[0].attempts = 1;
    put(store, s, &rows[..2]).await;
    let queued = store
        .read(move |view| view.outbox_queued(s, 10, 0, 10))
        .await
        .unwrap();
    let expected = [0, 2, 3].map(|i: usize| (rows[i].id, rows[i].attempts));
    let seen: Vec<_> = queued.iter().map(|row| (row.id, row.attempts)).collect();
    assert_eq!(seen, expected);
    let (first, after) = (queued[0].clone(), queued[0].place);
    let one = store
        .read(move |view| view.outbox_queued(s, 10, 0, 1))
        .await;
    assert_eq!(one.unwrap(), [first]);
    let rest = store
        .read(move |view| view.outbox_queued(s, 10, after, 10))
        .await;
    assert_eq!(rest.unwrap(), queued[1..]);
}

pub async fn what_is_scheduled_holds_up_nothing(store: &dyn Store) {
    let s = session(store).await.no;
    let later = |at| OutboxRow {
        send_at: Some(at),
        ..send(1)
    };
    let rows = [later(30), later(20), later(10), send(2)];
    put(store, s, &rows).await;
    let due = move |now| {
        store.read(move |view| {
            let queued = view.outbox_queued(s, now, 0, 1)?;
            Ok((
                queued.first().map(|row| row.id),
                view.outbox_next_due(s, now)?,
            ))
        })
    };
    assert_eq!(due(9).await.unwrap(), (Some(rows[3].id), Some(10)));
    assert_eq!(due(10).await.unwrap(), (Some(rows[2].id), Some(20)));
    assert_eq!(due(30).await.unwrap(), (Some(rows[0].id), None));
}

pub async fn newest_first_list(store: &dyn Store) {
    let s = session(store).await.no;
    let rows = [send(5), send(7), send(7), send(6)];
    put(store, s, &rows).await;
    let expected = [2, 1, 3, 0].map(|i: usize| rows[i].id);
    for limit in [1, 2, 10] {
        let walked = store
            .read(move |view| {
                let mut seen = vec![];
                let mut before = None;
                loop {
                    let page = view.outbox_list(s, None, before, limit)?;
                    let Some(last) = page.last() else {
                        return Ok(seen);
                    };
                    before = Some((last.accepted_at, last.id));
                    seen.extend(page.iter().map(|row| row.id));
                }
            })
            .await
            .unwrap();
        assert_eq!(walked, expected);
    }
}

pub async fn listed_by_status(store: &dyn Store) {
    let s = session(store).await.no;
    let mut rows = [send(5), send(7), send(6), send(8)];
    rows[1].status = SendStatus::Failed;
    rows[2].status = SendStatus::Failed;
    put(store, s, &rows).await;
    let of = |status, before, limit| {
        store.read(move |view| {
            let rows = view.outbox_list(s, status, before, limit)?;
            Ok(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        })
    };
    let failed = Some(SendStatus::Failed);
    assert_eq!(
        of(failed, None, 10).await.unwrap(),
        [rows[1].id, rows[2].id]
    );
    let before = Some((rows[1].accepted_at, rows[1].id));
    assert_eq!(of(failed, before, 10).await.unwrap(), [rows[2].id]);
    let queued = Some(SendStatus::Queued);
    assert_eq!(of(queued, None, 1).await.unwrap(), [rows[3].id]);
    assert_eq!(of(Some(SendStatus::Read), None, 10).await.unwrap(), []);
}

pub async fn what_ran_out_of_time(store: &dyn Store) {
    let (a, b) = (session(store).await, session(store).await);
    let until = |at, attempts| OutboxRow {
        expires_at: Some(at),
        attempts,
        ..send(1)
    };
    let of_a = [until(20, 0), until(10, 1), send(1), until(30, 0)];
    let of_b = [until(10, 0)];
    put(store, a.no, &of_a).await;
    put(store, b.no, &of_b).await;
    let expired = |now, limit| store.read(move |view| view.outbox_expired(now, limit));
    let (first, second) = ((b, of_b[0].id), (a, of_a[0].id));
    assert_eq!(expired(9, 10).await.unwrap(), []);
    assert_eq!(expired(20, 10).await.unwrap(), [first, second]);
    assert_eq!(expired(20, 1).await.unwrap(), [first]);
    let depth = store.read(|view| view.outbox_depth()).await;
    assert_eq!(depth.unwrap(), 5);
}

pub async fn times_for_the_rate(store: &dyn Store) {
    let s = session(store).await.no;
    let queued = send(100);
    let handed = OutboxRow {
        handed_at: Some(130),
        ..send(110)
    };
    let sync = OutboxRow {
        sync: true,
        ..send(120)
    };
    let sync_handed = OutboxRow {
        sync: true,
        handed_at: Some(116),
        ..send(115)
    };
    let reaction = OutboxRow {
        content: What::Reaction {
            target: Target {
                number: 0,
                message: 1,
                wa_id: "A".to_owned(),
                from_me: true,
                author: Seen::default(),
            },
            emoji: "x".to_owned(),
        }
        .into(),
        sync: true,
        ..send(125)
    };
    put(store, s, &[queued, handed, sync, sync_handed, reaction]).await;
    let times = |since| store.read(move |view| view.outbox_times(s, since));
    assert_eq!(times(0).await.unwrap(), [116, 120, 130]);
    assert_eq!(times(120).await.unwrap(), [120, 130]);
    assert!(times(131).await.unwrap().is_empty());
}

pub async fn remembered_answers(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let row = |at| IdempotencyRow {
        fingerprint: [3; 32],
        session: SessionId::new(ulid()),
        outbox: OutboxId::new(ulid()),
        answer: r#"{"jid":"1"}"#.to_owned(),
        http_status: 202,
        at,
    };
    let rows = [row(10), row(20), row(30)];
    let put = rows.clone();
    store
        .write(move |tx| {
            tx.put_idempotency(&a, "k", &put[0])?;
            tx.put_idempotency(&b, "k", &put[1])?;
            tx.put_idempotency(&a, "l", &put[2])
        })
        .await
        .unwrap();
    let read = || {
        store.read(move |view| {
            Ok([
                view.idempotency(&a, "k")?,
                view.idempotency(&b, "k")?,
                view.idempotency(&a, "l")?,
            ])
        })
    };
    assert_eq!(read().await.unwrap(), rows.clone().map(Some));
    store.write(|tx| tx.trim_idempotency(20)).await.unwrap();
    let [_, second, third] = rows;
    assert_eq!(read().await.unwrap(), [None, Some(second), Some(third)]);
}

pub async fn files_of_queued_sends(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let file = |sha256: &str, status| {
        let media = serde_json::json!({
            "type": "media", "kind": "document", "mimetype": "a/b", "size": 1, "sha256": sha256, "key": ""
        });
        OutboxRow {
            content: serde_json::from_value(media).unwrap(),
            status,
            ..send(5)
        }
    };
    put(
        store,
        s,
        &[
            file("aa", SendStatus::Queued),
            file("bb", SendStatus::Sent),
            send(6),
        ],
    )
    .await;
    put(
        store,
        other,
        &[
            file("aa", SendStatus::Queued),
            file("cc", SendStatus::Queued),
        ],
    )
    .await;
    let mut files = store.read(|view| view.outbox_files()).await.unwrap();
    files.sort();
    assert_eq!(files, ["aa", "cc"]);
}

pub async fn the_newest_reaction_under_way(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let reaction = |message: i64, emoji: &str| OutboxRow {
        content: What::Reaction {
            target: Target {
                number: 0,
                message,
                wa_id: "A".to_owned(),
                from_me: true,
                author: Seen::default(),
            },
            emoji: emoji.to_owned(),
        }
        .into(),
        message_id: 0,
        ..send(5)
    };
    let sent = OutboxRow {
        status: SendStatus::Sent,
        ..reaction(1, "sent")
    };
    let rows = [
        reaction(1, "a"),
        reaction(1, ""),
        reaction(2, "b"),
        sent,
        send(6),
    ];
    put(store, s, &rows).await;
    put(store, other, &[reaction(3, "c")]).await;
    let found = store
        .read(move |view| {
            (1..4)
                .map(|message| view.outbox_reaction(s, message))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    let ids: Vec<_> = found.into_iter().map(|row| row.map(|row| row.id)).collect();
    assert_eq!(ids, [Some(rows[1].id), Some(rows[2].id), None]);
}
