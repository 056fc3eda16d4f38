//! `wharf openapi`.

use super::Failure;
use crate::out;

pub fn run() -> Result<(), Failure> {
    out::line(serde_json::to_string_pretty(&wharf_api::describe())?);
    Ok(())
}
