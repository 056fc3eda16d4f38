//! Measures what the design of this store rests on: `cargo run --release -p wharf-store-sqlite --example measure
//! -- [people] [directory]`. The figures found are in the comments of `pool.rs` and `writer.rs`.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};
use ulid::Ulid;
use wharf_domain::{
    Error, Result,
    people::{
        ListKey, Names,
        buffer::PostingBuffer,
        flags, index,
        page::{self, Filter},
    },
    ports::store::*,
    sessions::{SessionNo, SessionRow, SessionScope},
};
use wharf_store_sqlite::{Options, SqliteStore};
use wharf_types::{EventId, Lid, OrgId, SessionId};

const CALLERS: usize = 16;

fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Numbers without a source of randomness: every run measures the same.
fn mixed(seed: i64) -> i64 {
    let mut x = u64::from_ne_bytes(seed.to_ne_bytes()).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    i64::from_ne_bytes(((x ^ (x >> 31)) >> 1).to_ne_bytes())
}

fn person(id: i64) -> Result<PersonRow> {
    let bad = |error: wharf_types::AddressError| Error::Internal(error.to_string());
    let given = [
        "Anna",
        "Борис",
        "Chloë",
        "محمد",
        "Dmitri",
        "王芳",
        "Erik",
        "Zoë",
    ];
    let pick = usize::try_from(mixed(id) % 8).unwrap_or(0);
    let name = given.get(pick).copied().unwrap_or("");
    Ok(PersonRow {
        id,
        lid: Some(Lid::from_digits(&format!("{}", 100_000_000_000_000 + id)).map_err(bad)?),
        phone: Some(
            format!("{}", 15_550_000_000 + id * 7)
                .parse()
                .map_err(bad)?,
        ),
        names: Names {
            push: format!("{name} {:x}", mixed(id) % 0xffff_ffff),
            ..Names::default()
        },
        flags: if id % 3 == 0 { flags::DM } else { flags::GROUP },
        first_seen_at: id,
        updated_at: id,
    })
}

async fn seed(store: &SqliteStore, people: i64) -> Result<SessionScope> {
    let org = OrgId::new(Ulid::from_parts(1, 1));
    let row = OrgRow {
        id: org,
        name: "measure".into(),
        created_at: 0,
    };
    let scope = SessionScope {
        org,
        id: SessionId::new(Ulid::from_parts(1, 2)),
        no: SessionNo(0),
    };
    let session = SessionRow::new(scope, 0);
    let no = store
        .write(move |tx| {
            tx.insert_org(&row)?;
            tx.insert_session(&session)
        })
        .await?;
    let started = Instant::now();
    let mut next = 1;
    while next <= people {
        let until = (next + 10_000).min(people + 1);
        store
            .write(move |tx| {
                let mut postings = PostingBuffer::new(no);
                for id in next..until {
                    let row = person(id)?;
                    tx.put_person(no, &row, index::sort_key(&row).as_deref())?;
                    index::update(tx, &mut postings, None, Some(&row))?;
                }
                postings.flush(tx)
            })
            .await?;
        next = until;
    }
    let rate = people as f64 / started.elapsed().as_secs_f64();
    say(format_args!("seed: {people} people, {rate:.0} people/s"));
    Ok(SessionScope { no, ..scope })
}

fn page_job(s: SessionNo, after: i64) -> impl FnOnce(&dyn View) -> Result<usize> + Send + 'static {
    move |view| {
        let filter = Filter {
            lists: vec![ListKey::Listed],
            search: None,
        };
        let mut found = 0;
        page::walk(view, s, &filter, after, 51, &mut |_| found += 1)?;
        Ok(found)
    }
}

type Job = Box<dyn FnOnce(&SqliteStore) + Send>;

/// Where a reading job runs.
#[derive(Clone)]
enum Where {
    Inline(Arc<SqliteStore>),
    Threads(mpsc::Sender<Job>),
}

impl Where {
    fn threads(store: &Arc<SqliteStore>, count: usize) -> Self {
        let (queue, jobs) = mpsc::channel();
        let jobs: Arc<Mutex<mpsc::Receiver<Job>>> = Arc::new(Mutex::new(jobs));
        for _ in 0..count {
            let (jobs, store) = (Arc::clone(&jobs), Arc::clone(store));
            std::thread::spawn(move || {
                loop {
                    let job = jobs.lock().map(|jobs| jobs.recv());
                    let Ok(Ok(job)) = job else { return };
                    job(&store);
                }
            });
        }
        Self::Threads(queue)
    }

    async fn page(&self, s: SessionNo, after: i64) -> Result<usize> {
        match self {
            Self::Inline(store) => store.read(page_job(s, after)).await,
            Self::Threads(queue) => {
                let (give, take) = tokio::sync::oneshot::channel();
                let _ = queue.send(Box::new(move |store| {
                    let page =
                        futures_util::FutureExt::now_or_never(store.read(page_job(s, after)));
                    let _ = give.send(page);
                }));
                let page = take.await.ok().flatten();
                page.unwrap_or_else(|| Err(Error::Internal("no answer".into())))
            }
        }
    }
}

