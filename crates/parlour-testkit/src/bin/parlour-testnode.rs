//! The `parlour` command under another name, so that the tests of this package find it built: the same code, the same
//! allocator choice aside, and a clock that `TEST_CLOCK_AHEAD_SECONDS` makes wrong.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use parlour_model::{Clock, SystemClock, Timestamp};

/// The machine's clock, off by a constant.
#[derive(Debug)]
struct WrongClock {
    right: SystemClock,
    ahead_seconds: i64,
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        let off = Duration::from_secs(self.ahead_seconds.unsigned_abs());
        if self.ahead_seconds < 0 {
            self.right.now().minus(off)
        } else {
            self.right.now().plus(off)
        }
    }
}

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "programs of tests read TEST_ variables"
)]
async fn main() -> ExitCode {
    let ahead = std::env::var("TEST_CLOCK_AHEAD_SECONDS").unwrap_or_default();
    let right = SystemClock::new();
    match ahead.parse() {
        Ok(ahead_seconds) if ahead_seconds != 0 => {
            let clock = WrongClock {
                right,
                ahead_seconds,
            };
            parlour_server::cli::run_at(Arc::new(clock)).await
        }
        _ => parlour_server::cli::run_at(Arc::new(right)).await,
    }
}
