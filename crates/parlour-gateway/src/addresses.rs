//! How fast one address may send HTTP requests.
//!
//! Addresses share a fixed number of slots, chosen by a seed of this process: memory is bounded whoever comes, and nobody can
//! choose whom they share a slot with. Of an IPv6 address its /64 counts, here and wherever addresses have a share or a rate.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use parlour_model::Clock;

use crate::settings::GatewayLimits;

/// Slots; so many cells are kept at most.
const SLOTS: u64 = 1 << 16;

/// The requests of all addresses.
pub(crate) struct Addresses {
    seed: RandomState,
    clock: NodeClock,
    cells: RateLimiter<u64, DashMapStateStore<u64>, NodeClock, NoOpMiddleware<Duration>>,
}

impl Addresses {
    /// The configured rate, by `clock`.
    pub(crate) fn new(limits: &GatewayLimits, clock: &Arc<dyn Clock>) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_second))
            .allow_burst(at_least_one(limits.requests_burst));
        let clock = NodeClock(Arc::clone(clock));
        Self {
            seed: RandomState::new(),
            cells: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
        }
    }

    /// Takes one request of `address`; `Err` says how long to wait.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), Duration> {
        let slot = self.seed.hash_one(network(address)) % SLOTS;
        self.cells
            .check_key(&slot)
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

/// What an attacker with one address cannot change: of IPv6 the /64, because whoever has one address there has all of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The node's clock as a limiter reads it: time since the Unix epoch.
#[derive(Debug, Clone)]
pub(crate) struct NodeClock(pub(crate) Arc<dyn Clock>);

impl GovernorClock for NodeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().as_millis())
    }
}

#[cfg(test)]
mod tests {
    use parlour_model::{ManualClock, Timestamp};

    use super::*;

    #[test]
    fn an_address_has_its_own_rate_and_a_network_of_sixty_four_bits_is_one_address() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let limits = GatewayLimits {
            requests_per_second: 1,
            requests_burst: 2,
            ..GatewayLimits::default()
        };
        let shared: Arc<dyn Clock> = clock.clone();
        let addresses = Addresses::new(&limits, &shared);
        let take = |text: &str| addresses.take(text.parse().unwrap());
        assert_eq!(take("2001:db8::1"), Ok(()));
        assert_eq!(take("2001:db8::2"), Ok(()));
        let wait = take("2001:db8::3").unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
        clock.advance(wait);
        assert_eq!(take("2001:db8::3"), Ok(()));
    }

    #[test]
    fn one_network_is_one_address_however_it_is_written() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
