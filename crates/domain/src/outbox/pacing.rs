//! The rates of a session: at most so many sends in any 60 s and in any 3,600 s, counted over the outbox.
//!
//! A sliding window over the times of sends, so exact to the message; the outbox is durable, so it survives
//! restarts. No smoothing below that: a full allowance may go at once.

use wharf_types::Millis;

const MINUTE: Millis = 60_000;
/// Sends older than this count for no rate.
pub const LONGEST_WINDOW: Millis = 60 * MINUTE;

/// The two allowances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// In any 60 s.
    pub per_min: u32,
    /// In any 3,600 s.
    pub per_hour: u32,
}

/// How long until one more send is within the rates; 0 = now. `times` are past sends, oldest first.
pub fn wait(times: &[Millis], now: Millis, rates: Rates) -> Millis {
    let window = |limit: u32, length: Millis| {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // The send that must have left the window before the next may enter it.
        let oldest = times
            .len()
            .checked_sub(limit)
            .and_then(|place| times.get(place));
        oldest.map_or(0, |sent| (sent + length - now).max(0))
    };
    window(rates.per_min, MINUTE).max(window(rates.per_hour, LONGEST_WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Sending as soon as `wait` allows never puts more than the limit into any window, and never waits longer than needed.
        #[test]
        fn exact_in_every_window(per_min in 1u32..8, per_hour in 1u32..20, gaps in prop::collection::vec(0i64..40_000, 1..80)) {
            let rates = Rates { per_min, per_hour };
            let (mut now, mut sent) = (1_000_000, Vec::<Millis>::new());
            for gap in gaps {
                now += gap;
                let needed = wait(&sent, now, rates);
                if needed > 0 {
                    prop_assert!(wait(&sent, now + needed - 1, rates) > 0, "waits longer than needed");
                    now += needed;
                }
                prop_assert_eq!(wait(&sent, now, rates), 0);
                sent.push(now);
                for (length, limit) in [(MINUTE, per_min), (LONGEST_WINDOW, per_hour)] {
                    let within = sent.iter().filter(|at| **at > now - length).count();
                    prop_assert!(within <= limit as usize, "{within} in {length} ms");
                }
            }
        }
    }
}
