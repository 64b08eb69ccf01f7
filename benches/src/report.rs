//! How figures are printed.

use std::fmt;

use hdrhistogram::Histogram;

/// A line of percentiles of a histogram of microseconds.
pub(crate) struct Latency<'a>(pub(crate) &'a Histogram<u64>);

impl fmt::Display for Latency<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |quantile: f64| self.0.value_at_quantile(quantile) as f64 / 1_000.0;
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms ({} samples)",
            millis(0.5),
            millis(0.99),
            millis(0.999),
            self.0.max() as f64 / 1_000.0,
            self.0.len()
        )
    }
}

/// Prints a line of the report.
#[expect(
    clippy::print_stdout,
    reason = "a benchmark's report goes to standard output"
)]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Says what stands in the way.
#[expect(
    clippy::print_stderr,
    reason = "what is not the report goes to standard error"
)]
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}
