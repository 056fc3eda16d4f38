//! Sends all the way: request → outbox → WhatsApp's acknowledgement → `message.status` durable → answer, with the
//! simulated network in this process.
//!
//! `sent` is the whole of it. `overhead` is what of it is ours: the whole without the time between the stanza written
//! and the server's word, which the engine tells for each send. One session sends one after another; many send at a
//! steady pace all together, since 200 that never pause would only show how two cores are shared with the network.

use super::{
    load::Caller,
    report::{Case, Samples},
};
use crate::{
    commands::{demo::door::Door, init, sandbox},
    config::Config,
    data_dir::DataDir,
    gateway::Gateway,
    out, wiring,
};
use anyhow::{Context, bail};
use axum::Router;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Sends a second over all sessions, where there are many.
const PACE: f64 = 50.0;
/// Sessions paired at once.
const PAIRING: usize = 8;
const PATIENCE: Duration = Duration::from_secs(120);
/// A network that has just done much is left to finish.
const SETTLE: Duration = Duration::from_secs(1);

type Words = Arc<Mutex<HashMap<String, Duration>>>;

/// Both processes' doors, in one process.
struct Stage {
    api: Arc<Door>,
    hand: Arc<Door>,
    to: SocketAddr,
    bearer: Arc<str>,
    words: Words,
}

pub async fn run(sessions: &[usize], length: Duration) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for &n in sessions {
        out::complain(format_args!("pairing {n} sessions"));
        cases.extend(at(n, length).await?);
    }
    Ok(cases)
}

async fn at(n: usize, length: Duration) -> anyhow::Result<Vec<Case>> {
    let dir = tempfile::tempdir()?;
    let mut config = Config {
        data: dir.path().to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::default()
    };
    let network = sandbox::start(&config, config.listen, 1).await?;
    config.whatsapp_url = network.chat_url();
    config.whatsapp_ca_file = network.ca_file().to_string_lossy().into_owned();
    let (_, key) = init::organization(&*wiring::domain(&config).await?, "Bench").await?;
    let words = Words::default();
    let told = Arc::clone(&words);
    let heard: wharf_engine::Heard = Arc::new(move |id, took| {
        let mut words = told.lock().unwrap_or_else(PoisonError::into_inner);
        words.insert(id.to_owned(), took);
    });
    let gateway = Gateway::start_measured(
        &config,
        DataDir::open(&config.data)?,
        Router::new(),
        Some(heard),
    )
    .await?;
    let stage = Stage {
        api: Arc::new(Door::new(format!("{}/api/v1", gateway.url()), Some(&key))?),
        hand: Arc::new(Door::new(network.sandbox_url(), None)?),
        to: gateway.address,
        bearer: format!("Bearer {key}").into(),
        words,
    };
    let sessions = stage.pair_all(n).await?;
    tokio::time::sleep(SETTLE).await;
    let (samples, elapsed) = stage.send(&sessions, length).await?;
    gateway.stop().await;
    network.shutdown();
    let (mut whole, mut ours) = (Samples::default(), Samples::default());
    (whole.elapsed, ours.elapsed) = (elapsed, elapsed);
    for (id, took) in samples {
        let word = stage
            .words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id)
            .context("a send without WhatsApp's word was answered")?;
        whole.took.push(took);
        ours.took.push(took.saturating_sub(word));
    }
    let n = n as u64;
    Ok(vec![
        whole.case("sent", n, 0.0),
        ours.case("overhead", n, 0.0),
    ])
}

/// A session and whom it writes to.
#[derive(Clone)]
struct Pair {
    path: Arc<str>,
    friend: String,
}

impl Stage {
    async fn pair_all(&self, n: usize) -> anyhow::Result<Vec<Pair>> {
        let mut pairs = Vec::with_capacity(n);
        let mut tasks = JoinSet::new();
        let mut next = 0;
        while pairs.len() < n {
            while tasks.len() < PAIRING && next < n {
                tasks.spawn(pair(Arc::clone(&self.api), Arc::clone(&self.hand), next));
                next += 1;
            }
            if let Some(done) = tasks.join_next().await {
                pairs.push(done??);
            }
        }
        Ok(pairs)
    }

