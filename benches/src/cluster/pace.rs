//! How fast writers write: as fast as they can, or together at a fixed rate that saturates nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The pace of all writers of a measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    time: Duration,
    /// Between two events of one writer; none at full speed.
    interval: Duration,
    writers: u32,
}

/// When one writer writes.
#[derive(Debug)]
pub(super) struct Turns {
    next: Instant,
    end: Instant,
    interval: Duration,
}

impl Pace {
    /// Each writes one event after the other for so long.
    pub(super) const fn full(time: Duration) -> Self {
        Self {
            time,
            interval: Duration::ZERO,
            writers: 1,
        }
    }

    /// All `writers` together write `rate` events a second for so long, evenly.
    pub(super) fn light(time: Duration, rate: u32, writers: u32) -> Self {
        Self {
            time,
            interval: Duration::from_secs(1) * writers / rate,
            writers,
        }
    }

    /// The turns of the writer with this number, from `begun` on.
    pub(super) fn turns(&self, begun: Instant, number: usize) -> Turns {
        let number = u32::try_from(number).unwrap_or_default();
        Turns {
            next: begun + self.interval * number / self.writers,
            end: begun + self.time,
            interval: self.interval,
        }
    }
}

impl Turns {
    /// Waits for the next turn; false when the measurement is over. Who is late writes at once.
    pub(super) async fn next(&mut self) -> bool {
        if self.interval.is_zero() {
            return Instant::now() < self.end;
        }
        if self.next >= self.end {
            return false;
        }
        sleep_until(self.next).await;
        self.next += self.interval;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_light_pace_is_spread_over_its_writers_and_ends() {
        let begun = Instant::now();
        let pace = Pace::light(Duration::from_secs(2), 10, 5);
        let mut turns = pace.turns(begun, 1);
        let mut at = Vec::new();
        while turns.next().await {
            at.push(begun.elapsed().as_millis());
        }
        assert_eq!(at, [100, 600, 1_100, 1_600]);
    }
}
