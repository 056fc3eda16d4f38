//! `wharf serve`.

use super::Failure;
use crate::{
    cli::{Role, Serve},
    config::Config,
    data_dir::DataDir,
    gateway::{Gateway, asked_to_stop},
    out,
};
use axum::Router;
use serde_json::json;

pub async fn run(args: &Serve, config: &Config, as_json: bool) -> Result<(), Failure> {
    if args.role != Role::All {
        return Err(Failure::Usage(anyhow::anyhow!(
            "--role: only `all` is built; router and gateway apart need PostgreSQL and NATS"
        )));
    }
    // Before anything listens: a signal from here on is an orderly end.
    let stop = asked_to_stop()?;
    let data = DataDir::open(&config.data).map_err(Failure::Usage)?;
    let gateway = Gateway::start(config, data, Router::new())
        .await
        .map_err(Failure::Usage)?;
    if as_json {
        out::json(
            &json!({ "ready": true, "apiUrl": gateway.url(), "dashboardUrl": null, "pid": std::process::id() }),
        )?;
    } else {
        out::line(format_args!(
            "wharf listens on {}  (reference: {}/docs)",
            gateway.url(),
            gateway.url()
        ));
    }
    stop.await;
    gateway.stop().await;
    Ok(())
}
