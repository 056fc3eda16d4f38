//! When an attempt is made again.
//!
//! The default schedule is 0, 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h, 24 h, 24 h: eleven attempts over 68.7 h.
//! Every wait varies by up to a fifth, so that receivers that failed together do not come back together. A receiver may
//! ask for more time with `Retry-After`, up to an hour.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use wharf_types::Millis;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;

/// Waits before the second, third, … attempt.
const SCHEDULE: [Millis; 10] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
    24 * HOUR,
];
/// No wait of a policy of the caller's is longer.
const LONGEST: Millis = 24 * HOUR;
/// What a receiver may ask for.
const MOST_ASKED: Millis = HOUR;

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// The default schedule.
    #[default]
    Schedule,
    /// `delaySeconds`, doubled each time.
    Exponential,
    /// `delaySeconds` each time.
    Constant,
}

impl Shape {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "schedule" => Some(Self::Schedule),
            "exponential" => Some(Self::Exponential),
            "constant" => Some(Self::Constant),
            _ => None,
        }
    }
}

/// The contract's `retryPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// 1–30.
    pub attempts: u32,
    /// 1–86,400; of no meaning for a schedule.
    pub delay_seconds: u32,
    /// How waits grow.
    pub policy: Shape,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 11,
            delay_seconds: 5,
            policy: Shape::Schedule,
        }
    }
}

impl RetryPolicy {
    /// Of what a caller said; what is not said is the default.
    pub fn of(attempts: Option<i64>, delay: Option<i64>, policy: Option<&str>) -> Result<Self> {
        let usual = Self::default();
        let within = |value: Option<i64>, usual: u32, most: u32, field: &str| match value {
            None => Ok(usual),
            Some(value) => u32::try_from(value)
                .ok()
                .filter(|value| (1..=most).contains(value))
                .ok_or_else(|| {
                    Error::invalid(
                        format!("retryPolicy.{field}"),
                        format!("must be from 1 to {most}"),
                    )
                }),
        };
        let policy = match policy {
            None => usual.policy,
            Some(name) => Shape::named(name).ok_or_else(|| {
                Error::invalid(
                    "retryPolicy.policy",
                    "must be schedule, exponential or constant",
                )
            })?,
        };
        Ok(Self {
            attempts: within(attempts, usual.attempts, 30, "attempts")?,
            delay_seconds: within(delay, usual.delay_seconds, 86_400, "delaySeconds")?,
            policy,
        })
    }

    /// How long to wait after the `made`-th attempt has failed (from 1), or `None` when it was the last. `chance` within
    /// 0–1 varies it; `asked` is the receiver's `Retry-After`.
    pub fn wait_after(&self, made: u32, asked: Option<Millis>, chance: f64) -> Option<Millis> {
        if made >= self.attempts {
            return None;
        }
        let delay = i64::from(self.delay_seconds) * SECOND;
        let step = usize::try_from(made.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = match self.policy {
            Shape::Schedule => SCHEDULE
                .get(step)
                .or(SCHEDULE.last())
                .copied()
                .unwrap_or(LONGEST),
            Shape::Constant => delay,
            Shape::Exponential => {
                let factor = 1_i64
                    .checked_shl(made.saturating_sub(1).min(40))
                    .unwrap_or(1);
                delay.saturating_mul(factor)
            }
        };
        let wait = wait.min(LONGEST);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a wait is at most a day, and a fraction of a millisecond does not matter"
        )]
        let varied = (wait as f64 * (0.8 + 0.4 * chance.clamp(0.0, 1.0))) as Millis;
        let asked = asked.unwrap_or(0).min(MOST_ASKED);
        Some(varied.max(asked))
    }

    /// No wait is longer, whatever chance and receiver say.
    pub fn longest(&self) -> Millis {
        let longest = |made| self.wait_after(made, Some(MOST_ASKED), 1.0);
        (1..self.attempts)
            .filter_map(longest)
            .max()
            .unwrap_or(MOST_ASKED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_the_contracts() {
        let usual = RetryPolicy::default();
        let waits: Vec<_> = (1..=11)
            .map(|made| usual.wait_after(made, None, 0.5))
            .collect();
        assert_eq!(waits[0], Some(5_000));
        assert_eq!(waits[9], Some(86_400_000));
        assert_eq!(waits[10], None, "the eleventh is the last");
        let total: Millis = waits.iter().flatten().sum();
        assert_eq!(total, 247_355_000, "68.7 hours");
        assert_eq!(usual.wait_after(1, None, 0.0), Some(4_000));
        assert_eq!(usual.wait_after(1, None, 1.0), Some(6_000));
    }

    #[test]
    fn a_receiver_may_ask_for_an_hour() {
        let usual = RetryPolicy::default();
        assert_eq!(usual.wait_after(1, Some(120_000), 0.5), Some(120_000));
        assert_eq!(usual.wait_after(1, Some(9 * HOUR), 0.5), Some(HOUR));
        assert_eq!(usual.wait_after(1, Some(1), 0.5), Some(5_000));
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let usual = RetryPolicy::default();
        assert_eq!(usual.longest(), 24 * HOUR * 6 / 5);
        let quick = RetryPolicy::of(Some(3), Some(7), Some("constant")).unwrap();
        assert_eq!(quick.longest(), HOUR, "the receiver may ask for it");
        let once = RetryPolicy::of(Some(1), None, None).unwrap();
        assert_eq!(once.longest(), HOUR);
    }

    #[test]
    fn policies_of_the_callers() {
        let of = |attempts, delay, policy| RetryPolicy::of(Some(attempts), Some(delay), policy);
        let constant = of(3, 7, Some("constant")).unwrap();
        let waits: Vec<_> = (1..=3)
            .map(|made| constant.wait_after(made, None, 0.5))
            .collect();
        assert_eq!(waits, [Some(7_000), Some(7_000), None]);
        let growing = of(30, 10, Some("exponential")).unwrap();
        assert_eq!(growing.wait_after(3, None, 0.5), Some(40_000));
        assert_eq!(growing.wait_after(29, None, 0.5), Some(LONGEST));
        for wrong in [
            of(0, 1, None),
            of(31, 1, None),
            of(1, 0, None),
            of(1, 86_401, None),
            of(1, 1, Some("x")),
        ] {
            assert!(wrong.is_err());
        }
    }
}
