//! `wharf bench webhooks`: deliveries through the whole gateway, from the log on disk to a receiver over a socket.
//!
//! - `deliver`: as many as go to a receiver that takes 10 ms over each, beside a bare client that posts to the same
//!   receiver over as many connections as the webhooks may have (`bare`).
//! - `first`: from the commit of an event to its first attempt, at 500 events a second.
//! - `others`: from commit to attempt, of all but one of a crowd of webhooks; then while the one hangs on every delivery
//!   (`others_hung`), and while it refuses every one (`others_refused`). It hears everything, the others a session each.
//! - `append`, `newest`: the log itself, short and long ([`super::log`]).

use super::{
    super::Failure,
    bare, log,
    report::{Case, Report, Samples, machine, round},
    sink::Sink,
    stage::{PAYLOAD, Stage},
};
use crate::out;
use anyhow::bail;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::MissedTickBehavior};
use wharf_domain::ports::store::StoreExt;

/// Sessions that the events are of: within one, events go one after another.
const SESSIONS: usize = 64;
/// Attempts that a webhook may have under way, and all of them together.
const UNDER_WAY: usize = 32;
const ALL_UNDER_WAY: usize = 1_024;
/// Events that may wait for a webhook that is to have always something to do.
const AHEAD: u64 = 2_000;
/// Events a second of the paced cases.
const PACE: u64 = 500;
/// Attempts whose latency is looked up.
const LOOKED_AT: usize = 10_000;
/// For what is under way to arrive.
const PATIENCE: Duration = Duration::from_secs(60);
/// Each state of the dead receiver is measured so often.
const ROUNDS: u32 = 2;

pub async fn run(
    webhooks: &[usize],
    crowd: usize,
    rows: &[u64],
    seconds: u64,
    as_json: bool,
) -> Result<(), Failure> {
    let length = Duration::from_secs(seconds);
    let (mut cases, mut figures) = (Vec::new(), BTreeMap::new());
    for &n in webhooks {
        out::complain(format_args!("delivering to {n} webhooks"));
        let connections = (n * UNDER_WAY).min(ALL_UNDER_WAY);
        let sink = Sink::start().await?;
        let bare = bare::posts(sink.url(), connections, length).await?;
        let bare = bare.case("bare", n as u64, 0.0);
        cases.push(deliver(n, length, bare.rate).await?);
        cases.push(bare);
    }
    out::complain(format_args!("{PACE} events a second"));
    cases.push(first(length).await?);
    if crowd > 1 {
        out::complain(format_args!("one dead receiver among {crowd}"));
        cases.extend(dead(crowd, length, &mut figures).await?);
    }
    if !rows.is_empty() {
        cases.extend(log::run(rows, length).await?);
    }
    Report {
        bench: "webhooks",
        machine: machine(),
        cases,
        figures,
    }
    .print(as_json)?;
    Ok(())
}

async fn deliver(n: usize, length: Duration, floor: f64) -> anyhow::Result<Case> {
    let stage = Arc::new(Stage::set(SESSIONS).await?);
    let sink = Arc::new(Sink::start().await?);
    let mut webhooks = Vec::new();
    for _ in 0..n {
        webhooks.push(stage.webhook(sink.url(), None).await?);
    }
    let feed = tokio::spawn(keep_ahead(Arc::clone(&stage), Arc::clone(&sink), n as u64));
    tokio::time::sleep(length / 10).await;
    let (begun, before) = (Instant::now(), sink.count());
    tokio::time::sleep(length).await;
    let (elapsed, taken) = (begun.elapsed(), sink.count() - before);
    if feed.is_finished() {
        bail!("the events ran out: {:?}", feed.await?);
    }
    feed.abort();
    let _ = feed.await;
    let mut took = Vec::new();
    for id in webhooks {
        let made = stage
            .gateway
            .domain
            .store
            .read(move |view| view.deliveries(&id, None, None, LOOKED_AT))
            .await?;
        if made.iter().any(|attempt| !attempt.delivered) {
            bail!("a delivery failed");
        }
        took.extend(
            made.iter()
                .map(|attempt| Duration::from_millis(attempt.latency_ms.into())),
        );
    }
    let mut case = Samples { took, elapsed }.case("deliver", n as u64, 0.0);
    case.rate = round(taken as f64 / elapsed.as_secs_f64());
    (case.floor, case.ratio) = (floor, round(case.rate / floor));
    if let Some(stage) = Arc::into_inner(stage) {
        stage.gateway.stop().await;
    }
    Ok(case)
}

