//! `wharf bench`: measure, beside a floor measured in the same run. Ratios travel between machines; times do not.

mod bare;
mod contacts;
mod crowd;
mod load;
mod log;
mod readers;
mod report;
#[cfg(feature = "sandbox")]
mod round_trip;
mod sends;
mod sink;
mod sockets;
mod stage;
mod webhooks;

use super::Failure;
use crate::cli::Bench;

pub async fn run(what: Bench, as_json: bool) -> Result<(), Failure> {
    match what {
        Bench::Contacts { people, seconds } => contacts::run(&people, seconds, as_json).await,
        Bench::Sends { sessions, seconds } => sends::run(&sessions, seconds, as_json).await,
        Bench::Webhooks {
            webhooks,
            crowd,
            rows,
            seconds,
        } => webhooks::run(&webhooks, crowd, &rows, seconds, as_json).await,
        Bench::Sockets { sockets, seconds } => sockets::run(&sockets, seconds, as_json).await,
        Bench::Readers => readers::run().await,
    }
}
