//! The network alone, for a client to try itself against:
//! `cargo run -p wharf-sandbox --example serve [-- DATA_DIR]`.
//! Prints one JSON line when ready and runs until it is interrupted or terminated.

use std::path::PathBuf;

use wharf_sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let data_dir = std::env::args().nth(1).map(PathBuf::from);
    let s = Sandbox::start(Options {
        data_dir,
        ..Options::default()
    })
    .await?;
    let line = serde_json::json!({
        "ready": true, "sandboxUrl": s.sandbox_url(), "chatUrl": s.chat_url(),
        "caFile": s.ca_file(), "noiseRoot": s.noise_root_hex(), "pid": std::process::id(),
    });
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}")?;
    tokio::signal::ctrl_c().await?;
    s.shutdown();
    Ok(())
}
