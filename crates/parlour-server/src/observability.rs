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
    Ok(handle)
}
