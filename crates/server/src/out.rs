//! Standard output: what a script reads. Logs and progress go to standard error.
//!
//! A reader that went away (`| head`) is no error of ours: what cannot be written is dropped.

use serde::Serialize;
use std::{
    fmt::Display,
    io::{Write, stderr, stdout},
};

/// One line of text.
pub fn line(text: impl Display) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// One JSON object on one line.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// One line on standard error, for a person.
pub fn complain(text: impl Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}
