//! Measures the search index on this store: `cargo run --release -p wharf-store-sqlite --example search -- [messages]`.
//! The figures found are in ADR 0023.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};
use ulid::Ulid;
use wharf_domain::{
    Domain, Error, Result,
    inbound::{InChat, InMessage, Inbound, MessageExtra, Origin, Seen},
    master_key::MasterKey,
    ports::{clock::SystemClock, ids::Ids, store::*},
    search::{MessageParams, MessageQuery, segment},
    sessions::{SessionNo, SessionRow, SessionScope},
    system::SystemIds,
};
use wharf_store_sqlite::{Options, SqliteStore};
use wharf_types::{OrgId, SessionId};

fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Numbers without a source of randomness: every run measures the same.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) >> 1
}

/// A word of a made-up language, frequent ones more often: some 20,000 of them.
fn word(seed: u64) -> String {
    const LATIN: [&str; 20] = [
        "an", "be", "ci", "do", "er", "fa", "gu", "he", "in", "ka", "lo", "mi", "ne", "or", "pa",
        "re", "sti", "tu", "ve", "zo",
    ];
    const CYRILLIC: [&str; 12] = [
        "ба", "во", "ги", "де", "жу", "ка", "ло", "ме", "но", "пра", "ст", "то",
    ];
    let rank = (mixed(seed) % 20_000)
        .min(mixed(seed ^ 1) % 20_000)
        .min(mixed(seed ^ 2) % 20_000);
    let parts: &[&str] = if rank.is_multiple_of(4) {
        &CYRILLIC
    } else {
        &LATIN
    };
    let mut word = String::new();
    let mut left = rank + 3;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(0) % parts.len();
        word.push_str(parts.get(part).copied().unwrap_or(""));
        left /= parts.len() as u64;
    }
    word
}

fn body(id: u64) -> String {
    let words = 3 + mixed(id) % 18;
    let words: Vec<String> = (0..words).map(|n| word(id * 64 + n)).collect();
    words.join(" ")
}

fn said(id: u64, messages: u64) -> Result<Inbound> {
    let bad = |error: wharf_types::AddressError| Error::Internal(error.to_string());
    let author = mixed(id / 40) % 500;
    let who = Seen {
        lid: Some(
            format!("{}@lid", 100_000_000 + author)
                .parse()
                .map_err(bad)?,
        ),
        phone: None,
    };
    Ok(Inbound::Message(Box::new(InMessage {
        chat: InChat::Person(who.clone()),
        sender: who,
        from_me: false,
        wa_id: format!("3EB0{id:016X}"),
        // A history: one conversation after the other, each over the same two years.
        at: i64::try_from(1_700_000_000_000 + mixed(id) % messages * 600_000).unwrap_or(0),
        push_name: String::new(),
        kind: "text".to_owned(),
        body: body(id),
        extra: MessageExtra::default(),
        origin: Origin::Bulk,
        ack_level: 0,
    })))
}

async fn session(domain: &Domain) -> Result<SessionScope> {
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
    let no = domain
        .store
        .write(move |tx| {
            tx.insert_org(&row)?;
            tx.insert_session(&session)
        })
        .await?;
    Ok(SessionScope { no, ..scope })
}

fn percentile(sorted: &[Duration], part: f64) -> Duration {
    let place = (sorted.len() as f64 * part) as usize;
    sorted.get(place).copied().unwrap_or_default()
}

async fn asks(
    domain: &Arc<Domain>,
    scope: SessionScope,
    what: &str,
    q: impl Fn(u64) -> String,
) -> Result<()> {
    let mut took = Vec::new();
    let mut found = 0;
    for seed in 0..300 {
        let text = q(seed);
        let params = MessageParams {
            q: &text,
            ..MessageParams::default()
        };
        let query = MessageQuery::parse(None, params)?;
        let begun = Instant::now();
        let page = domain.search_messages(scope, query).await?;
        took.push(begun.elapsed());
        found += page.data.len();
    }
    took.sort_unstable();
    say(format_args!(
        "{what}: p50 {:?}, p99 {:?}, {:.1} rows a page",
        percentile(&took, 0.5),
        percentile(&took, 0.99),
        found as f64 / 300.0
    ));
    Ok(())
}

async fn measure(messages: u64) -> Result<()> {
    let dir = tempfile::tempdir().map_err(|error| Error::Internal(error.to_string()))?;
    let path = dir.path().join("wharf.db");
    let store = SqliteStore::open(&path, &Options::default())
        .map_err(|error| Error::Internal(error.to_string()))?;
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let secrets = MasterKey::new([7; 32].into(), Arc::clone(&ids));
    let clock = Arc::new(SystemClock);
    let domain = Arc::new(Domain::new(Arc::new(store), clock, ids, Arc::new(secrets)));
    let scope = session(&domain).await?;
    let s = scope.no;
    let mut batches = Vec::new();
    for first in (0..messages).step_by(500) {
        let batch = (first..(first + 500).min(messages)).map(|id| said(id, messages));
        batches.push(batch.collect::<Result<Vec<_>>>()?);
    }
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for batch in batches {
        let one = Instant::now();
        domain.ingest_facts(scope, batch).await?;
        slowest = slowest.max(one.elapsed());
    }
    let stored = begun.elapsed();
    while domain
        .store
        .read(move |view| segment::due(view, s))
        .await?
        .is_some()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = |took: Duration| messages as f64 / took.as_secs_f64();
    say(format_args!(
        "{messages} messages: stored at {:.0}/s, indexed too at {:.0}/s, slowest batch {slowest:?}, file {} MiB",
        rate(stored),
        rate(begun.elapsed()),
        std::fs::metadata(&path).map_or(0, |file| file.len() >> 20)
    ));
    asks(&domain, scope, "one character", |seed| {
        word(seed).chars().take(1).collect()
    })
    .await?;
    asks(&domain, scope, "two characters", |seed| {
        word(seed).chars().take(2).collect()
    })
    .await?;
    asks(&domain, scope, "a word", word).await?;
    asks(&domain, scope, "two words", |seed| {
        format!("{} {}", word(seed), word(seed + 7))
    })
    .await?;
    asks(&domain, scope, "nothing such", |seed| {
        format!("{}xq", word(seed))
    })
    .await?;
    asks(&domain, scope, "all", |_| String::new()).await
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let messages = args.next().map_or(Ok(100_000), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(messages))?;
    Ok(())
}
