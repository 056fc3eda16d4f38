//! Group commit, the queue, and readers beside the writer.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};
use wharf_domain::{Error, Result, ports::store::*};
use wharf_store_sqlite::{Options, SqliteStore};

/// Holds the writer inside a job until the sender is dropped, so that what follows queues up behind it.
async fn hold(store: &Arc<SqliteStore>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<()>>) {
    let (release, released) = mpsc::channel::<()>();
    let (tell, held) = tokio::sync::oneshot::channel();
    let store = Arc::clone(store);
    let job = tokio::spawn(async move {
        let job = move |_: &mut dyn Tx| {
            let _ = tell.send(());
            let _ = released.recv();
            Ok(())
        };
        store.write(job).await
    });
    held.await.unwrap();
    (release, job)
}

/// Queues a job; it is in the queue when this returns (the runtime has one thread).
async fn queue(
    store: &Arc<SqliteStore>,
    job: impl FnOnce(&mut dyn Tx) -> Result<()> + Send + 'static,
) -> tokio::task::JoinHandle<Result<()>> {
    let store = Arc::clone(store);
    let task = tokio::spawn(async move { store.write(job).await });
    tokio::task::yield_now().await;
    task
}

async fn setting(store: &SqliteStore, name: &'static str) -> Option<Vec<u8>> {
    store.read(move |view| view.setting(name)).await.unwrap()
}

#[tokio::test]
async fn a_failing_job_leaves_its_neighbours() {
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let (release, held) = hold(&store).await;
    let first = queue(&store, |tx| tx.put_setting("first", b"1")).await;
    let failing = queue(&store, |tx| {
        tx.put_setting("failing", b"1")?;
        Err(Error::Timeout)
    });
    let failing = failing.await;
    let panicking = queue(&store, |tx| {
        tx.put_setting("panicking", b"1")?;
        panic!("on purpose")
    });
    let panicking = panicking.await;
    let last = queue(&store, |tx| tx.put_setting("last", b"1")).await;
    drop(release);
    assert_eq!(held.await.unwrap(), Ok(()));
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(failing.await.unwrap(), Err(Error::Timeout));
    let panicked = panicking.await.unwrap();
    assert!(matches!(panicked, Err(Error::Internal(_))), "{panicked:?}");
    assert_eq!(last.await.unwrap(), Ok(()));
    for (name, kept) in [
        ("first", true),
        ("failing", false),
        ("panicking", false),
        ("last", true),
    ] {
        assert_eq!(setting(&store, name).await.is_some(), kept, "{name}");
    }
}

#[tokio::test]
async fn a_job_nobody_waits_for_is_skipped() {
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let (release, held) = hold(&store).await;
    let given_up = queue(&store, |tx| tx.put_setting("given up", b"1")).await;
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    let next = queue(&store, |tx| tx.put_setting("next", b"1")).await;
    drop(release);
    held.await.unwrap().unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(setting(&store, "given up").await, None);
}

fn open(path: &Path, options: &Options) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(path, options).unwrap())
}

#[tokio::test]
async fn a_full_queue_and_a_late_job_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        queue: 1,
        wait: Duration::from_millis(50),
        ..Options::default()
    };
    let store = open(&dir.path().join("wharf.db"), &options);
    let (release, held) = hold(&store).await;
    let late = queue(&store, |tx| tx.put_setting("late", b"1")).await;
    let refused = queue(&store, |tx| tx.put_setting("refused", b"1")).await;
    let busy = "the store has more to write than it can; nothing was stored";
    for job in [late, refused] {
        assert_eq!(job.await.unwrap(), Err(Error::Unavailable(busy.to_owned())));
    }
    drop(release);
    // The one that ran was waited for, long after the queue's deadline.
    assert_eq!(held.await.unwrap(), Ok(()));
    store
        .write(|tx| tx.put_setting("next", b"1"))
        .await
        .unwrap();
    assert_eq!(setting(&store, "late").await, None);
    assert_eq!(setting(&store, "refused").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_whole_transactions_while_the_writer_works() {
    const WRITES: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("wharf.db"), &Options::default());
    let both = |tx: &mut dyn Tx, value: u64| {
        tx.put_setting("left", &value.to_be_bytes())?;
        tx.put_setting("right", &value.to_be_bytes())
    };
    store.write(move |tx| both(tx, 0)).await.unwrap();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut readers = vec![];
    for _ in 0..4 {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        readers.push(tokio::spawn(async move {
            let mut seen = 0;
            while seen < WRITES {
                let at_least = acknowledged.load(Ordering::SeqCst);
                let pair = store.read(|view| Ok((view.setting("left")?, view.setting("right")?)));
                let (left, right) = pair.await.unwrap();
                assert_eq!(left, right, "a torn transaction");
                let value = u64::from_be_bytes(left.unwrap().try_into().unwrap());
                assert!(value >= seen, "time went back");
                assert!(value >= at_least, "an acknowledged write is not seen");
                seen = value;
                tokio::task::yield_now().await;
            }
        }));
    }
    for value in 1..=WRITES {
        store.write(move |tx| both(tx, value)).await.unwrap();
        acknowledged.store(value, Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
