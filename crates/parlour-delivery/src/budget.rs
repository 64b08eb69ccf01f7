//! How much the upkeep of one node may ask of the store: so much a second, and not more because many nodes do it at once.
//!
//! What users wait for (a sync, a hole that is filled) does not pass here; what the node does on its own does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Rows that may be read a second. An idle budget has nothing saved up.
#[derive(Debug)]
pub(crate) struct Budget {
    per_second: u32,
    /// When the next rows may be read.
    free_at: Mutex<Option<Instant>>,
}

impl Budget {
    pub(crate) const fn new(per_second: u32) -> Self {
        Self {
            per_second,
            free_at: Mutex::new(None),
        }
    }

    /// The most that a second allows.
    pub(crate) fn per_second(&self) -> usize {
        self.per_second as usize
    }

    /// Waits until `rows` more may be read. Whoever comes next waits until these have been paid for.
    pub(crate) async fn take(&self, rows: usize) {
        tokio::time::sleep_until(self.book(rows)).await;
    }

    fn book(&self, rows: usize) -> Instant {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let cost = Duration::from_secs(1) * rows / self.per_second;
        let now = Instant::now();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free_at.map_or(now, |free_at| free_at.max(now));
        *free_at = Some(start + cost);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_spent_evenly_and_saves_nothing() {
        let budget = Budget::new(100);
        let begun = Instant::now();
        for _ in 0..5 {
            budget.take(50).await;
        }
        assert_eq!(
            begun.elapsed().as_millis() / 10,
            200,
            "the first is free, four wait half a second each"
        );
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        for _ in 0..3 {
            budget.take(100).await;
        }
        assert_eq!(begun.elapsed().as_secs(), 2);
    }
}
