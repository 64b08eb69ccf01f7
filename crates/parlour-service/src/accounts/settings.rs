//! What an operator may set about accounts.
//!
//! Every duration and bound that the use cases keep to stands here with its default, so that a test can make
//! hashing cheap and a deployment can make it dear without touching code.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use parlour_model::limits;

use crate::ServiceError;

/// The settings of accounts. [`Default`] is what production runs with.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Who issues access tokens: their `iss`.
    pub issuer: String,
    /// Whom access tokens are for: their `aud`.
    pub audience: String,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
    /// How often a new key signs access tokens.
    pub key_rotation: Duration,
    /// How long the predecessor of a refresh token gives the same successor again.
    pub refresh_grace: Duration,
    /// How passwords are hashed.
    pub passwords: PasswordSettings,
    /// How often somebody may try.
    pub rates: RateSettings,
    /// Whether strangers may register.
    pub registration_open: bool,
    /// How long one call of the store may take before its outcome counts as unknown.
    pub store_within: Duration,
}

/// Cost and concurrency of password hashing (argon2id).
#[derive(Debug, Clone)]
pub struct PasswordSettings {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes of one hash.
    pub lanes: u32,
    /// Hashes computed at once.
    pub permits: NonZeroUsize,
    /// Hashes waiting at most for one of those.
    pub queue_max: usize,
}

/// Rates of what costs a password hash; `None` is without limit.
#[derive(Debug, Clone)]
pub struct RateSettings {
    /// Password checks of one user name from one origin.
    pub checks_per_username_and_origin: Option<Rate>,
    /// Password checks of one user name from all origins together: so many that few can use them up for its owner.
    pub checks_per_username: Option<Rate>,
    /// Logins from one origin.
    pub logins_per_origin: Option<Rate>,
    /// Registrations from one origin.
    pub registrations_per_origin: Option<Rate>,
}

/// So many at once, and so many a minute in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: NonZeroU32,
    /// A minute.
    pub per_minute: NonZeroU32,
}

impl Rate {
    /// A rate of `burst` at once and `per_minute` in the long run; zero counts as one.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            burst: at_least_one(burst),
            per_minute: at_least_one(per_minute),
        }
    }
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            issuer: "parlour".to_owned(),
            audience: "parlour".to_owned(),
            access_token_lifetime: Duration::from_secs(10 * 60),
            key_rotation: Duration::from_secs(7 * 24 * 3600),
            refresh_grace: Duration::from_secs(60),
            passwords: PasswordSettings::default(),
            rates: RateSettings::default(),
            registration_open: true,
            store_within: Duration::from_secs(5),
        }
    }
}

impl Default for PasswordSettings {
    /// The OWASP recommendation for argon2id (19 MiB, two passes, one lane), one hash per core.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            permits: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            queue_max: limits::PASSWORD_QUEUE_MAX,
        }
    }
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            checks_per_username_and_origin: Some(Rate::new(20, 10)),
            checks_per_username: Some(Rate::new(100, 60)),
            logins_per_origin: Some(Rate::new(60, 60)),
            registrations_per_origin: Some(Rate::new(30, 10)),
        }
    }
}

impl AccountSettings {
    /// Refuses settings that cannot work together.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let wrong = |field, reason: &str| {
            Err(ServiceError::Invalid {
                field,
                reason: reason.to_owned(),
            })
        };
        if self.issuer.is_empty() || self.audience.is_empty() {
            return wrong("issuer", "issuer and audience must not be empty");
        }
        if self.access_token_lifetime < Duration::from_secs(10) {
            return wrong("access_token_lifetime", "must be 10 seconds or more");
        }
        if self.key_rotation < self.access_token_lifetime * 2 {
            return wrong(
                "key_rotation",
                "must be at least twice the access token lifetime",
            );
        }
        Ok(())
    }
}