    async fn send(
        &self,
        sessions: &[Pair],
        length: Duration,
    ) -> anyhow::Result<(Vec<(String, Duration)>, Duration)> {
        // The first of each is asked about at WhatsApp and begins a session with the friend's device.
        for pair in sessions {
            let mut caller = Caller::connect(self.to, Arc::clone(&self.bearer)).await?;
            one(&mut caller, pair, 0).await?;
        }
        let many = sessions.len() > 1;
        let every = Duration::from_secs_f64(sessions.len() as f64 / PACE);
        // Long enough for each session to send a few times.
        let begun = Instant::now();
        let until = begun + if many { length.max(every * 5) } else { length };
        let mut tasks = JoinSet::new();
        for (place, pair) in sessions.iter().cloned().enumerate() {
            let (to, bearer) = (self.to, Arc::clone(&self.bearer));
            let offset = every.mul_f64(place as f64 / sessions.len() as f64);
            tasks.spawn(async move {
                let mut caller = Caller::connect(to, bearer).await?;
                let mut took = Vec::new();
                let mut turn = tokio::time::interval_at(
                    tokio::time::Instant::now() + offset,
                    every.max(Duration::from_millis(1)),
                );
                for n in 1.. {
                    if many {
                        turn.tick().await;
                    }
                    if Instant::now() >= until {
                        break;
                    }
                    took.push(one(&mut caller, &pair, n).await?);
                }
                anyhow::Ok(took)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = tasks.join_next().await {
            all.extend(done??);
        }
        Ok((all, begun.elapsed()))
    }
}

/// One synchronous send: its WhatsApp id, and how long the answer took.
async fn one(caller: &mut Caller, pair: &Pair, n: u64) -> anyhow::Result<(String, Duration)> {
    let body = format!(
        r#"{{"type":"text","to":"{}","text":"no {n}"}}"#,
        pair.friend
    );
    let begun = Instant::now();
    let answer = caller.post(&pair.path, body, 200).await?;
    let took = begun.elapsed();
    let answer: Value = serde_json::from_slice(&answer)?;
    let id = answer.get("waMessageId").and_then(Value::as_str);
    Ok((id.context("no id")?.to_owned(), took))
}

/// Links the number of this place to a new session.
async fn pair(api: Arc<Door>, hand: Arc<Door>, place: usize) -> anyhow::Result<Pair> {
    let (own, friend) = (format!("4915{place:08}"), format!("4916{place:08}"));
    for phone in [&own, &friend] {
        let account = json!({ "phone": phone, "name": "Bench" });
        hand.post("/accounts", Some(&account)).await?;
    }
    let settings = json!({ "start": true, "ratePerMin": 60_000, "ratePerHour": 1_000_000 });
    let made = api.post("/sessions", Some(&settings)).await?;
    let text = |value: &Value, field: &str| {
        value
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let session = format!("/sessions/{}", text(&made, "id"));
    let deadline = Instant::now() + PATIENCE;
    let mut scanned = String::new();
    loop {
        let now = api.get(&session).await?;
        if text(&now, "status") == "working" {
            break;
        }
        let qr = api
            .ask(reqwest::Method::GET, &format!("{session}/qr"), None)
            .await?;
        let code = text(&qr.1, "code");
        if qr.0.is_success() && code != scanned {
            scanned.clone_from(&code);
            let scan = json!({ "qr": code });
            hand.ask(
                reqwest::Method::POST,
                &format!("/accounts/{own}/scan"),
                Some(&scan),
            )
            .await?;
        }
        if Instant::now() > deadline {
            bail!("a session did not connect within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(Pair {
        path: format!("/api/v1{session}/messages").into(),
        friend,
    })
}
