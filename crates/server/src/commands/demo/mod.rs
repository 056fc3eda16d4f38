//! `wharf demo`: the main job on a machine with no phone at hand.
//!
//! The gateway and the simulated network in one process, each behind its own door: everything below goes over the
//! two HTTP APIs, as a user's program would. A second run resumes where the first was.

pub mod door;
mod record;
mod screen;
mod steps;

use super::{Failure, init, sandbox};
use crate::{
    cli,
    config::Config,
    data_dir::DataDir,
    gateway::{Gateway, asked_to_stop},
};
use anyhow::{Context, anyhow};
use axum::Router;
use record::{Record, Size};
use screen::Progress;
use std::net::SocketAddr;
use wharf_sandbox::Sandbox;

/// A running demo.
struct Demo {
    gateway: Gateway,
    network: Sandbox,
    record: Record,
}

pub async fn run(args: &cli::Demo, config: Config, as_json: bool) -> Result<(), Failure> {
    let mut stop = std::pin::pin!(asked_to_stop()?);
    // Before the network: one demo at a time, in a directory that is its owner's alone.
    let data = DataDir::open(&config.data).map_err(Failure::Usage)?;
    let record = Record::read(&config.data)?;
    let size = Size::of(args, record.as_ref()).map_err(Failure::Usage)?;
    let progress = Progress::new(as_json);
    let demo = tokio::select! {
        demo = start(config, data, record, size, &progress) => demo?,
        () = &mut stop => return Ok(()),
    };
    progress.done();
    screen::show(&demo, as_json)?;
    stop.await;
    demo.gateway.stop().await;
    demo.network.shutdown();
    Ok(())
}

async fn start(
    mut config: Config,
    data: DataDir,
    record: Option<Record>,
    size: Size,
    progress: &Progress,
) -> Result<Demo, Failure> {
    progress.step("starting the simulated network");
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let network = sandbox::start(&config, loopback, size.seed)
        .await
        .map_err(Failure::Usage)?;
    config.whatsapp_url = network.chat_url();
    config.whatsapp_ca_file = network
        .ca_file()
        .to_str()
        .ok_or_else(|| anyhow!("the data directory's path is not UTF-8"))?
        .to_owned();

    // A receiver on this machine is what somebody tries first.
    config.outbound.allow_http = true;
    config
        .outbound
        .allow_subnets
        .extend(["127.0.0.0/8", "::1"].map(str::to_owned));

    progress.step("starting the gateway");
    let gateway = Gateway::start(&config, data, Router::new())
        .await
        .map_err(Failure::Usage)?;
    let mut record = match record {
        Some(record) => record,
        None => {
            let first = init::first(&gateway.domain, &config, "Demo", "demo@localhost")
                .await
                .context("the demo's organization")?;
            Record::new(first, size)
        }
    };
    // Before the session: a crash from here on resumes with the same credentials.
    record.write(&config.data)?;
    if !size.empty {
        let steps = steps::Steps::new(&gateway, network.sandbox_url(), &record)?;
        steps.crowd(&size, progress).await?;
        record.session_id = Some(steps.session(record.session_id, progress).await?);
        record.write(&config.data)?;
        steps.pair(&record, progress).await?;
    }
    Ok(Demo {
        gateway,
        network,
        record,
    })
}