/// Time this thread has spent on a processor: other programs do not count. Linux only, else nothing.
fn on_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Says what one of 20,000 calls costs a single caller.
async fn cost(what: &str, call: impl AsyncFn(i64) -> Result<()>) -> Result<()> {
    let (started, cpu) = (Instant::now(), on_cpu());
    for seed in 0..20_000 {
        call(seed).await?;
    }
    let (wall, cpu) = (started.elapsed() / 20_000, (on_cpu() - cpu) / 20_000);
    say(format_args!(
        "{what}: {wall:?}, of it on a processor {cpu:?}"
    ));
    Ok(())
}

fn percentile(sorted: &[Duration], part: f64) -> Duration {
    let place = (sorted.len() as f64 * part) as usize;
    sorted.get(place).copied().unwrap_or_default()
}

async fn pages(what: &str, place: Where, s: SessionNo, people: i64) -> Result<()> {
    let span = Duration::from_secs(3);
    let started = Instant::now();
    let mut callers = vec![];
    for caller in 0..CALLERS {
        let place = place.clone();
        callers.push(tokio::spawn(async move {
            let mut took = vec![];
            let mut seed = i64::try_from(caller).unwrap_or(0) << 32;
            while started.elapsed() < span {
                seed += 1;
                let one = Instant::now();
                place.page(s, mixed(seed) % people).await?;
                took.push(one.elapsed());
                tokio::task::yield_now().await;
            }
            Ok::<_, Error>(took)
        }));
    }
    let mut took = vec![];
    for caller in callers {
        took.extend(
            caller
                .await
                .map_err(|_| Error::Internal("caller".into()))??,
        );
    }
    took.sort_unstable();
    say(format_args!(
        "{what}: {:.0} pages/s, p50 {:?}, p99 {:?}, p99.9 {:?}",
        took.len() as f64 / span.as_secs_f64(),
        percentile(&took, 0.5),
        percentile(&took, 0.99),
        percentile(&took, 0.999),
    ));
    Ok(())
}

/// Writers that each wait for their answer: what group commit makes of one fsync.
async fn writes(store: &Arc<SqliteStore>, scope: SessionScope, writers: usize) -> Result<()> {
    let span = Duration::from_secs(3);
    let started = Instant::now();
    let mut tasks = vec![];
    for writer in 0..writers {
        let store = Arc::clone(store);
        tasks.push(tokio::spawn(async move {
            let mut count: u64 = 0;
            while started.elapsed() < span {
                let at = started.elapsed().as_nanos();
                let id = EventId::new(Ulid::from_parts(2, (at << 16) | writer as u128));
                let append = move |tx: &mut dyn Tx| {
                    tx.append_event(&scope, id, "message", 1, "{\"body\":\"hi\"}")
                };
                store.write(append).await?;
                count += 1;
            }
            Ok::<_, Error>(count)
        }));
    }
    let mut count = 0;
    for task in tasks {
        count += task.await.map_err(|_| Error::Internal("writer".into()))??;
    }
    let rate = count as f64 / span.as_secs_f64();
    say(format_args!(
        "events appended by {writers} writers: {rate:.0}/s"
    ));
    Ok(())
}

async fn measure(people: i64, dir: &Path) -> Result<()> {
    let path = dir.join("wharf.db");
    let store = SqliteStore::open(&path, &Options::default())
        .map_err(|error| Error::Internal(error.to_string()))?;
    let store = Arc::new(store);
    let scope = seed(&store, people).await?;
    let s = scope.no;
    say(format_args!(
        "file: {} MiB",
        std::fs::metadata(&path).map_or(0, |file| file.len() >> 20)
    ));
    let reads = &store;
    cost("a page", async |seed| {
        let page = page_job(s, mixed(seed) % people);
        reads.read(page).await.map(|_| ())
    })
    .await?;
    cost("its 51 rows", async |seed| {
        let from = mixed(seed) % people;
        let rows = move |view: &dyn View| view.people_between(s, from, from + 50);
        reads.read(rows).await.map(|_| ())
    })
    .await?;
    cost("its rows one by one", async |seed| {
        let from = mixed(seed) % people;
        let ids: Vec<i64> = (from..from + 153).step_by(3).collect();
        let rows = move |view: &dyn View| view.people_by_ids(s, &ids);
        reads.read(rows).await.map(|_| ())
    })
    .await?;
    cost("its chunk", async |seed| {
        let chunk = u32::try_from(mixed(seed) % people / 8_192).unwrap_or(0);
        let chunk = move |view: &dyn View| view.postings_from(s, &ListKey::Listed, chunk, 1);
        reads.read(chunk).await.map(|_| ())
    })
    .await?;
    cost("an empty query", async |_| reads.read(|_| Ok(())).await).await?;
    for _ in 0..2 {
        pages("inline", Where::Inline(Arc::clone(&store)), s, people).await?;
        pages("2 threads", Where::threads(&store, 2), s, people).await?;
        pages("4 threads", Where::threads(&store, 4), s, people).await?;
    }
    for writers in [1, 8, 64, 256] {
        writes(&store, scope, writers).await?;
    }
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { writes(&store, scope, 4).await })
    };
    pages(
        "inline, beside 4 writers",
        Where::Inline(Arc::clone(&store)),
        s,
        people,
    )
    .await?;
    writing
        .await
        .map_err(|_| Error::Internal("writer".into()))??;
    let started = Instant::now();
    store.write(move |tx| tx.delete_session(&scope)).await?;
    say(format_args!("session deleted in {:?}", started.elapsed()));
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let people = args.next().map_or(Ok(200_000), |text| text.parse())?;
    let dir = match args.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(people, dir.path()))?;
    Ok(())
}
