//! Logs and metrics of the process. Both are process-wide by nature, so only `main` sets them up.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Buckets of every latency histogram, in seconds: 0.1 ms to 10 s.
const LATENCY_BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Buckets of every histogram of counts: batch sizes, fan-out.
const COUNT_BUCKETS: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// Starts logging to standard error.
///
/// # Errors
/// When the filter cannot be read, naming `log.filter`.
pub fn start_logging(log: &Log) -> anyhow::Result<()> {
    let filter = check_filter(log)?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Human => subscriber.init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
    Ok(())
}

/// The filter of the log.
///
/// # Errors
/// When it cannot be read, naming `log.filter`.
pub fn check_filter(log: &Log) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(&log.filter)
        .map_err(|error| anyhow::anyhow!("configuration: `log.filter` {error}"))
}

/// Buckets of every histogram of sizes, in bytes: 64 B to 1 MiB.
const SIZE_BUCKETS: [f64; 8] = [
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
];

/// Counters without labels that alerts are about. They are there from the start, at zero, so that the first event is a
/// rise.
const COUNTED_FROM_ZERO: [&str; 11] = [
    "parlour_announced_not_stored_total",
    "parlour_append_outcome_unknown_total",
    "parlour_appends_busy_total",
    "parlour_bus_denied_total",
    "parlour_bus_inbox_dropped_total",
    "parlour_delivery_corrupt_reads_total",
    "parlour_password_queue_full_total",
    "parlour_publish_errors_total",
    "parlour_slow_consumers_total",
    "parlour_store_appends_tried_total",
    "parlour_store_lost_races_total",
];

/// Starts collecting metrics. Histograms named `…_seconds` or `…_bytes` and all others get buckets, so that
/// Prometheus can add them up over nodes.
///
/// # Errors
/// When a recorder is installed already.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &SIZE_BUCKETS)?
        .set_buckets(&COUNT_BUCKETS)?;
    let handle = builder.install_recorder()?;
    metrics::gauge!("parlour_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for counter in COUNTED_FROM_ZERO {
        metrics::counter!(counter).increment(0);
    }
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Theirs are known only when something has happened.
    const WITH_LABELS: [&str; 3] = [
        "parlour_errors_total",
        "parlour_heads_behind_total",
        "parlour_resyncs_total",
    ];

    #[test]
    fn every_counter_of_an_alert_is_there_from_the_start() {
        let rules = include_str!("../../../deploy/prometheus/alerts.yml");
        let words = rules.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let counters =
            words.filter(|word| word.starts_with("parlour_") && word.ends_with("_total"));
        let counted = COUNTED_FROM_ZERO.into_iter().chain(WITH_LABELS);
        assert_eq!(
            counters.collect::<BTreeSet<_>>(),
            counted.collect::<BTreeSet<_>>()
        );
    }
}
