//! Messages and receipts.

use super::{message, session};
use wharf_domain::{inbound::MessageExtra, ports::store::*};
use wharf_types::SendStatus;

pub async fn round_trip(store: &dyn Store) {
    let s = session(store).await.no;
    let plain = message(1, 2, 3, "A");
    let full = MessageRow {
        kind: "image".to_owned(),
        body: "nul \0 and emoji 🦊".to_owned(),
        extra: MessageExtra {
            quoted_id: "Q".to_owned(),
            mentions: vec!["1@lid".to_owned()],
            media: Some(serde_json::json!({"kind": "image", "size": 12})),
            sealed: "c2VhbGVk".to_owned(),
            ..MessageExtra::default()
        },
        ack_level: -1,
        status: Some(SendStatus::Failed),
        error: "rejected".to_owned(),
        edited: true,
        deleted: true,
        ..message(2, 2, 0, "B")
    };
    let rows = [plain, full];
    let put = rows.clone();
    store
        .write(move |tx| {
            put.iter().try_for_each(|row| tx.put_message(s, row))?;
            tx.set_recipients(s, 2, 5)?;
            tx.put_message(s, &put[1])?;
            assert_eq!(tx.recipients(s, 2)?, Some(5), "not the row's to forget");
            Ok(())
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            for row in &rows {
                assert_eq!(view.message(s, row.id)?.as_ref(), Some(row));
                let found = view.message_by_wa_id(s, 2, row.sender_id, &row.wa_id)?;
                assert_eq!(found.as_ref(), Some(row));
            }
            let ids = ["A", "B", "C"].map(str::to_owned);
            assert_eq!(view.own_messages(s, 2, &ids)?, rows[1..]);
            assert_eq!(view.own_messages(s, 1, &ids)?, []);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn newest_first(store: &dyn Store) {
    let s = session(store).await.no;
    // (id, chat, at): by time, then by arrival.
    let rows = [(1, 1, 30), (2, 1, 10), (3, 1, 30), (4, 2, 99), (5, 1, 20)];
    store
        .write(move |tx| {
            for (id, chat, at) in rows {
                let row = MessageRow {
                    at,
                    ..message(id, chat, 1, &id.to_string())
                };
                tx.put_message(s, &row)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    for limit in [1, 2, 10] {
        let walked = store
            .read(move |view| {
                let mut seen = vec![];
                let mut after = None;
                loop {
                    let page = view.messages(s, 1, after, limit)?;
                    let Some(last) = page.last() else {
                        return Ok(seen);
                    };
                    after = Some((last.at, last.id));
                    seen.extend(page.iter().map(|row| row.id));
                }
            })
            .await
            .unwrap();
        assert_eq!(walked, [3, 1, 5, 2]);
    }
}

pub async fn unique_in_chat_and_sender(store: &dyn Store) {
    let s = session(store).await.no;
    let put = |row: MessageRow| store.write(move |tx| tx.put_message(s, &row));
    put(message(1, 1, 1, "X")).await.unwrap();
    put(message(2, 1, 2, "X")).await.unwrap();
    put(message(3, 2, 1, "X")).await.unwrap();
    put(message(4, 1, 1, "X")).await.unwrap_err();
    put(message(1, 1, 1, "X")).await.unwrap();
    let found = store.read(move |view| view.messages_by_wa_id(s, 1, "X"));
    assert_eq!(
        found.await.unwrap(),
        [message(1, 1, 1, "X"), message(2, 1, 2, "X")]
    );
}

pub async fn moving_drops_doubles(store: &dyn Store) {
    let s = session(store).await.no;
    let (messages, count, recipients) = store
        .write(move |tx| {
            tx.put_message(s, &message(1, 1, 5, "in"))?;
            tx.put_message(s, &message(2, 1, 0, "own"))?;
            tx.put_message(s, &message(3, 2, 5, "in"))?;
            tx.put_message(s, &message(4, 2, 0, "own"))?;
            tx.put_message(s, &message(5, 2, 0, "only here"))?;
            tx.set_recipients(s, 4, 3)?;
            tx.record_receipt(s, 4, 8, 3, 5)?;
            tx.move_messages(s, 2, 1)?;
            tx.move_messages(s, 1, 1)?;
            Ok((
                tx.messages(s, 1, None, 10)?,
                tx.record_receipt(s, 2, 9, 3, 6)?,
                tx.recipients(s, 2)?,
            ))
        })
        .await
        .unwrap();
    let ids: Vec<_> = messages.iter().map(|row| row.id).collect();
    assert_eq!(ids, [5, 2, 1]);
    assert_eq!(count, 2, "the dropped one's receipt went over");
    assert_eq!(recipients, Some(3));
}

pub async fn receipts_are_counted_by_level(store: &dyn Store) {
    let s = session(store).await.no;
    let counts = store
        .write(move |tx| {
            Ok([
                tx.record_receipt(s, 1, 11, 2, 5)?,
                tx.record_receipt(s, 1, 12, 3, 6)?,
                // A lower or repeated level takes nothing back.
                tx.record_receipt(s, 1, 12, 2, 7)?,
                tx.record_receipt(s, 1, 12, 3, 7)?,
                tx.record_receipt(s, 1, 11, 3, 8)?,
                tx.record_receipt(s, 2, 11, 2, 8)?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(counts, [1, 1, 2, 1, 2, 1]);
}

pub async fn known_once_something_got_through(store: &dyn Store) {
    let s = session(store).await.no;
    let known = |chat| store.read(move |view| view.chat_known(s, chat));
    let put = |row: MessageRow| store.write(move |tx| tx.put_message(s, &row));
    for id in 1..=30 {
        put(super::message(id, 1, 0, &format!("Q{id}")))
            .await
            .unwrap();
    }
    assert_eq!(known(1).await, Ok(false), "own messages that wait");
    let failed = MessageRow {
        ack_level: -1,
        ..super::message(31, 1, 0, "F")
    };
    put(failed).await.unwrap();
    assert_eq!(known(1).await, Ok(false));
    put(super::message(32, 2, 7, "IN")).await.unwrap();
    assert_eq!(known(2).await, Ok(true));
    let taken = MessageRow {
        ack_level: 1,
        at: 1,
        ..super::message(33, 1, 0, "OLD")
    };
    put(taken).await.unwrap();
    assert_eq!(known(1).await, Ok(true));
    assert_eq!(known(3).await, Ok(false));
}

pub async fn deeds_wait_for_their_message(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    store
        .write(move |tx| {
            for (at, wa_id) in [(10, "A"), (20, "B"), (30, "A"), (40, "C")] {
                tx.put_waiting_deed(s, wa_id, at, &format!("{wa_id}{at}"))?;
            }
            tx.put_waiting_deed(other, "A", 5, "another session's")?;
            let waiting = tx.waiting_deeds(s, "A")?;
            let words: Vec<&str> = waiting.iter().map(|(_, deed)| deed.as_str()).collect();
            assert_eq!(words, ["A10", "A30"], "in the order they were told");
            // Of another session: not this one's to drop.
            tx.drop_waiting_deed(other, waiting[1].0)?;
            assert_eq!(tx.waiting_deeds(s, "A")?.len(), 2);
            tx.drop_waiting_deed(s, waiting[1].0)?;
            assert_eq!(tx.waiting_deeds(s, "A")?.len(), 1);
            tx.trim_waiting_deeds(s, 15, 10)?;
            assert!(tx.waiting_deeds(s, "A")?.is_empty(), "too old");
            assert_eq!(tx.waiting_deeds(s, "B")?.len(), 1);
            tx.trim_waiting_deeds(s, 0, 1)?;
            assert!(tx.waiting_deeds(s, "B")?.is_empty(), "too many");
            assert_eq!(tx.waiting_deeds(s, "C")?.len(), 1);
            assert_eq!(tx.waiting_deeds(other, "A")?.len(), 1);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn by_id_in_every_chat(store: &dyn Store) {
    let s = session(store).await.no;
    let rows = [
        message(1, 1, 1, "A"),
        message(2, 2, 1, "A"),
        message(3, 2, 1, "B"),
    ];
    store
        .write(move |tx| rows.iter().try_for_each(|row| tx.put_message(s, row)))
        .await
        .unwrap();
    let count = |wa_id: &'static str, limit| {
        store.read(move |view| Ok(view.messages_anywhere(s, wa_id, limit)?.len()))
    };
    assert_eq!(count("A", 10).await.unwrap(), 2);
    assert_eq!(count("A", 1).await.unwrap(), 1);
    assert_eq!(count("C", 10).await.unwrap(), 0);
}

pub async fn files_nobody_names(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let named = |id: i64, file: &str| MessageRow {
        extra: MessageExtra {
            file: file.to_owned(),
            ..MessageExtra::default()
        },
        ..message(id, 1, 0, &format!("W{id}"))
    };
    let loose = || async {
        let mut all = store.read(|view| view.loose_files()).await.unwrap();
        all.sort_unstable_by(|a, b| a.sha256.cmp(&b.sha256));
        all
    };
    let file = |sha256: &str, named: bool| LooseFile {
        sha256: sha256.to_owned(),
        named,
    };
    let rows = [named(1, "aa"), named(2, "bb"), named(3, ""), named(4, "cc")];
    let same = named(1, "bb");
    store
        .write(move |tx| {
            tx.put_chat(s, &super::dm(1, 1))?;
            rows.iter().try_for_each(|row| tx.put_message(s, row))?;
            tx.put_message(other, &same)
        })
        .await
        .unwrap();
    assert_eq!(loose().await, []);
    // Taken back: its row names no file any more.
    let revoked = MessageRow {
        extra: MessageExtra::default(),
        deleted: true,
        ..named(4, "")
    };
    let again = MessageRow {
        id: 5,
        wa_id: "W5".to_owned(),
        ..revoked.clone()
    };
    store
        .write(move |tx| {
            tx.put_message(s, &revoked)?;
            // The same once more: known already.
            tx.put_message(s, &named(5, "cc"))?;
            tx.put_message(s, &again)
        })
        .await
        .unwrap();
    assert_eq!(loose().await, [file("cc", false)]);
    // Written again as it is: nothing changed.
    let again = named(1, "aa");
    store
        .write(move |tx| tx.put_message(s, &again))
        .await
        .unwrap();
    store.write(move |tx| tx.delete_chat(s, 1)).await.unwrap();
    assert_eq!(
        loose().await,
        [file("aa", false), file("bb", true), file("cc", false)]
    );
    store
        .write(|tx| tx.forget_loose_files(&["aa".to_owned(), "cc".to_owned()]))
        .await
        .unwrap();
    assert_eq!(loose().await, [file("bb", true)]);
}