/// Appends events so that each webhook has always some to deliver.
async fn keep_ahead(stage: Arc<Stage>, sink: Arc<Sink>, webhooks: u64) -> anyhow::Result<()> {
    let mut appended = 0;
    loop {
        if appended < sink.count() / webhooks + AHEAD {
            appended += stage.append_many(200, PAYLOAD).await?.len() as u64;
        } else {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn first(length: Duration) -> anyhow::Result<Case> {
    let stage = Arc::new(Stage::set(SESSIONS).await?);
    let sink = Sink::start().await?;
    stage.webhook(sink.url(), None).await?;
    let samples = paced(&stage, &sink, length).await?;
    if let Some(stage) = Arc::into_inner(stage) {
        stage.gateway.stop().await;
    }
    Ok(samples.case("first", 1, PACE as f64))
}

/// Events at the pace for so long, each its own commit: how long after it the attempt came. A warm-up of a tenth is not
/// counted.
async fn paced(stage: &Arc<Stage>, sink: &Sink, length: Duration) -> anyhow::Result<Samples> {
    sink.note();
    let before = sink.count();
    let begun = Instant::now();
    let warm_until = begun + length / 10;
    let mut turn = tokio::time::interval(Duration::from_secs(1) / PACE as u32);
    turn.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut appends = JoinSet::new();
    while begun.elapsed() < length + length / 10 {
        turn.tick().await;
        let stage = Arc::clone(stage);
        appends.spawn(async move { stage.append().await });
    }
    let mut committed = HashMap::new();
    while let Some(done) = appends.join_next().await {
        let (id, at) = done??;
        committed.insert(id.to_string(), at);
    }
    let deadline = Instant::now() + PATIENCE;
    while sink.count() - before < committed.len() as u64 {
        if Instant::now() > deadline {
            bail!(
                "{} of {} events were delivered",
                sink.count() - before,
                committed.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut took = Vec::new();
    for (id, came) in sink.noted() {
        let Some(at) = committed.remove(&id) else {
            bail!("an event came twice, or is nobody's");
        };
        if at >= warm_until {
            // It may be under way before whoever wrote it hears of the commit.
            took.push(came.saturating_duration_since(at));
        }
    }
    Ok(Samples {
        took,
        elapsed: length,
    })
}

async fn dead(
    crowd: usize,
    length: Duration,
    figures: &mut BTreeMap<&'static str, f64>,
) -> anyhow::Result<Vec<Case>> {
    let stage = Arc::new(Stage::set(crowd - 1).await?);
    let (sink, dead) = (Sink::start().await?, Sink::start().await?);
    for scope in &stage.sessions {
        stage.webhook(sink.url(), Some(scope)).await?;
    }
    let names = ["others", "others_hung", "others_refused"];
    let mut all = names.map(|_| Samples::default());
    // In turns, so that a slow moment of the machine is everybody's.
    for _ in 0..ROUNDS {
        for (way, samples) in [None, Some("hang"), Some("refuse")]
            .into_iter()
            .zip(&mut all)
        {
            let webhook = match way {
                Some(way) => Some(stage.webhook(dead.at(way), None).await?),
                None => None,
            };
            let part = paced(&stage, &sink, length / ROUNDS).await?;
            samples.took.extend(part.took);
            samples.elapsed += part.elapsed;
            if let Some(webhook) = webhook {
                stage.remove(webhook).await?;
            }
        }
    }
    if let Some(stage) = Arc::into_inner(stage) {
        stage.gateway.stop().await;
    }
    let mut cases = Vec::new();
    let mut floor = 0.0;
    for (name, samples) in names.into_iter().zip(all) {
        let case = samples.case(name, crowd as u64, floor);
        if floor == 0.0 {
            floor = case.rate;
        }
        cases.push(case);
    }
    if let [others, hung, refused] = cases.as_slice() {
        let change = |case: &Case| round(case.p99_ms / others.p99_ms.max(1e-3) - 1.0);
        figures.insert("p99_change_hung", change(hung));
        figures.insert("p99_change_refused", change(refused));
    }
    Ok(cases)
}
