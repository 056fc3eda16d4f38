//! How often somebody may try to log in: by account and by address, each a bucket of attempts that fills again.
//!
//! An attempt is taken before anything is looked up and given back when it was right, so what is counted are wrong ones
//! and those under way. Accounts that are not there have buckets too. In memory: a restart forgets, which a guesser
//! cannot cause.

use crate::{Error, Result};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use wharf_types::Millis;

/// Attempts at one account at once, and the time in which one comes back.
const ACCOUNT: Rate = Rate {
    burst: 10,
    every: 60_000,
};
/// Attempts from one address. Offices share one.
const ADDRESS: Rate = Rate {
    burst: 60,
    every: 5_000,
};
/// Buckets of each kind. Full ones say nothing and go first.
const MOST: usize = 50_000;

#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: i64,
    every: Millis,
}

/// The buckets.
pub(super) struct Guessing {
    accounts: Buckets,
    addresses: Buckets,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            accounts: Buckets::new(ACCOUNT),
            addresses: Buckets::new(ADDRESS),
        }
    }
}

impl Guessing {
    /// Takes an attempt at an account from an address, or says when the next may be made.
    pub(super) fn attempt(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: Millis,
    ) -> Result<()> {
        self.addresses.take(&network(address), now)?;
        self.accounts.take(account, now)
    }

    /// It was right.
    pub(super) fn right(&self, account: &str, address: Option<IpAddr>, now: Millis) {
        self.addresses.give_back(&network(address), now);
        self.accounts.give_back(account, now);
    }
}

/// One subscriber holds a /64 of IPv6 at least.
fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(at)) => {
            let [a, b, c, d, ..] = at.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        Some(at) => at.to_string(),
        None => String::new(),
    }
}

struct Buckets {
    rate: Rate,
    /// When each would be full again.
    full_at: Mutex<HashMap<String, Millis>>,
}

impl Buckets {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: Mutex::default(),
        }
    }

    fn take(&self, key: &str, now: Millis) -> Result<()> {
        let Rate { burst, every } = self.rate;
        let mut known = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = known.get(key).copied().unwrap_or(now).max(now);
        let over = full_at + every - (now + burst * every);
        if over > 0 {
            return Err(Error::Throttled {
                retry_after_ms: over,
            });
        }
        if known.len() >= MOST && !known.contains_key(key) {
            known.retain(|_, full_at| *full_at > now);
            if known.len() >= MOST {
                // More under attack at once than there is room for: those furthest from their limit are let go.
                let half = now + burst * every / 2;
                known.retain(|_, full_at| *full_at > half);
            }
            if known.len() >= MOST {
                return Err(Error::Throttled {
                    retry_after_ms: every,
                });
            }
        }
        known.insert(key.to_owned(), full_at + every);
        Ok(())
    }

    fn give_back(&self, key: &str, now: Millis) {
        let mut known = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = known.get_mut(key) {
            *full_at -= self.rate.every;
            if *full_at <= now {
                known.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_runs_dry_and_fills() {
        let buckets = Buckets::new(Rate {
            burst: 3,
            every: 10,
        });
        for _ in 0..3 {
            buckets.take("a", 100).unwrap();
        }
        assert_eq!(
            buckets.take("a", 100),
            Err(Error::Throttled { retry_after_ms: 10 })
        );
        buckets.take("b", 100).unwrap();
        assert_eq!(
            buckets.take("a", 104),
            Err(Error::Throttled { retry_after_ms: 6 })
        );
        buckets.take("a", 110).unwrap();
        assert!(buckets.take("a", 110).is_err());
        buckets.give_back("a", 110);
        buckets.take("a", 110).unwrap();
        for _ in 0..3 {
            buckets.take("a", 1_000).unwrap();
        }
        assert!(buckets.take("a", 1_000).is_err());
    }

    #[test]
    fn neighbours_in_one_network_are_one() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("203.0.113.1"), of("203.0.113.2"));
    }

    #[test]
    fn there_is_an_end_to_buckets() {
        let buckets = Buckets::new(ACCOUNT);
        for number in 0..MOST {
            buckets.take(&number.to_string(), 0).unwrap();
        }
        buckets.take("one more", 0).unwrap();
        assert!(buckets.full_at.lock().unwrap().len() <= MOST);
    }
}
