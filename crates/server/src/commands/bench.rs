//! `wharf bench`: measure, beside a floor measured in the same run.

use super::Failure;
use crate::cli::Bench;

pub async fn run(what: Bench, _as_json: bool) -> Result<(), Failure> {
    let Bench::Contacts { .. } = what;
    Err(Failure::Usage(anyhow::anyhow!(
        "bench contacts: not built yet"
    )))
}
