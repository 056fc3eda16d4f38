//! Time that a correction of the clock does not hold up.
//!
//! When an attempt is due is a time of the wall clock, since it outlives the process. But a clock that is set back by an
//! hour must not make what is due in five seconds wait for an hour, and one that is set forward by a week must not make a
//! receiver that failed once look as if it had done nothing else for days. So within a process time goes on from where
//! the clock stood at the start.

use std::sync::Arc;
use tokio::time::Instant;
use wharf_domain::ports::clock::Clock;
use wharf_types::Millis;

/// The clock, and what passed since the start.
#[derive(Clone)]
pub struct Steady {
    clock: Arc<dyn Clock>,
    began: (Millis, Instant),
}

impl Steady {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let began = (clock.now(), Instant::now());
        Self { clock, began }
    }

    /// For due times: never behind what passed since the start. Ahead of it where the clock is, so that a machine that
    /// slept catches up.
    pub fn now(&self) -> Millis {
        self.clock.now().max(self.lived())
    }

    /// For how long something has been so: the clock's corrections are no time that passed.
    pub fn lived(&self) -> Millis {
        let (from, since) = self.began;
        from + Millis::try_from(since.elapsed().as_millis()).unwrap_or(0)
    }
}
