//! One file a command.

mod bench;
mod doctor;
mod init;
mod keys;
mod listen;
mod openapi;
mod serve;
mod users;

#[cfg(feature = "sandbox")]
mod demo;
#[cfg(feature = "sandbox")]
mod sandbox;

use crate::{cli::Command, config::Config, telemetry};

/// Why a command failed: the exit code follows.
pub enum Failure {
    /// Bad usage or configuration: 2.
    Usage(anyhow::Error),
    /// Failed while running: 1.
    Run(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

/// Runs a command.
pub async fn run(command: Command, config: Config, json: bool) -> Result<(), Failure> {
    let quiet = matches!(
        command,
        Command::Demo(_)
            | Command::Sandbox(_)
            | Command::Bench(_)
            | Command::Doctor
            | Command::Listen(_)
    );
    telemetry::start(
        config.log_format,
        if quiet {
            "warn"
        } else {
            "warn,wharf=info,wharf_api=info,wharf_domain=info,wharf_engine=info"
        },
    );
    match command {
        Command::Serve(args) => serve::run(&args, &config, json).await,
        Command::Init { email } => init::run(&email, &config, json).await,
        Command::Keys(what) => keys::run(what, &config, json).await,
        Command::Users(what) => users::run(what, &config, json).await,
        Command::Doctor => doctor::run(&config, json).await,
        Command::Listen(args) => listen::run(&args, &config, json).await,
        Command::Openapi => openapi::run(),
        #[cfg(feature = "sandbox")]
        Command::Demo(args) => demo::run(&args, config, json).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(&args, &config, json).await,
        Command::Bench(what) => bench::run(what, json).await,
        #[cfg(not(feature = "sandbox"))]
        Command::Demo(_) | Command::Sandbox(_) => Err(Failure::Usage(anyhow::anyhow!(
            "this build has no simulated network; build one that has: cargo run --release --features sandbox -- demo"
        ))),
    }
}
