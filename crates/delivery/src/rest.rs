//! A receiver that fails again and again is left alone for moments.
//!
//! Why: one that refuses at once costs as much as one that works, and more, since what failed is written down and tried
//! again. Hundreds of events a second to a receiver that is dead would be felt by the others. So after so many failures
//! without a success in between, attempts come in twos, ten times a second: enough to see at once that it is back. What
//! is not attempted meanwhile waits in the log.

use std::time::Duration;
use tokio::time::Instant;

/// Failures without a success after which it rests.
const MANY: u32 = 16;
/// After each further one.
const REST: Duration = Duration::from_millis(100);

/// How a receiver has done last.
#[derive(Default)]
pub struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    /// It took an event, or did not.
    pub fn note(&mut self, taken: bool, now: Instant) {
        if taken {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MANY {
            self.until = Some(now + REST);
        }
    }

    /// Until when it is left alone, if it is.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_failures_make_it_rest_and_one_success_ends_that() {
        let (mut rest, now) = (Rest::default(), Instant::now());
        for _ in 1..MANY {
            rest.note(false, now);
            assert_eq!(rest.until(now), None);
        }
        rest.note(false, now);
        assert_eq!(rest.until(now), Some(now + REST));
        let later = now + REST;
        assert_eq!(rest.until(later), None);
        rest.note(false, later);
        assert_eq!(rest.until(later), Some(later + REST));
        rest.note(true, later);
        assert_eq!(rest.until(later), None);
        rest.note(false, later);
        assert_eq!(rest.until(later), None, "counted anew");
    }
}
