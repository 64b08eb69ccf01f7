//! How many connections this node accepts in one second, whoever they are from.
//!
//! When a gateway dies, all its clients connect anew to the others within a second, and each costs a look at its token and its
//! chats. Invariant: by the node's clock, never more than the configured number is accepted in any one second, wherever that
//! second begins. Who comes beyond it is asked to wait for a random time, so that they do not all come together again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use parlour_model::Clock;
use rand::RngExt;

use crate::addresses::NodeClock;
use crate::settings::CONNECT_AGAIN_AFTER;

/// Of the connections of a second, one in so many may come at once.
const AT_ONCE: u32 = 5;

/// The connections of a node.
pub(crate) struct Connects {
    cell: RateLimiter<NotKeyed, InMemoryState, NodeClock, NoOpMiddleware<Duration>>,
}

impl Connects {
    /// At most `per_second` in any second, by `clock`; zero counts as one.
    pub(crate) fn new(per_second: u32, clock: &Arc<dyn Clock>) -> Self {
        let per_second = per_second.max(1);
        let at_once = per_second.div_ceil(AT_ONCE);
        // A second that begins with all that may come at once has room for the others less the one that comes when it is over.
        let evenly = per_second - at_once + 1;
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(evenly)).allow_burst(at_least_one(at_once));
        Self {
            cell: RateLimiter::direct_with_clock(quota, NodeClock(Arc::clone(clock))),
        }
    }

    /// Takes one connection; `Err` says how long to wait before the next try.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        let taken = self.cell.check();
        taken.map_err(|_| rand::rng().random_range(CONNECT_AGAIN_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use parlour_model::{ManualClock, Timestamp};

    use super::*;

    const SECOND_MS: u64 = 1_000;

    /// When connections are accepted if `herd` of them try in each millisecond of `seconds`.
    fn accepted(per_second: u32, herd: usize, seconds: u64) -> Vec<u64> {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let connects = Connects::new(per_second, &shared);
        let mut accepted = Vec::new();
        for ms in 0..seconds * SECOND_MS {
            accepted.extend((0..herd).filter(|_| connects.take().is_ok()).map(|_| ms));
            clock.advance(Duration::from_millis(1));
        }
        accepted
    }

    #[test]
    fn no_second_sees_more_than_the_rate_wherever_it_begins() {
        for per_second in [0, 1, 2, 3, 7, 50, 999, 1_000] {
            let accepted = accepted(per_second, 20, 5);
            let most = per_second.max(1) as usize;
            for (first, beyond) in accepted.iter().zip(&accepted[most..]) {
                assert!(
                    beyond - first >= SECOND_MS,
                    "{per_second} in a second: one more from {first} to {beyond}"
                );
            }
            assert!(
                accepted.len() >= most * 5 * 3 / 4,
                "{per_second} in a second, and in five {} came in",
                accepted.len()
            );
        }
    }

    #[test]
    fn a_fifth_may_come_at_once_and_after_a_quiet_time_again() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let connects = Connects::new(1_000, &shared);
        for _ in 0..2 {
            let at_once = std::iter::repeat_with(|| connects.take()).take_while(Result::is_ok);
            assert_eq!(at_once.count(), 200);
            clock.advance(Duration::from_secs(1));
        }
    }

    #[test]
    fn those_refused_are_asked_to_come_back_at_different_times() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_millis(1)));
        let connects = Connects::new(1, &clock);
        assert_eq!(connects.take(), Ok(()));
        let waits: BTreeSet<u64> = std::iter::repeat_with(|| connects.take().unwrap_err())
            .take(200)
            .inspect(|wait| assert!(CONNECT_AGAIN_AFTER.contains(wait), "{wait:?}"))
            .map(|wait| wait.as_secs())
            .collect();
        assert!(waits.len() > 5, "{waits:?}");
    }
}
