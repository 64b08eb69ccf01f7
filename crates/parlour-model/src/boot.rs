//! The time that has passed since the machine started, also while it slept.
//!
//! What others count down meanwhile (a lease, the life of a token) must not stand still here. The monotonic clock of a
//! process does while its machine is suspended.

use std::time::Duration;

/// Time since some moment before this process began: since the machine started, where that is known. Never goes backward.
#[cfg(unix)]
#[must_use]
pub fn boot_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    // Elsewhere the monotonic clock counts sleep, or nothing better is there.
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let time = clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// Time since this process first asked. Never goes backward.
#[cfg(not(unix))]
#[must_use]
pub fn boot_time() -> Duration {
    static FIRST: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    FIRST.elapsed()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// What the kernel says it is, which counts the time that the machine slept.
    fn uptime() -> f64 {
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    }

    #[test]
    fn it_is_the_time_since_the_machine_started() {
        let before = uptime();
        let time = boot_time().as_secs_f64();
        let after = uptime();
        // The kernel's has two places.
        assert!(
            before <= time && time < after + 0.011,
            "{before} {time} {after}"
        );
    }
}
