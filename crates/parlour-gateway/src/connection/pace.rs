//! How fast one connection may send frames.
//!
//! The generic cell rate algorithm in one number: the time at which everything taken so far would have been due. It
//! needs no timer, no lock and no clock of its own, so the connection's state stays a pure function of its inputs.

use std::time::Duration;

use parlour_model::Timestamp;

/// The frames one connection has taken.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Nanoseconds between two frames in the long run.
    interval: u64,
    /// How far ahead of time a burst may be, in nanoseconds.
    tolerance: u64,
    /// When the next frame would be due, in nanoseconds since the Unix epoch.
    due: u64,
    /// Frames refused since the last quiet moment.
    refused: u32,
    /// How many of them are borne.
    refused_max: u32,
}

/// What to do with a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Paced {
    /// It is in time.
    InTime,
    /// Refuse it; the next may come after this long.
    TooFast(Duration),
    /// Refusals do not help: close. The client may come back after this long.
    Incorrigible(Duration),
}

impl Pace {
    /// `burst` frames at once and `per_second` in the long run; zero counts as one. As many frames as a burst may be
    /// refused before it is enough.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.max(1));
        let burst = burst.max(1);
        Self {
            interval,
            tolerance: interval * u64::from(burst - 1),
            due: 0,
            refused: 0,
            refused_max: burst,
        }
    }

    /// Takes one frame at `now`.
    pub(crate) fn take(&mut self, now: Timestamp) -> Paced {
        let now = now.as_millis().saturating_mul(1_000_000);
        if self.due <= now {
            // Everything that was ever taken is paid for: a quiet moment.
            self.refused = 0;
        }
        let ahead = self.due.saturating_sub(now);
        if ahead <= self.tolerance {
            self.due = self.due.max(now).saturating_add(self.interval);
            return Paced::InTime;
        }
        self.refused += 1;
        // Rounded up, or a client that waits exactly so long comes a moment too early.
        let wait = Duration::from_millis((ahead - self.tolerance).div_ceil(1_000_000));
        if self.refused <= self.refused_max {
            Paced::TooFast(wait)
        } else {
            Paced::Incorrigible(wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_burst_passes_and_after_the_wait_told_the_next_frame_does() {
        let mut pace = Pace::new(10, 3);
        for _ in 0..3 {
            assert_eq!(pace.take(START), Paced::InTime);
        }
        let wait = Duration::from_millis(100);
        assert_eq!(pace.take(START), Paced::TooFast(wait));
        assert_eq!(pace.take(START.plus(wait)), Paced::InTime);
    }

    #[test]
    fn who_does_not_listen_to_refusals_is_sent_away() {
        let mut pace = Pace::new(1, 2);
        let answers: Vec<Paced> = (0..5).map(|_| pace.take(START)).collect();
        assert!(matches!(
            answers[..],
            [
                Paced::InTime,
                Paced::InTime,
                Paced::TooFast(_),
                Paced::TooFast(_),
                Paced::Incorrigible(_)
            ]
        ));
    }

    #[test]
    fn a_quiet_moment_forgives() {
        let mut pace = Pace::new(1, 2);
        for _ in 0..4 {
            pace.take(START);
        }
        let later = START.plus(Duration::from_secs(10));
        assert_eq!(pace.take(later), Paced::InTime);
        assert_eq!(pace.take(later), Paced::InTime);
        assert!(matches!(pace.take(later), Paced::TooFast(_)));
    }
}
