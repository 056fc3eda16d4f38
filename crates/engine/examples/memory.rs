//! What an idle session costs: links N accounts of a simulated network that runs in another process and prints the
//! resident memory per session.
//! `cargo run -p wharf-engine --features sandbox --example memory -- CHAT_URL SANDBOX_URL CA_FILE N`

use anyhow::{Context, Result};
use async_trait::async_trait;
use std::{io::Write as _, sync::Arc, time::Duration};
use wharf_domain::{
    Error,
    inbound::{Inbound, Seen},
    live::Passing,
    master_key::MasterKey,
    ports::{
        clock::SystemClock,
        engine::{Connection, Engine, Inbox},
        ids::Ids,
        store::{OrgRow, Store, StoreExt},
    },
    sessions::{SessionNo, SessionRow, SessionScope},
    system::SystemIds,
};
use wharf_engine::{EngineConfig, Timings, WhatsAppEngine};
use wharf_store_sqlite::SqliteStore;
use wharf_types::{OrgId, SessionId};

struct Nobody;

#[async_trait]
impl Inbox for Nobody {
    async fn ingest(&self, _: &SessionScope, _: Vec<Inbound>) -> Result<(), Error> {
        Ok(())
    }
    async fn passing(&self, _: &SessionScope, _: Passing) -> Result<(), Error> {
        Ok(())
    }
    async fn address_book(&self, _: &SessionScope) -> Result<Vec<Seen>, Error> {
        Ok(Vec::new())
    }
    async fn connection(&self, _: &SessionScope, _: Connection) -> Result<(), Error> {
        Ok(())
    }
}

fn resident_kb() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .context("VmRSS")?;
    Ok(line
        .split_whitespace()
        .nth(1)
        .context("a figure")?
        .parse()?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [chat, control, ca, count] = args.as_slice() else {
        anyhow::bail!("CHAT_URL SANDBOX_URL CA_FILE N");
    };
    let count: usize = count.parse()?;
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary()?);
    let engine = WhatsAppEngine::new(
        EngineConfig {
            blobs: None,
            heard: None,
            proxies: wharf_outbound::Policy::default(),
            url: Some(chat.clone()),
            extra_ca: Some(std::fs::read(ca)?),
            version: Some((2, 3000, 0)),
            proxy: None,
            timings: Timings::default(),
        },
        Arc::clone(&store),
        Arc::new(MasterKey::new(
            zeroize::Zeroizing::new([1; 32]),
            Arc::clone(&ids),
        )),
        Arc::new(SystemClock),
        Arc::new(Nobody),
    )?;
    let org = OrgRow {
        id: OrgId::new(ids.ulid()),
        name: "Memory".into(),
        created_at: 1,
    };
    let org_id = org.id;
    store.write(move |tx| tx.insert_org(&org)).await?;
    let http = reqwest::Client::builder().build()?;
    let mut first = 0;
    for nth in 0..count {
        let phone = format!("1666{nth:07}");
        let made = http
            .post(format!("{control}/accounts"))
            .json(&serde_json::json!({ "phone": phone, "name": "Crowd" }))
            .send()
            .await?;
        anyhow::ensure!(made.status().is_success(), "{}", made.text().await?);
        let scope = session(&*store, &*ids, org_id).await?;
        engine.start(&scope).await?;
        let code = loop {
            if let Some(code) = engine.qr(&scope) {
                break code.code;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        http.post(format!("{control}/accounts/{phone}/scan"))
            .json(&serde_json::json!({ "qr": code }))
            .send()
            .await?;
        while !engine.connected(&scope) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if nth == 0 {
            first = resident_kb()?;
        }
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let more = i64::try_from(count)? - 1;
    let now = resident_kb()?;
    writeln!(
        std::io::stdout(),
        "{count} sessions: {now} kB resident, {} kB a session after the first",
        (now - first) / more.max(1)
    )?;
    engine.shutdown().await;
    Ok(())
}

async fn session(store: &dyn Store, ids: &dyn Ids, org: OrgId) -> Result<SessionScope> {
    let scope = SessionScope {
        org,
        id: SessionId::new(ids.ulid()),
        no: SessionNo(0),
    };
    let row = SessionRow::new(scope, 1);
    let no = store.write(move |tx| tx.insert_session(&row)).await?;
    Ok(SessionScope { no, ..scope })
}
