//! The rate, to the message, over random histories of sends, waits and restarts; and each chat's order.
//!
//! A model counts what may have gone by each moment; the outbox, its worker and a clock that stands until it is moved
//! must agree with it after every step.

use crate::harness::{PlayedEngine, TestApi, until};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::Ordering},
};
use wharf_domain::{
    Domain, Error,
    audit::By,
    outbox::{NewSend, What},
    sessions::{SessionScope, SessionSettings},
};
use wharf_types::Millis;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const CHATS: u64 = 4;
const STEPS: usize = 120;

/// Reproducible numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// What the contract says may have happened.
struct Model {
    per_min: usize,
    per_hour: usize,
    gone: Vec<Millis>,
    waiting: VecDeque<()>,
}

impl Model {
    fn room(&self, now: Millis) -> bool {
        let within = |length| self.gone.iter().filter(|at| **at > now - length).count();
        within(MINUTE) < self.per_min && within(HOUR) < self.per_hour
    }

    /// Everything goes that may.
    fn settle(&mut self, now: Millis) {
        while !self.waiting.is_empty() && self.room(now) {
            self.waiting.pop_front();
            self.gone.push(now);
        }
    }
}

/// One process: a domain on the store of all, with its own connection.
struct Life {
    domain: Arc<Domain>,
    engine: Arc<PlayedEngine>,
}

impl Life {
    fn begin(api: &TestApi) -> Self {
        let domain = Domain::new(
            Arc::clone(&api.domain.store),
            api.clock.clone(),
            Arc::clone(&api.domain.ids),
            Arc::clone(&api.domain.secrets),
        );
        let engine = Arc::new(PlayedEngine::default());
        domain.attach(engine.clone());
        engine.connected.store(true, Ordering::SeqCst);
        Self {
            domain: Arc::new(domain),
            engine,
        }
    }

    /// The worker looks again, as it does at the latest when its time has come.
    async fn look(&self, scope: SessionScope) {
        self.domain
            .update_session(scope, SessionSettings::default(), &By::program())
            .await
            .unwrap();
    }

    /// The connection goes, and with it the worker.
    async fn end(self, scope: SessionScope) -> Vec<(String, String)> {
        self.engine.connected.store(false, Ordering::SeqCst);
        self.look(scope).await;
        until("the worker to end", async || {
            Arc::strong_count(&self.domain) == 1
        })
        .await;
        let sent = self.engine.sent.lock().unwrap();
        sent.iter()
            .map(|out| match &out.content.what {
                What::Text { text, .. } => (out.to.clone(), text.clone()),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

async fn history(seed: u64) {
    let api = TestApi::new().await;
    let scope = api.working().await;
    api.engine.connected.store(false, Ordering::SeqCst);
    let mut dice = Dice(seed);
    let mut model = Model {
        per_min: 2 + dice.below(4) as usize,
        per_hour: 8 + dice.below(12) as usize,
        gone: Vec::new(),
        waiting: VecDeque::new(),
    };
    let rates = SessionSettings {
        rate_per_min: Some(model.per_min as i64),
        rate_per_hour: Some(model.per_hour as i64),
        ..SessionSettings::default()
    };
    api.domain
        .update_session(scope, rates, &By::program())
        .await
        .unwrap();
    let mut life = Life::begin(&api);
    let (mut before, mut accepted, mut arrived) = (0, Vec::new(), Vec::new());
    for step in 0..STEPS {
        let now = wharf_domain::ports::clock::Clock::now(&*api.clock);
        match dice.below(10) {
            0..=4 => {
                let to = format!("1555123000{}", dice.below(CHATS));
                let (sync, text) = (dice.below(3) == 0, format!("step {step:03}"));
                let sent = life.domain.send_message(scope, new(&to, &text, sync)).await;
                let room = model.room(now);
                match sent {
                    Ok(_) if sync && room => model.gone.push(now),
                    Err(Error::RateLimited { retry_after_ms }) if sync && !room => {
                        assert!(!model.room(now + retry_after_ms - 1), "told too much");
                        assert!(model.room(now + retry_after_ms), "told too little");
                        continue;
                    }
                    Ok(_) if !sync => model.waiting.push_back(()),
                    other => panic!("seed {seed}, step {step}: {other:?} with room {room}"),
                }
                accepted.push((format!("{to}@s.whatsapp.net"), text));
            }
            5..=7 => {
                api.clock.advance(dice.below(45_000) as Millis);
                life.look(scope).await;
            }
            8 => {
                api.clock.advance(dice.below(20 * MINUTE as u64) as Millis);
                life.look(scope).await;
            }
            _ => {
                let sent = life.end(scope).await;
                before += sent.len();
                arrived.extend(sent);
                life = Life::begin(&api);
                life.look(scope).await;
            }
        }
        model.settle(wharf_domain::ports::clock::Clock::now(&*api.clock));
        let expected = model.gone.len() - before;
        until(
            &format!("seed {seed}, step {step}: {expected} sent"),
            async || life.engine.sent.lock().unwrap().len() >= expected,
        )
        .await;
        assert_eq!(
            life.engine.sent.lock().unwrap().len(),
            expected,
            "seed {seed}"
        );
    }
    arrived.extend(life.end(scope).await);
    assert_eq!(arrived.len(), model.gone.len());
    let by_chat = |sends: &[(String, String)]| {
        let mut chats: HashMap<String, Vec<String>> = HashMap::new();
        for (to, text) in sends {
            chats.entry(to.clone()).or_default().push(text.clone());
        }
        chats
    };
    let (accepted, arrived) = (by_chat(&accepted), by_chat(&arrived));
    for (chat, texts) in arrived {
        assert_eq!(
            texts,
            accepted[&chat][..texts.len()],
            "seed {seed}: order in {chat}"
        );
    }
}

fn new(to: &str, text: &str, sync: bool) -> NewSend {
    NewSend {
        to: to.parse().unwrap(),
        what: What::Text {
            text: text.to_owned(),
            preview: None,
        },
        mentions: Vec::new(),
        reply_to: None,
        reference: String::new(),
        send_at: None,
        expires_at: None,
        sync,
        idempotency: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exact_to_the_message_over_any_history() {
    for seed in 1..=8_u64 {
        history(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).await;
    }
}
