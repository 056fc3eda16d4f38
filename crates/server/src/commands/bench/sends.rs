//! `wharf bench sends`: asynchronous sends accepted and durable, over HTTP with authentication, beside the bare
//! writer putting the same rows; then, where the simulated network is built in, sends all the way to WhatsApp's
//! acknowledgement ([`super::round_trip`]).
//!
//! The store is as in service: one file, `synchronous=FULL`.

use super::{
    super::Failure,
    load::Caller,
    report::{Case, Report, Samples, machine},
};
use crate::{commands::init, config::Config, data_dir::DataDir, gateway::Gateway, out, wiring};
use anyhow::Context;
use axum::Router;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use wharf_domain::{
    Domain,
    audit::By,
    inbox::DomainInbox,
    outbox::OutboxRow,
    ports::{
        engine::{Connection, Inbox},
        store::{ChatPeer, ChatRow, MessageRow, RowKind, StoreExt, Tx},
    },
    sessions::{SessionScope, SessionSettings},
};
use wharf_types::{OrgId, OutboxId};

/// Callers at once.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Chats written to.
const CHATS: u64 = 64;

pub async fn run(sessions: &[usize], seconds: u64, as_json: bool) -> Result<(), Failure> {
    let length = Duration::from_secs(seconds);
    let mut cases = accepted(length).await?;
    cases.extend(all_the_way(sessions, length).await?);
    Report {
        bench: "sends",
        machine: machine(),
        cases,
        figures: BTreeMap::new(),
    }
    .print(as_json)?;
    Ok(())
}

#[cfg(feature = "sandbox")]
async fn all_the_way(sessions: &[usize], length: Duration) -> anyhow::Result<Vec<Case>> {
    super::round_trip::run(sessions, length).await
}

#[cfg(not(feature = "sandbox"))]
async fn all_the_way(_: &[usize], _: Duration) -> anyhow::Result<Vec<Case>> {
    out::complain(format_args!(
        "sends to WhatsApp's acknowledgement need a build with the simulated network: \
         cargo run --release --features sandbox -- bench sends"
    ));
    Ok(Vec::new())
}

/// How fast sends are taken, beside how fast their rows could be written.
async fn accepted(length: Duration) -> anyhow::Result<Vec<Case>> {
    let dir = tempfile::tempdir()?;
    let config = Config {
        data: dir.path().to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::default()
    };
    let (org, key) = init::organization(&*wiring::domain(&config).await?, "Bench").await?;
    let gateway = Gateway::start(&config, DataDir::open(&config.data)?, Router::new()).await?;
    let domain = &gateway.domain;
    let bearer: Arc<str> = format!("Bearer {key}").into();
    let paired = paired_session(domain, org, "49170000000").await?;
    let bare = paired_session(domain, org, "49170000001").await?;
    let mut cases = Vec::new();
    for connections in CONNECTIONS {
        out::complain(format_args!("accepting from {connections} callers"));
        let through = accept(gateway.address, &bearer, paired, connections, length).await?;
        let model = newest(domain, paired).await?;
        let rows = write(domain, bare, model, connections, length).await?;
        let n = connections as u64;
        let writer = rows.case("writer", n, 0.0);
        cases.push(through.case("accepted", n, writer.rate));
        cases.push(writer);
    }
    gateway.stop().await;
    Ok(cases)
}

/// A session that sends are accepted for; nothing connects it.
async fn paired_session(
    domain: &Arc<Domain>,
    org: OrgId,
    phone: &str,
) -> anyhow::Result<SessionScope> {
    let settings = SessionSettings {
        rate_per_min: Some(60_000),
        rate_per_hour: Some(1_000_000),
        ..SessionSettings::default()
    };
    let session = domain
        .create_session(org, settings, false, &By::program())
        .await?;
    let scope = domain.session_scope(org, session.id).await?;
    let linked = Connection::Paired {
        phone: phone.parse()?,
        lid: None,
        push_name: "Bench".into(),
    };
    DomainInbox(Arc::clone(domain))
        .connection(&scope, linked)
        .await?;
    Ok(scope)
}

