//! How long and how much.

use std::time::Duration;

/// The bounds of one exchange. Resolving and connecting have a bound of their own, which is the client's.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the request to the head of the answer, connecting and sending the request's body included.
    pub first_byte: Duration,
    /// From the request to the last byte of the answer.
    pub whole: Duration,
    /// The body's size.
    pub largest: u64,
    /// Within every such time spent waiting for the body…
    pub window: Duration,
    /// …at least this much must come.
    pub least: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(15),
            whole: Duration::from_secs(30),
            largest: 1 << 20,
            window: Duration::from_secs(5),
            least: 2 << 10,
        }
    }
}

impl Limits {
    /// For bodies of up to `largest` bytes: as long as 64 KiB/s would take, and a minute.
    pub fn for_bodies(largest: u64) -> Self {
        Self {
            whole: Duration::from_secs(60 + largest / (64 << 10)),
            largest,
            ..Self::default()
        }
    }
}
