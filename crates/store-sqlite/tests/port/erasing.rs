//! Taking out what is one person's, or too old; and long work.

use super::{insert_session, new_session, org, ulid};
use wharf_domain::{
    inbound::MessageExtra,
    ports::store::*,
    sessions::{SessionNo, SessionScope},
};
use wharf_types::{EventId, JobId};

async fn scope(store: &dyn Store) -> SessionScope {
    let org = org(store).await;
    insert_session(store, new_session(org)).await.scope
}

fn message(id: i64, chat: i64, at: i64) -> MessageRow {
    MessageRow {
        id,
        chat_id: chat,
        sender_id: 7,
        wa_id: format!("W{id}"),
        from_me: false,
        at,
        created_at: at,
        kind: "text".to_owned(),
        body: String::new(),
        extra: MessageExtra::default(),
        ack_level: 0,
        status: None,
        error: String::new(),
        edited: false,
        deleted: false,
    }
}

pub async fn messages_by_age_and_one_by_one(store: &dyn Store) {
    let s = scope(store).await.no;
    store
        .write(move |tx| {
            for row in [
                message(1, 5, 30),
                message(2, 5, 10),
                message(3, 5, 20),
                message(4, 6, 1),
            ] {
                tx.put_message(s, &row)?;
                tx.record_receipt(s, row.id, 9, 2, 1)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let ids = |rows: Vec<MessageRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let old = store
        .read(move |view| view.messages_older(s, 5, 30, 10))
        .await;
    assert_eq!(
        ids(old.unwrap()),
        [2, 3],
        "oldest first, not the one of that very time"
    );
    let one = store
        .read(move |view| view.messages_older(s, 5, 31, 1))
        .await;
    assert_eq!(ids(one.unwrap()), [2]);
    let left = store
        .write(move |tx| {
            tx.delete_message(s, 2)?;
            tx.messages_between(s, 1, 9)
        })
        .await;
    assert_eq!(ids(left.unwrap()), [1, 3, 4]);
    for (went, rows) in [(2, 2), (1, 2), (0, 2)] {
        let gone = store.write(move |tx| tx.erase_receipts(s, 9, rows)).await;
        assert_eq!(gone, Ok(went), "three were left, two at a time");
    }
}

pub async fn payloads_by_number(store: &dyn Store) {
    let (mine, other) = (scope(store).await, scope(store).await);
    store
        .write(move |tx| {
            for at in [mine, other, mine, mine] {
                tx.append_event(&at, EventId::new(ulid()), "x", 1, r#"{"a":1}"#)?;
            }
            tx.erase_payloads(&mine.id, &[2])
        })
        .await
        .unwrap();
    let erased = || r#"{"erased":true}"#.to_owned();
    let whole = || r#"{"a":1}"#.to_owned();
    let rows = store
        .read(move |view| view.event_payloads(&mine.id, 0, 10))
        .await;
    assert_eq!(rows.unwrap(), [(1, whole()), (2, erased()), (3, whole())]);
    let rest = store
        .read(move |view| view.event_payloads(&mine.id, 1, 1))
        .await;
    assert_eq!(rest.unwrap(), [(2, erased())]);
    let theirs = store
        .read(move |view| view.event_payloads(&other.id, 0, 10))
        .await;
    assert_eq!(theirs.unwrap(), [(1, whole())]);
}

pub async fn device_state_by_whom_its_keys_name(store: &dyn Store) {
    let (mine, other) = (scope(store).await.no, scope(store).await.no);
    let (gone, left, theirs) = store
        .write(move |tx| {
            for key in ["4915:0", "team|4915", "14915:0", "49150"] {
                tx.device_put(mine, 3, key.as_bytes(), b"v")?;
                tx.device_put(other, 3, key.as_bytes(), b"v")?;
            }
            let gone = tx.erase_device_keys(mine, "4915")?;
            let left = tx.device_scan(mine, 3, b"")?;
            Ok((gone, left, tx.device_scan(other, 3, b"")?.len()))
        })
        .await
        .unwrap();
    assert_eq!((gone, theirs), (2, 4));
    let left: Vec<_> = left.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(left, [&b"14915:0"[..], b"49150"]);
}

pub async fn waiting_deeds_by_what_they_hold(store: &dyn Store) {
    let s = scope(store).await.no;
    let gone = store
        .write(move |tx| {
            tx.put_waiting_deed(s, "A", 1, r#"{"by":"15551230001"}"#)?;
            tx.put_waiting_deed(s, "B", 1, r#"{"by":"155512300012"}"#)?;
            tx.erase_waiting_deeds(s, "\"15551230001\"")
        })
        .await;
    assert_eq!(gone, Ok(1));
    let left = store
        .read(move |view| view.waiting_deeds(s, "B"))
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
}

pub async fn the_running_job_or_the_last(store: &dyn Store) {
    let (a, b) = (scope(store).await, scope(store).await);
    let job = |finished_at| JobRow {
        id: JobId::new(ulid()),
        kind: "backfill",
        started_at: 1,
        finished_at,
        error: String::new(),
        progress: "{}".to_owned(),
    };
    let (first, second, done) = (job(None), job(None), job(Some(9)));
    let rows = (first.clone(), second.clone(), done.clone());
    store
        .write(move |tx| {
            tx.put_job(a.no, &rows.0)?;
            tx.put_job(b.no, &rows.1)?;
            tx.put_job(a.no, &rows.2)
        })
        .await
        .unwrap();
    let (of_a, other, running) = store
        .read(move |view| {
            Ok((
                view.job(a.no, "backfill")?,
                view.job(a.no, "import")?,
                view.jobs_running("backfill")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((of_a, other), (Some(done), None));
    assert_eq!(running, [(b, second)]);
    store.write(move |tx| tx.delete_session(&b)).await.unwrap();
    let running = store.read(|view| view.jobs_running("backfill")).await;
    assert_eq!(running, Ok(vec![]), "a deleted session's is nobody's");
    let gone = SessionNo(999);
    let counted = store.read(move |view| view.counted(gone)).await;
    assert_eq!(counted, Ok(Counted::default()));
    let anywhere = store
        .read(move |view| Ok((view.session_anywhere(&a.id)?, view.session_anywhere(&b.id)?)))
        .await;
    assert_eq!(anywhere, Ok((Some(a), None)));
}
