//! `wharf bench contacts`: listContacts over HTTP with authentication, beside a constant route behind the same
//! doors and beside the bare query in this process; then history ingested while pages are read.

use super::{
    super::Failure,
    crowd,
    load::{self, Caller, Plan, next_cursor},
    report::{Case, Report, Samples, machine},
};
use crate::{commands::init, config::Config, data_dir::DataDir, gateway::Gateway, out, wiring};
use anyhow::Context;
use axum::Router;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use wharf_api::constant_route;
use wharf_domain::{
    Domain,
    audit::By,
    contacts::{ContactParams, ContactQuery},
    sessions::{SessionScope, SessionSettings},
};
use wharf_types::OrgId;

/// Connections of the throughput cases.
const MANY: usize = 16;
/// Facts of one batch: what the engine gives at a time.
const BATCH: usize = 500;
/// The deep page.
const DEEP_PAGE: u64 = 10_000;
/// The ingest case.
const MESSAGES: u64 = 100_000;
const CONTACTS: u64 = 20_000;

/// One session with its crowd.
struct Seeded {
    n: u64,
    scope: SessionScope,
}

struct Bench {
    to: SocketAddr,
    bearer: Arc<str>,
    length: Duration,
    cases: Vec<Case>,
}

pub async fn run(sizes: &[u64], seconds: u64, as_json: bool) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let config = Config {
        data: dir.path().to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::default()
    };
    let (seeded, key) = seed_all(&config, sizes).await?;
    let bearer: Arc<str> = format!("Bearer {key}").into();

    // The constant body is a page as the API gives it, so it is as large.
    let gateway = Gateway::start(&config, DataDir::open(&config.data)?, Router::new()).await?;
    let largest = seeded.last().context("no size given")?;
    let body = Caller::connect(gateway.address, Arc::clone(&bearer))
        .await?
        .get(&contacts(largest.scope, ""))
        .await?;
    gateway.stop().await;

    let gateway =
        Gateway::start(&config, DataDir::open(&config.data)?, constant_route(body)).await?;
    let mut bench = Bench {
        to: gateway.address,
        bearer,
        length: Duration::from_secs(seconds),
        cases: Vec::new(),
    };
    for one in &seeded {
        out::complain(format_args!("measuring at {} people", one.n));
        bench.at_size(&gateway.domain, one).await?;
    }
    bench.ingest(&gateway.domain, largest).await?;
    gateway.stop().await;
    Report {
        bench: "contacts",
        machine: machine(),
        cases: bench.cases,
        figures: BTreeMap::new(),
    }
    .print(as_json)?;
    Ok(())
}

async fn seed_all(config: &Config, sizes: &[u64]) -> anyhow::Result<(Vec<Seeded>, String)> {
    let domain = wiring::domain(config).await?;
    let (org, key) = init::organization(&domain, "Bench").await?;
    let mut seeded = Vec::new();
    for &n in sizes {
        out::complain(format_args!("seeding {n} people"));
        seeded.push(seed(&domain, org, n).await?);
    }
    Ok((seeded, key))
}

async fn seed(domain: &Arc<Domain>, org: OrgId, n: u64) -> anyhow::Result<Seeded> {
    let session = domain
        .create_session(org, SessionSettings::default(), false, &By::program())
        .await?;
    let scope = domain.session_scope(org, session.id).await?;
    let step = 5_000;
    for from in (0..n).step_by(step) {
        domain
            .ingest_facts(scope, crowd::people(from, n.min(from + step as u64))?)
            .await?;
    }
    for group in crowd::groups(n) {
        domain.ingest_facts(scope, vec![group?]).await?;
    }
    Ok(Seeded { n, scope })
}

fn contacts(scope: SessionScope, query: &str) -> String {
    format!("/api/v1/sessions/{}/contacts?limit=50{query}", scope.id)
}

fn plan(scope: SessionScope, query: &str, walk: bool) -> Plan {
    Plan {
        path: contacts(scope, query).into(),
        walk,
        from: "".into(),
    }
}

impl Bench {
    async fn load(&self, plans: &[Plan], connections: usize) -> anyhow::Result<Samples> {
        load::run(self.to, &self.bearer, plans, connections, self.length).await
    }

