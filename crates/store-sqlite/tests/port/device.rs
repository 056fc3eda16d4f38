//! Device state.

use super::session;
use wharf_domain::{ports::store::*, sessions::SessionNo};

pub async fn key_value(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    store
        .write(move |tx| {
            tx.device_put(s, 1, b"k", b"one")?;
            tx.device_put(s, 2, b"k", b"two")?;
            tx.device_put(s, 1, b"", b"")?;
            tx.device_put(s, 1, b"k", b"three")?;
            tx.device_delete(s, 1, b"absent")
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            assert_eq!(view.device_get(s, 1, b"k")?.as_deref(), Some(&b"three"[..]));
            assert_eq!(view.device_get(s, 2, b"k")?.as_deref(), Some(&b"two"[..]));
            assert_eq!(view.device_get(s, 1, b"")?.as_deref(), Some(&b""[..]));
            assert_eq!(view.device_get(s, 3, b"k")?, None);
            assert_eq!(view.device_get(other, 1, b"k")?, None);
            Ok(())
        })
        .await
        .unwrap();
    store
        .write(move |tx| tx.device_delete(s, 1, b"k"))
        .await
        .unwrap();
    let gone = store.read(move |view| view.device_get(s, 1, b"k")).await;
    assert_eq!(gone.unwrap(), None);
}

pub async fn scans_by_prefix(store: &dyn Store) {
    let s = session(store).await.no;
    let keys: [&[u8]; 7] = [b"", b"a", b"ab", b"a\xff", b"a\xff\xff1", b"b", b"\xff\xff"];
    store
        .write(move |tx| {
            keys.iter()
                .try_for_each(|key| tx.device_put(s, 1, key, &[key, &b"!"[..]].concat()))?;
            tx.device_put(s, 2, b"ax", b"")
        })
        .await
        .unwrap();
    for prefix in [&b""[..], b"a", b"a\xff", b"b", b"\xff", b"c"] {
        let found = store
            .read(move |view| view.device_scan(s, 1, prefix))
            .await
            .unwrap();
        let mut expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
        expected.sort();
        assert_eq!(
            found.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            expected
        );
        assert!(found.iter().all(|(key, value)| value.starts_with(key)));
    }
}

pub async fn cleared_by_space(store: &dyn Store) {
    let (s, other) = (session(store).await.no, session(store).await.no);
    let put = |s: SessionNo| {
        store.write(move |tx| {
            tx.device_put(s, 1, b"k", b"v")?;
            tx.device_put(s, 2, b"k", b"v")
        })
    };
    put(s).await.unwrap();
    put(other).await.unwrap();
    let left = |s: SessionNo| {
        store.read(move |view| {
            Ok([1, 2].map(|space| view.device_get(s, space, b"k").unwrap().is_some()))
        })
    };
    let clear = |space| store.write(move |tx| tx.device_clear(s, space));
    clear(Some(1)).await.unwrap();
    assert_eq!(left(s).await.unwrap(), [false, true]);
    clear(None).await.unwrap();
    assert_eq!(left(s).await.unwrap(), [false, false]);
    assert_eq!(left(other).await.unwrap(), [true, true]);
}
