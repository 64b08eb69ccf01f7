//! How often somebody may try a password or register.
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
use parlour_model::{Clock, UserName};

use super::{Rate, RateSettings};
use crate::ServiceError;

/// Slots of one limit. At most so many cells are kept.
const SLOTS: u64 = 1 << 17;

/// Where a request comes from, as far as rates are concerned: an address as text, chosen by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// All rates of accounts.
pub(super) struct Rates {
    checks_per_username_and_origin: Option<Limiter>,
    checks_per_username: Option<Limiter>,
    logins_per_origin: Option<Limiter>,
    registrations_per_origin: Option<Limiter>,
}

impl Rates {
    /// The configured rates, by `clock`.
    pub(super) fn new(settings: &RateSettings, clock: &Arc<dyn Clock>) -> Self {
        let limiter = |rate: Option<Rate>| rate.map(|rate| Limiter::new(rate, clock));
        Self {
            checks_per_username_and_origin: limiter(settings.checks_per_username_and_origin),
            checks_per_username: limiter(settings.checks_per_username),
            logins_per_origin: limiter(settings.logins_per_origin),
            registrations_per_origin: limiter(settings.registrations_per_origin),
        }
    }

    /// Takes one login by `name` from `origin`. The origin first, the name last: nobody is to use up a stranger's name by
    /// what they were refused themselves.
    pub(super) fn take_login(&self, name: &UserName, origin: &Origin) -> Result<(), ServiceError> {
        take(self.logins_per_origin.as_ref(), &origin.0)?;
        let pair = (name.as_str(), Some(&origin.0));
        take(self.checks_per_username_and_origin.as_ref(), &pair)?;
        take(self.checks_per_username.as_ref(), name.as_str())
    }

    /// Takes one password check of `name` by somebody who is signed in as them. That is an origin of its own, so that
    /// strangers cannot use it up.
    pub(super) fn take_password_check(&self, name: &UserName) -> Result<(), ServiceError> {
        let pair = (name.as_str(), None::<&String>);
        take(self.checks_per_username_and_origin.as_ref(), &pair)
    }

    /// Takes one registration from `origin`.
    pub(super) fn take_registration(&self, origin: &Origin) -> Result<(), ServiceError> {
        take(self.registrations_per_origin.as_ref(), &origin.0)
    }
}

fn take(limiter: Option<&Limiter>, key: &(impl Hash + ?Sized)) -> Result<(), ServiceError> {
    limiter.map_or(Ok(()), |limiter| limiter.take(key))
}

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
            metrics::counter!("parlour_account_rate_limited_total").increment(1);
            ServiceError::Busy {
                retry_after: not_until.wait_time_from(self.clock.now()),
                own_rate: true,
            }
        })
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

#[cfg(test)]
mod tests {
    use parlour_model::{ManualClock, Timestamp};

    use super::*;

    fn busy_for(answer: Result<(), ServiceError>) -> Option<Duration> {
        match answer {
            Ok(()) => None,
            Err(ServiceError::Busy {
                retry_after,
                own_rate: true,
            }) => Some(retry_after),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_name_is_tried_as_often_as_its_rates_allow_and_then_again_after_the_time_told() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let settings = RateSettings {
            checks_per_username_and_origin: Some(Rate::new(3, 6)),
            checks_per_username: Some(Rate::new(6, 6)),
            logins_per_origin: None,
            registrations_per_origin: None,
        };
        let rates = Rates::new(&settings, &shared);
        let (ann, bob) = (UserName::new("ann").unwrap(), UserName::new("bob").unwrap());
        let origin = Origin::new("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(busy_for(rates.take_login(&ann, &origin)), None);
        }
        let wait = busy_for(rates.take_login(&ann, &origin)).unwrap();
        assert_eq!(wait, Duration::from_secs(10));
        assert_eq!(busy_for(rates.take_login(&bob, &origin)), None);
        // Whoever guesses there does not keep Ann out here, nor where she is signed in.
        let elsewhere = Origin::new("192.0.2.2");
        for _ in 0..3 {
            assert_eq!(busy_for(rates.take_login(&ann, &elsewhere)), None);
        }
        // But all together may not go on for ever.
        let third = Origin::new("192.0.2.3");
        assert!(busy_for(rates.take_login(&ann, &third)).is_some());
        assert_eq!(busy_for(rates.take_password_check(&ann)), None);
        clock.advance(wait);
        assert_eq!(busy_for(rates.take_login(&ann, &origin)), None);
    }
}
