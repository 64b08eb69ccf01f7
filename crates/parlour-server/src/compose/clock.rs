//! The clock of a node of many: its own, put right by the store's where the two differ.
//!
//! Clients carry times from node to node: the keys of their sends are made by the time that a gateway told them, and
//! another gateway judges it; tokens signed by one are read by another; sessions are revoked at a time, and the other
//! nodes ask for those after the last. Nodes whose clocks differ would refuse each other's. All of them see the store, so
//! its time is theirs. Measured at the start, and carried on by the node's own clock; one that has fallen behind since, as
//! on a virtual machine that was halted, is moved forward. Never backward: what was once told the time was told it. Gauges
//! say how wrong the machine's clock is, and by how much it was moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parlour_model::{Clock, Timestamp};
use parlour_store_scylla::{Connection, OpenError};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Differences up to this are left alone: machines with synchronized clocks are closer than any answer tells.
const LEFT_ALONE_MILLIS: i64 = 1_000;
/// How often the two are compared: more often than revocations are asked for twice.
const COMPARE_EVERY: Duration = Duration::from_secs(30);
/// By how much the store's clock is ahead of the machine's, carried since the process started, in seconds.
const AHEAD: &str = "parlour_store_clock_ahead_seconds";
/// By how much the clock that the node goes by is ahead of the machine's, in seconds.
const MOVED: &str = "parlour_clock_moved_seconds";

/// A node's own clock, moved to the store's time.
#[derive(Debug)]
pub(super) struct Agreed {
    own: Arc<dyn Clock>,
    ahead_millis: AtomicI64,
}

impl Clock for Agreed {
    fn now(&self) -> Timestamp {
        let ahead_millis = self.ahead_millis.load(Ordering::SeqCst);
        let by = Duration::from_millis(ahead_millis.unsigned_abs());
        let own = self.own.now();
        if ahead_millis < 0 {
            own.minus(by)
        } else {
            own.plus(by)
        }
    }
}

/// `own`, moved to the store's time if it is off by more than a second.
///
/// # Errors
/// When the store does not answer.
pub(super) async fn agreed(
    connection: &Connection,
    own: &Arc<dyn Clock>,
) -> Result<Arc<Agreed>, OpenError> {
    let ahead_millis = connection.is_ahead_of(&**own).await?;
    Ok(Arc::new(Agreed::new(Arc::clone(own), ahead_millis)))
}

impl Agreed {
    fn new(own: Arc<dyn Clock>, ahead_millis: i64) -> Self {
        let is_right = ahead_millis.abs() <= LEFT_ALONE_MILLIS;
        if !is_right {
            tracing::warn!(
                ahead_ms = ahead_millis,
                "this machine's clock is not the store's: this node goes by the store's; synchronize the clocks"
            );
        }
        let agreed = Self {
            own,
            ahead_millis: AtomicI64::new(if is_right { 0 } else { ahead_millis }),
        };
        agreed.show();
        agreed
    }

    /// Whether a clock that is so far ahead of this node's own would move it.
    fn is_behind(&self, ahead_millis: i64) -> bool {
        ahead_millis - self.ahead_millis.load(Ordering::SeqCst) > LEFT_ALONE_MILLIS
    }

    /// Goes by a clock that is so far ahead of this node's own, unless this one shows its time or a later one.
    fn catch_up(&self, ahead_millis: i64) {
        if !self.is_behind(ahead_millis) {
            return;
        }
        let before = self.ahead_millis.swap(ahead_millis, Ordering::SeqCst);
        tracing::warn!(
            by_ms = ahead_millis - before,
            "this node's clock fell behind the store's, as that of a machine that was halted, and was moved forward"
        );
        self.show();
    }

    fn show(&self) {
        metrics::gauge!(MOVED).set(seconds(self.ahead_millis.load(Ordering::SeqCst)));
    }
}

/// Compares the two until `token` ends.
pub(super) async fn compare(connection: Connection, agreed: Arc<Agreed>, token: CancellationToken) {
    let mut ticks = interval(COMPARE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Stopping outranks measuring.
            biased;
            () = token.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // A store that is away is told elsewhere.
        if let Ok(ahead) = connection.is_ahead_of(&*agreed.own).await {
            metrics::gauge!(AHEAD).set(seconds(ahead));
            // What is not taken back is measured twice.
            if agreed.is_behind(ahead)
                && let Ok(again) = connection.is_ahead_of(&*agreed.own).await
            {
                agreed.catch_up(ahead.min(again));
            }
        }
    }
}

fn seconds(millis: i64) -> f64 {
    let seconds = Duration::from_millis(millis.unsigned_abs()).as_secs_f64();
    if millis < 0 { -seconds } else { seconds }
}

#[cfg(test)]
mod tests {
    use parlour_model::ManualClock;

    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);
    const HOUR_MILLIS: i64 = 3_600_000;

    fn clock_ahead_by(millis: i64) -> (Arc<ManualClock>, Agreed) {
        let manual = Arc::new(ManualClock::new(NOON));
        let agreed = Agreed::new(manual.clone(), millis);
        (manual, agreed)
    }

    #[test]
    fn a_clock_that_is_off_is_moved_and_one_that_is_nearly_right_is_not() {
        for (ahead, shown) in [
            (HOUR_MILLIS, NOON.plus(HOUR)),
            (-HOUR_MILLIS, NOON.minus(HOUR)),
            (LEFT_ALONE_MILLIS, NOON),
            (-LEFT_ALONE_MILLIS, NOON),
        ] {
            assert_eq!(clock_ahead_by(ahead).1.now(), shown, "{ahead}");
        }
        let (manual, moved) = clock_ahead_by(-HOUR_MILLIS);
        manual.advance(HOUR);
        assert_eq!(moved.now(), NOON);
    }

    #[test]
    fn a_clock_that_stood_still_is_moved_forward_and_none_is_moved_backward() {
        for at_first in [0, HOUR_MILLIS, -HOUR_MILLIS] {
            let (_, clock) = clock_ahead_by(at_first);
            let before = clock.now();
            for late in [-HOUR_MILLIS, 0, LEFT_ALONE_MILLIS] {
                clock.catch_up(at_first + late);
                assert_eq!(clock.now(), before, "{at_first} {late}");
            }
            clock.catch_up(at_first + 120_000);
            assert_eq!(clock.now(), before.plus(Duration::from_secs(120)));
        }
    }
}