async fn accept(
    to: SocketAddr,
    bearer: &Arc<str>,
    scope: SessionScope,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Samples> {
    let path: Arc<str> = format!("/api/v1/sessions/{}/messages?async=true", scope.id).into();
    let mut tasks = JoinSet::new();
    for place in 0..connections as u64 {
        let (bearer, path) = (Arc::clone(bearer), Arc::clone(&path));
        tasks.spawn(async move {
            let mut caller = Caller::connect(to, bearer).await?;
            let mut watch = Stopwatch::start(length);
            for n in 0.. {
                let chat = (place * 7 + n) % CHATS;
                let body = format!(
                    r#"{{"type":"text","to":"4917100{chat:05}","text":"message {n} of caller {place}"}}"#
                );
                let begun = Instant::now();
                caller.post(&path, body, 202).await?;
                if !watch.took(begun) {
                    break;
                }
            }
            Ok(watch.took)
        });
    }
    gather(tasks, length).await
}

/// What accepting a send leaves in the store: itself, its message, its chat moved to the top.
#[derive(Clone)]
struct Rows {
    send: OutboxRow,
    message: MessageRow,
    chat: ChatRow,
}

/// The rows of the send accepted last.
async fn newest(domain: &Domain, scope: SessionScope) -> anyhow::Result<Rows> {
    let no = scope.no;
    let found = domain
        .store
        .read(move |view| {
            let Some(send) = view.outbox_list(no, None, None, 1)?.pop() else {
                return Ok(None);
            };
            let message = view.message(no, send.message_id)?;
            let chat = view.chat(no, send.chat_id)?;
            Ok(message.zip(chat).map(|(message, chat)| Rows {
                send,
                message,
                chat,
            }))
        })
        .await?;
    found.context("nothing was accepted")
}

/// Puts the same rows with nothing around it, as many callers at once: what any way of accepting must write at least.
async fn write(
    domain: &Arc<Domain>,
    scope: SessionScope,
    model: Rows,
    callers: usize,
    length: Duration,
) -> anyhow::Result<Samples> {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (domain, model) = (Arc::clone(domain), model.clone());
        tasks.spawn(async move {
            let mut watch = Stopwatch::start(length);
            loop {
                let Rows {
                    mut send,
                    mut message,
                    mut chat,
                } = model.clone();
                let n = NEXT.fetch_add(1, Ordering::Relaxed);
                chat.id = 1 + n % i64::try_from(CHATS)?;
                chat.peer = ChatPeer::Person(chat.id);
                chat.last_at = chat.last_at.map(|at| at + n);
                message.chat_id = chat.id;
                message.wa_id = format!("3EB0{n:018X}");
                send.id = OutboxId::new(domain.ids.ulid());
                send.chat_id = chat.id;
                send.wa_id.clone_from(&message.wa_id);
                let put = move |tx: &mut dyn Tx| {
                    message.id = tx.take_ids(scope.no, RowKind::Message, 1)?;
                    send.message_id = message.id;
                    tx.put_chat(scope.no, &chat)?;
                    tx.put_message(scope.no, &message)?;
                    tx.put_outbox(scope.no, &send)
                };
                let begun = Instant::now();
                domain.store.write(put).await?;
                if !watch.took(begun) {
                    return Ok(watch.took);
                }
            }
        });
    }
    gather(tasks, length).await
}

/// Times what is done again and again for so long; a warm-up of a tenth is not counted.
struct Stopwatch {
    warm_until: Instant,
    until: Instant,
    took: Vec<Duration>,
}

impl Stopwatch {
    fn start(length: Duration) -> Self {
        let warm_until = Instant::now() + length / 10;
        Self {
            warm_until,
            until: warm_until + length,
            took: Vec::new(),
        }
    }

    /// One is done; whether to go on.
    fn took(&mut self, begun: Instant) -> bool {
        let ended = Instant::now();
        if ended >= self.until {
            return false;
        }
        if begun >= self.warm_until {
            self.took.push(ended - begun);
        }
        true
    }
}

async fn gather(
    mut tasks: JoinSet<anyhow::Result<Vec<Duration>>>,
    elapsed: Duration,
) -> anyhow::Result<Samples> {
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done??);
    }
    Ok(Samples { took, elapsed })
}
