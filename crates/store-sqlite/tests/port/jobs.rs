//! Jobs: whole or not at all.

use super::{dm, org, session};
use wharf_domain::{Error, ports::store::*};

pub async fn a_failed_job_leaves_nothing(store: &dyn Store) {
    let failed = store
        .write(|tx| {
            tx.put_setting("a", b"1")?;
            Err::<(), _>(Error::Conflict("no".to_owned()))
        })
        .await;
    assert_eq!(failed, Err(Error::Conflict("no".to_owned())));
    let read = store.read(|view| view.setting("a")).await.unwrap();
    assert_eq!(read, None);
}

pub async fn a_job_reads_what_it_wrote(store: &dyn Store) {
    let read = store
        .write(|tx| {
            tx.put_setting("a", b"1")?;
            tx.view().setting("a")
        })
        .await
        .unwrap();
    assert_eq!(read.as_deref(), Some(&b"1"[..]));
}

pub async fn a_swallowed_failure_still_undoes_the_job(store: &dyn Store) {
    let s = session(store).await.no;
    let done = store
        .write(move |tx| {
            tx.put_setting("a", b"1")?;
            tx.put_chat(s, &dm(1, 7))?;
            // A second direct chat with one person breaks a unique key.
            assert!(tx.put_chat(s, &dm(2, 7)).is_err());
            assert!(tx.put_setting("b", b"2").is_err(), "the job is doomed");
            Ok(())
        })
        .await;
    assert!(matches!(done, Err(Error::Internal(_))), "{done:?}");
    let read = store.read(|view| view.setting("a")).await.unwrap();
    assert_eq!(read, None);
}

pub async fn a_panic_undoes_the_job(store: &dyn Store) {
    let done = store
        .write(|tx| {
            tx.put_setting("a", b"1")?;
            if tx.setting("a")?.is_some() {
                panic!("on purpose");
            }
            Ok(())
        })
        .await;
    assert!(matches!(done, Err(Error::Internal(_))), "{done:?}");
    let read = store.read(|view| view.setting("a")).await.unwrap();
    assert_eq!(read, None);
    store.write(|tx| tx.put_setting("a", b"2")).await.unwrap();
}

pub async fn a_query_sees_one_snapshot(store: &dyn Store) {
    let before = org(store).await;
    let (first, second) = std::thread::scope(|scope| {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let reading = scope.spawn(move || {
            wait(store.read(move |view| {
                let first = view.orgs()?.len();
                ask.send(()).unwrap();
                told.recv().unwrap();
                Ok((first, view.orgs()?.len()))
            }))
        });
        asked.recv().unwrap();
        let writing = scope.spawn(|| {
            wait(async {
                org(store).await;
                Ok(())
            })
        });
        writing.join().unwrap().unwrap();
        tell.send(()).unwrap();
        reading.join().unwrap().unwrap()
    });
    assert_eq!((first, second), (1, 1), "{before}");
    let now = store.read(|view| view.orgs()).await.unwrap();
    assert_eq!(now.len(), 2);
}

/// Runs a future on a runtime of the calling thread's own: a query may hold its thread.
fn wait<T>(work: impl Future<Output = wharf_domain::Result<T>>) -> wharf_domain::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

pub async fn health_answers(store: &dyn Store) {
    store.health().await.unwrap();
    store.health().await.unwrap();
}
