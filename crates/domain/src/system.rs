//! Ids and randomness from the machine.

use crate::ports::ids::Ids;
use rand::Rng;
use std::sync::{Mutex, PoisonError};
use ulid::{Generator, Ulid};

/// Monotonic ULIDs and the operating system's randomness.
#[derive(Default)]
pub struct SystemIds {
    generator: Mutex<Generator>,
}

impl Ids for SystemIds {
    fn ulid(&self) -> Ulid {
        let mut generator = self
            .generator
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Overflow of the random half within one millisecond: carry into the time half, still monotonic.
        generator
            .generate()
            .unwrap_or_else(|overflow| overflow.commit_overflow_increment())
    }

    fn random(&self, into: &mut [u8]) {
        rand::rng().fill_bytes(into);
    }
}
