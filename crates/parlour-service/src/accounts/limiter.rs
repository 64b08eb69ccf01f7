//! One rate for each of many keys, on this node.
//!
//! Keys are hashed into a fixed number of slots with a seed of this process, so the memory is bounded whatever an attacker
//! names, and nobody can choose whom they share a slot with.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use parlour_model::Clock;

use super::Rate;
use crate::ServiceError;

/// Slots of one limit. At most so many cells are kept.
const SLOTS: u64 = 1 << 17;

/// One rate for each of many keys.
pub(crate) struct Limiter {
    seed: RandomState,
    clock: ServiceClock,
    cells: RateLimiter<u64, DashMapStateStore<u64>, ServiceClock, NoOpMiddleware<Duration>>,
}

impl Limiter {
    /// The given rate for each key, by `clock`.
    pub(crate) fn new(rate: Rate, clock: &Arc<dyn Clock>) -> Self {
        let clock = ServiceClock(Arc::clone(clock));
        let per_minute = std::num::NonZeroU32::get(rate.per_minute);
        let quota = Quota::with_period(Duration::from_secs(60) / per_minute)
            .unwrap_or_else(|| Quota::per_second(rate.burst))
            .allow_burst(rate.burst);
        Self {
            seed: RandomState::new(),
            cells: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
        }
    }

    /// Takes one of `key`.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] says how long to wait.
    pub(crate) fn take(&self, key: &(impl Hash + ?Sized)) -> Result<(), ServiceError> {
        let slot = self.seed.hash_one(key) % SLOTS;
        self.cells.check_key(&slot).map_err(|not_until| {
            let retry_after = not_until.wait_time_from(self.clock.now());
            too_often(retry_after, HeldBy::Node)
        })
    }
}

/// Who counted when somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldBy {
    /// This node alone.
    Node,
    /// All nodes together.
    AllNodes,
}

/// The refusal of somebody who comes too often, counted.
pub(super) fn too_often(retry_after: Duration, held_by: HeldBy) -> ServiceError {
    let held_by = match held_by {
        HeldBy::Node => "node",
        HeldBy::AllNodes => "all_nodes",
    };
    metrics::counter!("parlour_account_rate_limited_total", "held_by" => held_by).increment(1);
    ServiceError::Busy {
        retry_after,
        own_rate: true,
    }
}

/// The service's clock as the limiter reads it: time since the Unix epoch.
#[derive(Debug, Clone)]
struct ServiceClock(Arc<dyn Clock>);

impl GovernorClock for ServiceClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().as_millis())
    }
}
