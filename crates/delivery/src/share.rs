//! Connections in all, divided among the webhooks that have work.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Attempts under way in all, about.
const TOTAL: usize = 1_024;
/// Of one webhook whose receiver answers.
const MOST: usize = 32;
/// Of one whose receiver has failed last: enough to notice that it is back.
const FAILING: usize = 2;

/// How many webhooks have work now.
#[derive(Clone, Default)]
pub struct Share(Arc<AtomicUsize>);

/// One of them.
pub struct Busy(Share, bool);

impl Share {
    pub fn join(&self) -> Busy {
        Busy(self.clone(), false)
    }
}

impl Busy {
    /// Says whether there is work, and learns how many attempts may be under way at once.
    pub fn allowed(&mut self, busy: bool, failing: bool) -> usize {
        let count = &self.0.0;
        match (self.1, busy) {
            (false, true) => count.fetch_add(1, Ordering::Relaxed),
            (true, false) => count.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        self.1 = busy;
        let most = if failing { FAILING } else { MOST };
        (TOTAL / count.load(Ordering::Relaxed).max(1)).clamp(1, most)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.allowed(false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divided_among_those_that_have_work() {
        let share = Share::default();
        let mut many: Vec<Busy> = (0..512).map(|_| share.join()).collect();
        let mut one = share.join();
        assert_eq!(one.allowed(true, false), MOST);
        assert_eq!(one.allowed(true, true), FAILING);
        for busy in &mut many {
            busy.allowed(true, false);
        }
        assert_eq!(one.allowed(true, false), 1);
        drop(many);
        assert_eq!(one.allowed(true, false), MOST);
    }
}
