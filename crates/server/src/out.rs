//! Standard output: what a script reads. Logs and progress go to standard error.
#![expect(
    clippy::print_stdout,
    reason = "the one module that may write to standard output"
)]

use serde::Serialize;
use std::fmt::Display;

/// One line of text.
pub fn line(text: impl Display) {
    println!("{text}");
}

/// One JSON object on one line.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// One line on standard error, for a person.
#[expect(clippy::print_stderr, reason = "a complaint belongs on standard error")]
pub fn complain(text: impl Display) {
    eprintln!("{text}");
}
