//! What gateways say of their publishes.

use std::ops::{AddAssign, Sub};

use anyhow::Context;

/// Counters of all gateways together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Published {
    /// Publishes.
    pub(crate) publishes: f64,
    /// Packets in them.
    pub(crate) packets: f64,
    /// Bytes of them.
    pub(crate) bytes: f64,
}

/// Reads the metrics pages.
pub(super) async fn published(pages: &[String]) -> anyhow::Result<Published> {
    let mut sum = Published::default();
    for page in pages {
        let text = reqwest::get(page).await?.error_for_status()?.text().await?;
        sum += Published::read(&text).with_context(|| format!("no publishes in {page}"))?;
    }
    Ok(sum)
}

impl Published {
    /// What a metrics page says; `None` if it does not speak of publishes.
    pub(crate) fn read(page: &str) -> Option<Self> {
        Some(Self {
            publishes: counter(page, "parlour_bus_publishes_total")?,
            packets: counter(page, "parlour_bus_packets_per_publish_sum")?,
            bytes: counter(page, "parlour_bus_packed_bytes_total")?,
        })
    }
}

/// The sum of a counter over its labels; `None` if the page does not have it.
fn counter(page: &str, name: &str) -> Option<f64> {
    let lines = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with(['{', ' ']).then_some(())?;
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    lines.reduce(|sum, value| sum + value)
}

impl AddAssign for Published {
    fn add_assign(&mut self, other: Self) {
        self.publishes += other.publishes;
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

impl Sub for Published {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            publishes: self.publishes - other.publishes,
            packets: self.packets - other.packets,
            bytes: self.bytes - other.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_summed_over_its_labels() {
        let page = "# TYPE a counter\na{node=\"1\"} 2\na{node=\"2\"} 3\na_b 7\n";
        assert_eq!(counter(page, "a"), Some(5.0));
        assert_eq!(counter(page, "c"), None);
    }
}
