//! The time of the runtime as a clock: when tokio's time is paused, so is this.

use std::time::Duration;

use parlour_model::{Clock, SystemClock, Timestamp};
use tokio::time::Instant;

/// The wall clock at its making, carried on by tokio's time.
#[derive(Debug)]
pub struct RuntimeClock {
    anchor: Instant,
    anchored_at: Timestamp,
}

impl RuntimeClock {
    /// A clock that is right now. Made within a runtime whose time may be paused.
    #[must_use]
    pub fn new() -> Self {
        Self {
            anchor: Instant::now(),
            anchored_at: SystemClock::new().now(),
        }
    }
}

impl Default for RuntimeClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets time pass. In a runtime whose time is paused that takes as long as everything that happens in it.
pub async fn time_passes(duration: Duration) {
    tokio::time::sleep(duration).await;
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.anchored_at.plus(self.anchor.elapsed())
    }
}