    async fn at_size(&mut self, domain: &Domain, one: &Seeded) -> anyhow::Result<()> {
        let Seeded { n, scope } = *one;
        let constant = Plan {
            path: format!("/api/v1/sessions/{}/constant", scope.id).into(),
            walk: false,
            from: "".into(),
        };
        let constant = self.load(&[constant], MANY).await?.case("constant", n, 0.0);
        let floor = constant.rate;
        self.cases.push(constant);
        self.cases.push(
            query(domain, scope, self.length)
                .await?
                .case("query", n, 0.0),
        );

        let group = format!("&group={}", crowd::group_jid(0)?.as_str());
        let odd = crowd::ODD_MARK;
        let deep = Plan {
            from: self.deep_cursor(scope, n).await?.into(),
            ..plan(scope, "", false)
        };
        let many = [
            ("page", plan(scope, "", true)),
            ("page_deep", deep),
            ("dm", plan(scope, "&source=dm", true)),
            ("group", plan(scope, &group, true)),
            ("name", plan(scope, "&sort=name", true)),
        ];
        for (name, plan) in many {
            let samples = self.load(&[plan], MANY).await?;
            self.cases.push(samples.case(name, n, floor));
        }
        let alone = [
            ("page_1", vec![""]),
            ("q1", vec!["&q=a", "&q=7", "&q=%E7%8E%8B", "&q=%D0%B8"]),
            ("q2", vec!["&q=an", "&q=42", "&q=%D0%B8%D0%B2"]),
            (
                "q3",
                vec![
                    "&q=ann",
                    "&q=uar",
                    "&q=%D0%B8%D0%B2%D0%B0",
                    "&q=zzz",
                    "&q=491",
                ],
            ),
            (
                "q9",
                vec!["&q=Schmidt%20q", "&q=4917000000", "&q=Fernandez"],
            ),
            (
                "combined",
                vec![
                    &format!("&q={odd}&source=dm"),
                    &format!("&q=a&source=dm{group}"),
                    &format!("&q={odd}{group}"),
                    "&q=q&source=dm",
                ],
            ),
        ]
        .map(|(name, queries)| {
            (
                name,
                queries
                    .into_iter()
                    .map(|query| plan(scope, query, true))
                    .collect::<Vec<_>>(),
            )
        });
        for (name, plans) in alone {
            let samples = self.load(&plans, 1).await?;
            self.cases.push(samples.case(name, n, floor));
        }
        Ok(())
    }

    /// The cursor before page 10,000, or before the last full page where there are fewer.
    async fn deep_cursor(&self, scope: SessionScope, n: u64) -> anyhow::Result<String> {
        let mut caller = Caller::connect(self.to, Arc::clone(&self.bearer)).await?;
        let pages = (n / 50).min(DEEP_PAGE).saturating_sub(1);
        let path = format!("/api/v1/sessions/{}/contacts?limit=200", scope.id);
        let mut cursor = String::new();
        for _ in 0..pages / 4 {
            let body = caller
                .get(&if cursor.is_empty() {
                    path.clone()
                } else {
                    format!("{path}&cursor={cursor}")
                })
                .await?;
            cursor = next_cursor(&body)?;
        }
        Ok(cursor)
    }

    /// A history of messages and contacts goes in while one caller reads pages.
    async fn ingest(&mut self, domain: &Arc<Domain>, beside: &Seeded) -> anyhow::Result<()> {
        let org = beside.scope.org;
        let session = domain
            .create_session(org, SessionSettings::default(), false, &By::program())
            .await?;
        let scope = domain.session_scope(org, session.id).await?;
        let reads = plan(beside.scope, "", true);
        let (to, bearer) = (self.to, Arc::clone(&self.bearer));
        let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
        let reader = tokio::spawn(async move {
            let mut all = Samples::default();
            let begun = Instant::now();
            while stopped.try_recv().is_err() {
                let part = load::run(
                    to,
                    &bearer,
                    std::slice::from_ref(&reads),
                    1,
                    Duration::from_millis(500),
                )
                .await?;
                all.took.extend(part.took);
                all.elapsed = begun.elapsed();
            }
            anyhow::Ok(all)
        });
        let begun = Instant::now();
        let (mut took, mut batch) = (Vec::new(), Vec::new());
        for i in (0..CONTACTS).step_by(BATCH / 2) {
            batch.push(crowd::people(i, i + (BATCH / 2) as u64)?);
        }
        for m in (0..MESSAGES).step_by(BATCH) {
            batch.push(
                (m..m + BATCH as u64)
                    .map(|m| crowd::message(m, CONTACTS))
                    .collect::<anyhow::Result<_>>()?,
            );
        }
        for facts in batch {
            let one = Instant::now();
            domain.ingest_facts(scope, facts).await?;
            took.push(one.elapsed());
        }
        let elapsed = begun.elapsed();
        let _ = stop.send(());
        let mut case = Samples { took, elapsed }.case("ingest", MESSAGES + CONTACTS, 0.0);
        // Rows, not batches.
        case.rate = ((MESSAGES + CONTACTS) as f64 / elapsed.as_secs_f64()).round();
        self.cases.push(case);
        self.cases
            .push(reader.await??.case("ingest_read", beside.n, 0.0));
        Ok(())
    }
}

/// The bare query in this process, page after page.
async fn query(domain: &Domain, scope: SessionScope, length: Duration) -> anyhow::Result<Samples> {
    let until = Instant::now() + length;
    let mut samples = Samples {
        took: Vec::new(),
        elapsed: length,
    };
    let mut cursor = String::new();
    while Instant::now() < until {
        let params = ContactParams {
            limit: "50",
            cursor: &cursor,
            ..ContactParams::default()
        };
        let begun = Instant::now();
        let page = domain
            .list_contacts(scope, ContactQuery::parse(params)?)
            .await?;
        samples.took.push(begun.elapsed());
        cursor = next_cursor(&page.0)?;
    }
    Ok(samples)
}
