//! Chats.

use super::{dm, message, session};
use wharf_domain::{
    chats::settings::{Setting, SettingKind},
    ports::store::*,
    sessions::SessionNo,
};
use wharf_types::Millis;

pub async fn round_trip(store: &dyn Store) {
    let s = session(store).await.no;
    let group = ChatRow {
        id: 2,
        peer: ChatPeer::Jid("120363000000000000@g.us".to_owned()),
        kind: "group",
        name: "Überraschung 🎉".to_owned(),
        archived: true,
        pinned: true,
        muted_until: Some(9),
        unread: 3,
        last_at: Some(8),
    };
    let rows = [dm(1, 7), group];
    let put = rows.clone();
    store
        .write(move |tx| put.iter().try_for_each(|row| tx.put_chat(s, row)))
        .await
        .unwrap();
    store
        .read(move |view| {
            for row in &rows {
                assert_eq!(view.chat(s, row.id)?.as_ref(), Some(row));
                assert_eq!(view.chat_of(s, &row.peer)?.as_ref(), Some(row));
            }
            assert_eq!(view.chat_of(s, &ChatPeer::Person(8))?, None);
            assert_eq!(view.chat_of(s, &ChatPeer::Jid("x".to_owned()))?, None);
            Ok(())
        })
        .await
        .unwrap();
    store
        .write(move |tx| tx.put_chat(s, &dm(3, 7)))
        .await
        .unwrap_err();
}

/// Chats by id: (pinned, last activity).
async fn fill(store: &dyn Store, s: SessionNo) {
    let rows = [
        (1, false, Some(50)),
        (2, true, Some(10)),
        (3, false, None),
        (4, false, Some(50)),
        (5, true, Some(70)),
        (6, false, Some(60)),
        (7, false, None),
    ];
    store
        .write(move |tx| {
            for (id, pinned, last_at) in rows {
                let row = ChatRow {
                    pinned,
                    last_at,
                    archived: id % 2 == 0,
                    unread: u32::from(id >= 5),
                    ..dm(id, 100 + id)
                };
                tx.put_chat(s, &row)?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

pub fn place(row: &ChatRow) -> ChatPlace {
    ChatPlace {
        pinned: row.pinned,
        last_at: row.last_at.unwrap_or(0),
        id: row.id,
    }
}

async fn walk(store: &dyn Store, s: SessionNo, filter: ChatFilter, limit: usize) -> Vec<i64> {
    store
        .read(move |view| {
            let mut seen = vec![];
            let mut after = None;
            loop {
                let page = view.chats(s, after, &filter, limit)?;
                let Some(last) = page.last() else {
                    return Ok(seen);
                };
                after = Some(place(last));
                seen.extend(page.iter().map(|row| row.id));
            }
        })
        .await
        .unwrap()
}

pub async fn in_order_and_after_a_place(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    fill(store, s).await;
    fill(store, other).await;
    for limit in [1, 2, 3, 100] {
        let walked = walk(store, s, ChatFilter::default(), limit).await;
        assert_eq!(walked, [5, 2, 6, 4, 1, 7, 3]);
    }
    let moved = ChatRow {
        last_at: Some(Millis::MAX - 1),
        ..dm(3, 103)
    };
    store.write(move |tx| tx.put_chat(s, &moved)).await.unwrap();
    let walked = walk(store, s, ChatFilter::default(), 3).await;
    assert_eq!(walked, [5, 2, 3, 6, 4, 1, 7]);
}

pub async fn filters(store: &dyn Store) {
    let s = session(store).await.no;
    fill(store, s).await;
    let feed = ChatRow {
        peer: ChatPeer::Jid("status@broadcast".to_owned()),
        kind: "status",
        ..dm(8, 0)
    };
    store.write(move |tx| tx.put_chat(s, &feed)).await.unwrap();
    let filter = |kind: Option<&str>, archived, unread| ChatFilter {
        kind: kind.map(str::to_owned),
        archived,
        unread,
    };
    for (filter, expected) in [
        (filter(Some("status"), None, None), vec![8]),
        (filter(Some("group"), None, None), vec![]),
        (filter(None, Some(true), None), vec![2, 6, 4]),
        (filter(None, Some(false), None), vec![5, 1, 8, 7, 3]),
        (filter(None, None, Some(true)), vec![5, 6, 7]),
        (filter(None, None, Some(false)), vec![2, 4, 1, 8, 3]),
        (filter(Some("dm"), Some(false), Some(true)), vec![5, 7]),
    ] {
        assert_eq!(
            walk(store, s, filter.clone(), 2).await,
            expected,
            "{filter:?}"
        );
    }
}

pub async fn gone_with_its_messages(store: &dyn Store) {
    let s = session(store).await.no;
    let (left, recipients) = store
        .write(move |tx| {
            for (id, chat) in [(1, 1), (2, 1), (3, 2)] {
                tx.put_chat(s, &dm(chat, chat + 10))?;
                tx.put_message(s, &message(id, chat, 0, &format!("m{id}")))?;
                tx.set_recipients(s, id, 4)?;
                tx.record_receipt(s, id, 1, 2, 5)?;
            }
            tx.delete_chat(s, 1)?;
            let left = [tx.chat(s, 1)?.is_some(), tx.chat(s, 2)?.is_some()];
            assert_eq!(left, [false, true]);
            // A receipt on a new message of the same number counts from nothing.
            assert_eq!(tx.record_receipt(s, 1, 9, 2, 5)?, 1);
            let mut ids = vec![];
            for id in 1..=3 {
                ids.extend(tx.message(s, id)?.map(|row| row.id));
            }
            Ok((ids, [tx.recipients(s, 1)?, tx.recipients(s, 3)?]))
        })
        .await
        .unwrap();
    assert_eq!(left, [3]);
    assert_eq!(recipients, [None, Some(4)]);
}

pub async fn settings_wait_by_chat_and_kind(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let row = |chat_id, setting, at| ChatSettingRow {
        chat_id,
        setting,
        at,
        handed: at > 5,
    };
    let rows = [
        row(1, Setting::Archived(true), 5),
        row(1, Setting::MutedUntil(None), 6),
        row(2, Setting::MutedUntil(Some(99)), 5),
        row(2, Setting::Pinned(false), 7),
    ];
    let put = rows.clone();
    store
        .write(move |tx| {
            tx.put_chat(s, &dm(1, 11))?;
            tx.put_chat_setting(s, &row(1, Setting::Archived(false), 1))?;
            put.iter().try_for_each(|row| tx.put_chat_setting(s, row))?;
            tx.put_chat_setting(other, &row(1, Setting::Archived(false), 1))
        })
        .await
        .unwrap();
    let left = store
        .write(move |tx| {
            assert_eq!(tx.chat_settings(s, 10)?, rows);
            assert_eq!(tx.chat_settings(s, 3)?, rows[..3]);
            assert_eq!(
                tx.chat_setting(s, 2, SettingKind::Pinned)?.as_ref(),
                rows.last()
            );
            assert_eq!(tx.chat_setting(s, 2, SettingKind::Archived)?, None);
            tx.delete_chat_setting(s, 2, SettingKind::Muted)?;
            tx.delete_chat_setting(s, 2, SettingKind::Archived)?;
            tx.delete_chat(s, 1)?;
            tx.chat_settings(s, 10)
        })
        .await
        .unwrap();
    assert_eq!(left, [row(2, Setting::Pinned(false), 7)]);
}
