//! `wharf bench`: measure, beside a floor measured in the same run. Ratios travel between machines; times do not.

mod contacts;
mod crowd;
mod load;
mod report;
#[cfg(feature = "sandbox")]
mod round_trip;
mod sends;

use super::Failure;
use crate::cli::Bench;

pub async fn run(what: Bench, as_json: bool) -> Result<(), Failure> {
    match what {
        Bench::Contacts { people, seconds } => contacts::run(&people, seconds, as_json).await,
        Bench::Sends { sessions, seconds } => sends::run(&sessions, seconds, as_json).await,
    }
}
