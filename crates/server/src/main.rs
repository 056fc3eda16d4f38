//! The `wharf` program.

mod cli;
mod commands;
mod config;
mod data_dir;
mod environment;
mod files;
mod gateway;
mod out;
mod outbound;
mod redact;
mod telemetry;
mod wiring;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A page of a list is hundreds of small strings: with glibc's allocator a fifth of a read went into them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    files::raise();
    let cli = cli::Cli::parse();
    let json = cli.common.json;
    let usage = |error: &anyhow::Error| {
        // The whole chain on one line: it names the setting and the cause.
        out::complain(format_args!("wharf: {error:#}"));
        ExitCode::from(2)
    };
    let config = match config::Config::load(&cli.common) {
        Ok(config) => config,
        Err(error) => return usage(&error),
    };
    match commands::run(cli.command, config, json).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(commands::Failure::Usage(error)) => usage(&error),
        Err(commands::Failure::Run(error)) => {
            out::complain(format_args!("wharf: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
