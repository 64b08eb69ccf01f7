//! Measures what is there now and then, rather than at every change.

use std::sync::Arc;
use std::time::Duration;

use crate::core::Core;

const SAMPLE_PAUSE: Duration = Duration::from_secs(15);

impl Core {
    /// Sets the gauges, for ever.
    pub(crate) async fn sample_regularly(self: Arc<Self>) {
        loop {
            let links = self.hub.links();
            let waiting: usize = links.iter().map(|link| link.outbox.len()).sum();
            let bytes: usize = links.iter().map(|link| link.outbox.bytes()).sum();
            gauge("parlour_online_users", self.hub.user_count());
            gauge("parlour_followed_chats", self.hub.chat_count());
            gauge("parlour_enlisted_chats", self.enlisted.len());
            gauge("parlour_outbound_frames", waiting);
            gauge("parlour_outbound_bytes", bytes);
            gauge("parlour_bus_away", usize::from(self.is_bus_away()));
            tokio::time::sleep(SAMPLE_PAUSE).await;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floats, and counts of a process are small"
)]
pub(crate) fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
