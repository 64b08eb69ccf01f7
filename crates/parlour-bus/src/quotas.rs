//! Limits that hold over all nodes together.

use std::time::Duration;

use async_trait::async_trait;

use crate::BusError;

/// Quotas by key, shared by every node.
///
/// A key's quota starts full with `burst` units and fills up evenly again. What a bus forgets (it is soft, like
/// everything here) is a full quota: a limit may be too generous for a while, never too strict.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Takes one unit from the quota of `key`, if one is there. A key is asked for with one quota only; a changed
    /// quota holds from the next call.
    ///
    /// # Errors
    /// After [`BusError`] a unit may have been taken.
    async fn take(&self, key: &str, quota: Quota) -> Result<Taken, BusError>;
}

/// How much may be taken. Zeroes count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Units that may be taken at once.
    pub burst: u32,
    /// Units that come back in a minute.
    pub per_minute: u32,
}

impl Quota {
    /// How long it takes for one unit to come back.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }

    /// How long it takes for an empty quota to be full.
    #[must_use]
    pub fn refill(&self) -> Duration {
        self.interval().saturating_mul(self.burst.max(1))
    }
}

/// Whether a unit was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Yes, and it is taken.
    Yes,
    /// No, and nothing changed.
    No {
        /// When the next unit will be there; more than zero.
        retry_after: Duration,
    },
}
