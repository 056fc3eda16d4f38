//! `wharf sandbox`: the simulated network alone.

use super::Failure;
use crate::{cli, config::Config, data_dir::DataDir, gateway::asked_to_stop, out};
use serde_json::json;
use std::net::SocketAddr;
use wharf_sandbox::{Options, Sandbox};

/// Starts the network with its world in the data directory.
pub async fn start(config: &Config, listen: SocketAddr, seed: u64) -> anyhow::Result<Sandbox> {
    Sandbox::start(Options {
        data_dir: Some(config.data.join("sandbox")),
        listen,
        seed,
    })
    .await
}

pub async fn run(args: &cli::Sandbox, config: &Config, as_json: bool) -> Result<(), Failure> {
    let stop = asked_to_stop()?;
    // A lock of its own: a gateway may use the same data directory beside it.
    let _world = DataDir::open(&config.data.join("sandbox")).map_err(Failure::Usage)?;
    // The gateway's usual port is the gateway's.
    let listen = if config.listen == Config::default().listen {
        SocketAddr::from(([127, 0, 0, 1], 0))
    } else {
        config.listen
    };
    let network = start(config, listen, args.seed)
        .await
        .map_err(Failure::Usage)?;
    let ca_file = network.ca_file();
    if as_json {
        out::json(&json!({
            "ready": true,
            "sandboxUrl": network.sandbox_url(),
            "chatUrl": network.chat_url(),
            "caFile": ca_file,
            "noiseRoot": network.noise_root_hex(),
            "pid": std::process::id(),
        }))?;
    } else {
        out::line(format_args!(
            "control API   {}\nchat server   {}\nmedia root    {}",
            network.sandbox_url(),
            network.chat_url(),
            ca_file.display()
        ));
    }
    stop.await;
    network.shutdown();
    Ok(())
}
