//! Quotas in one process.
//!
//! A key is remembered by the time at which its quota will be full again, and not at all once it is full. When too
//! many keys are remembered, those that are nearest to being full are forgotten: that gives away the least.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use parlour_model::Timestamp;

use crate::{BusError, LocalBus, Quota, Quotas, Taken};

/// Most keys remembered: some ten megabytes.
const KEYS_MAX: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// When each key's quota is full again, in microseconds since the Unix epoch.
    full_at: Mutex<HashMap<String, u64>>,
}

impl Buckets {
    pub(super) fn take(&self, key: &str, quota: Quota, now: Timestamp) -> Taken {
        let now = now.as_millis().saturating_mul(1_000);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let refill = micros(quota.refill());
        let remembered = full_at.get(key).map_or(now, |then| now.max(*then));
        // A smaller quota than before must not lock anybody out.
        let then = remembered.min(now.saturating_add(refill)) + micros(quota.interval());
        // With a unit less than none the quota would take longer than `refill` to be full.
        let allowed_at = then.saturating_sub(refill);
        if now < allowed_at {
            let retry_after = Duration::from_micros(allowed_at - now);
            return Taken::No { retry_after };
        }
        if full_at.len() >= KEYS_MAX && !full_at.contains_key(key) {
            forget(&mut full_at, now);
        }
        full_at.insert(key.to_owned(), then);
        Taken::Yes
    }
}

#[async_trait]
impl Quotas for LocalBus {
    async fn take(&self, key: &str, quota: Quota) -> Result<Taken, BusError> {
        self.check_alive()?;
        Ok(self.network.quotas.take(key, quota, self.clock.now()))
    }
}

/// Makes room: forgets full quotas, and if there are too few of them, the fuller half.
fn forget(full_at: &mut HashMap<String, u64>, now: u64) {
    full_at.retain(|_, then| *then > now);
    if full_at.len() <= KEYS_MAX / 2 {
        return;
    }
    let mut times: Vec<u64> = full_at.values().copied().collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    full_at.retain(|_, then| *then > median);
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        burst: 2,
        per_minute: 60,
    };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn units_come_back_one_by_one() {
        let buckets = Buckets::default();
        for _ in 0..2 {
            assert_eq!(buckets.take("a", QUOTA, at(0)), Taken::Yes);
        }
        let retry_after = Duration::from_secs(1);
        assert_eq!(buckets.take("a", QUOTA, at(0)), Taken::No { retry_after });
        let retry_after = Duration::from_millis(1);
        assert_eq!(buckets.take("a", QUOTA, at(999)), Taken::No { retry_after });
        assert_eq!(buckets.take("a", QUOTA, at(1_000)), Taken::Yes);
        assert_ne!(buckets.take("a", QUOTA, at(1_000)), Taken::Yes);
        // However long nobody asks, no more than the burst is there.
        for _ in 0..2 {
            assert_eq!(buckets.take("a", QUOTA, at(1_000_000)), Taken::Yes);
        }
        assert_ne!(buckets.take("a", QUOTA, at(1_000_000)), Taken::Yes);
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_quotas_are_kept() {
        let buckets = Buckets::default();
        for _ in 0..2 {
            assert_eq!(buckets.take("empty", QUOTA, at(0)), Taken::Yes);
        }
        for key in 0..2 * KEYS_MAX {
            assert_eq!(buckets.take(&key.to_string(), QUOTA, at(0)), Taken::Yes);
        }
        assert!(buckets.full_at.lock().unwrap().len() <= KEYS_MAX);
        assert_ne!(buckets.take("empty", QUOTA, at(0)), Taken::Yes);
    }
}
