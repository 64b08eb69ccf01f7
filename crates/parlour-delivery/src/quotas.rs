//! Limits that hold over all nodes. The bus counts; a bus that is away or slow has no say, so whoever asks keeps a limit of
//! their own in front and never waits long for this one.

use std::time::Duration;

use parlour_bus::{Quota, Taken};

use crate::Delivery;

/// A bus that takes longer has no say: somebody waits to be let in.
const COUNTS_WITHIN: Duration = Duration::from_millis(250);

impl Delivery {
    /// Takes one unit of a quota that all nodes share. `None` when the bus is away or does not answer within a quarter of a
    /// second; a unit may have been taken then. Keys must not tell whom they are about: whoever reads the bus sees them.
    pub async fn take_shared(&self, key: &str, quota: Quota) -> Option<Taken> {
        let core = self.core();
        let asked = core.ask_bus(core.bus.take(key, quota));
        let why = match tokio::time::timeout(COUNTS_WITHIN, asked).await {
            Ok(Ok(taken)) => return Some(taken),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::debug!(why, "a limit was held by this node alone");
        metrics::counter!("parlour_quotas_unanswered_total").increment(1);
        None
    }
}
