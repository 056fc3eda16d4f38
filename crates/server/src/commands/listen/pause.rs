//! Trying again: soon at first, then every half minute.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// Between two tries.
pub struct Pause {
    next: Duration,
    tries: u32,
}

impl Pause {
    pub fn new() -> Self {
        Self {
            next: FIRST,
            tries: 0,
        }
    }

    /// Whether somebody should be told: at the first failure, and now and again.
    pub fn worth_a_word(&self) -> bool {
        self.tries.is_power_of_two() || self.tries == 0
    }

    /// There was a failure that was told.
    pub fn was_long(&self) -> bool {
        self.tries > 0
    }

    /// Waits; the next time longer.
    pub async fn wait(&mut self) {
        // Many readers of one gateway do not come back in one moment.
        let spread = self.next.mul_f64(rand::random_range(0.8..1.2));
        tokio::time::sleep(spread).await;
        self.next = (self.next * 2).min(LONGEST);
        self.tries += 1;
    }
}
