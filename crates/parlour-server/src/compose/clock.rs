//! The clock of a node of many: its own, put right by the store's where the two differ.
//!
//! Clients carry times from node to node: the keys of their sends are made by the time that a gateway told them, and
//! another gateway judges it; tokens signed by one are read by another. Nodes whose clocks differ would refuse each
//! other's. All of them see the store, so its time is theirs. Measured once: from then on the monotonic clock carries it. A
//! gauge says how wrong the machine's clock was when the process started.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{Clock, Timestamp};
use parlour_store_scylla::{Connection, OpenError};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Differences up to this are left alone: machines with synchronized clocks are closer than any answer tells.
const LEFT_ALONE_MILLIS: i64 = 1_000;
/// How often the two are compared.
const COMPARE_EVERY: Duration = Duration::from_secs(60);
/// By how much the store's clock is ahead of the machine's as it was when the process started, in seconds.
const AHEAD: &str = "parlour_store_clock_ahead_seconds";

/// A node's own clock, moved by a constant.
#[derive(Debug)]
struct Moved {
    own: Arc<dyn Clock>,
    ahead_millis: i64,
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        let by = Duration::from_millis(self.ahead_millis.unsigned_abs());
        let own = self.own.now();
        if self.ahead_millis < 0 {
            own.minus(by)
        } else {
            own.plus(by)
        }
    }
}

/// `own`, or if it is off by more than a second, a clock that shows the store's time.
///
/// # Errors
/// When the store does not answer.
pub(super) async fn agreed(
    connection: &Connection,
    own: &Arc<dyn Clock>,
) -> Result<Arc<dyn Clock>, OpenError> {
    let ahead_millis = connection.is_ahead_of(&**own).await?;
    Ok(put_right(own, ahead_millis))
}

fn put_right(own: &Arc<dyn Clock>, ahead_millis: i64) -> Arc<dyn Clock> {
    if ahead_millis.abs() <= LEFT_ALONE_MILLIS {
        return Arc::clone(own);
    }
    tracing::warn!(
        ahead_ms = ahead_millis,
        "this machine's clock is not the store's: this node goes by the store's; synchronize the clocks"
    );
    Arc::new(Moved {
        own: Arc::clone(own),
        ahead_millis,
    })
}

/// Compares `own` with the store's clock until `token` ends.
pub(super) async fn compare(connection: Connection, own: Arc<dyn Clock>, token: CancellationToken) {
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
        if let Ok(ahead) = connection.is_ahead_of(&*own).await {
            metrics::gauge!(AHEAD).set(seconds(ahead));
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

    #[test]
    fn a_clock_that_is_off_is_moved_and_one_that_is_nearly_right_is_not() {
        let noon = Timestamp::from_millis(1_800_000_000_000);
        let manual = Arc::new(ManualClock::new(noon));
        let own: Arc<dyn Clock> = manual.clone();
        for (ahead, shown) in [
            (3_600_000, noon.plus(Duration::from_secs(3_600))),
            (-3_600_000, noon.minus(Duration::from_secs(3_600))),
            (LEFT_ALONE_MILLIS, noon),
            (-LEFT_ALONE_MILLIS, noon),
        ] {
            assert_eq!(put_right(&own, ahead).now(), shown, "{ahead}");
        }
        let moved = put_right(&own, -3_600_000);
        manual.advance(Duration::from_secs(3_600));
        assert_eq!(moved.now(), noon);
    }
}
