//! How fast this client may send what it sends by itself: as fast as answers come, until the server says that
//! this is too fast.
//!
//! The server's pace is not told in advance, and a client that keeps breaking it is closed (4013). So the first
//! `rate_limited` sets a pace, each further one halves it, and a while without one lifts it.

use std::time::Duration;

use parlour_model::Timestamp;

/// The pause between two frames after the first refusal: half of what servers usually allow.
const INTERVAL_FIRST: Duration = Duration::from_millis(40);
const INTERVAL_MAX: Duration = Duration::from_secs(2);
/// After this long without a refusal there is no pace again.
const LIFTED_AFTER: Duration = Duration::from_secs(30);

/// The pace of one client, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Pace {
    interval: Option<Duration>,
    next: Timestamp,
    refused_at: Timestamp,
}

impl Pace {
    /// When the next frame may go.
    pub(super) fn next(&self) -> Timestamp {
        self.next
    }

    /// Takes one frame at `now`; `false` if it must wait.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        if self.next > now {
            return false;
        }
        if now.since(self.refused_at) > LIFTED_AFTER {
            self.interval = None;
        }
        if let Some(interval) = self.interval {
            self.next = now.plus(interval);
        }
        true
    }

    /// A frame was refused as one too many; nothing goes for `wait`, and more slowly then. Frames that were on
    /// their way together are refused together, which counts once.
    pub(super) fn slow_down(&mut self, now: Timestamp, wait: Duration) {
        let interval = match self.interval {
            Some(interval) if now.since(self.refused_at) > interval => interval * 2,
            Some(interval) => interval,
            None => INTERVAL_FIRST,
        };
        self.interval = Some(interval.min(INTERVAL_MAX));
        self.refused_at = now;
        self.next = self.next.max(now.plus(wait.max(interval)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// How many frames go in a second.
    fn frames_per_second(pace: &mut Pace, from: Timestamp) -> usize {
        let times = (0..1_000).map(|ms| from.plus(Duration::from_millis(ms)));
        times.filter(|now| pace.take(*now)).count()
    }

    #[test]
    fn there_is_no_pace_until_the_server_asks_for_one_and_none_long_after() {
        let mut pace = Pace::default();
        assert_eq!(frames_per_second(&mut pace, START), 1_000);
        for refused in [0, 1, 2] {
            let now = START.plus(Duration::from_millis(refused));
            pace.slow_down(now, Duration::from_millis(300));
        }
        assert!(!pace.take(START.plus(Duration::from_millis(299))));
        let later = START.plus(Duration::from_secs(1));
        assert_eq!(frames_per_second(&mut pace, later), 25);
        pace.slow_down(START.plus(Duration::from_secs(2)), Duration::ZERO);
        let later = START.plus(Duration::from_secs(3));
        assert_eq!(frames_per_second(&mut pace, later), 13);
        let much_later = START.plus(Duration::from_secs(60));
        assert_eq!(frames_per_second(&mut pace, much_later), 1_000);
    }
}
