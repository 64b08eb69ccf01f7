//! Asking the bus: never while it is known to be away, and never for long.
//!
//! Nothing that a user waits for depends on the answer. What could not be done is owed (see `debts`) or found in the store.

use std::time::Duration;

use parlour_bus::{BusError, Health};

use crate::core::Core;

/// A bus that takes longer counts as not answering.
const BUS_WITHIN: Duration = Duration::from_secs(2);

impl Core {
    pub(crate) fn is_bus_away(&self) -> bool {
        *self.health.borrow() == Health::Away
    }

    /// Waits for the bus to be as `health` says; for ever if the bus is gone for good.
    pub(crate) async fn bus_is(&self, health: Health) {
        let mut watched = self.health.clone();
        if watched.wait_for(|now| *now == health).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the bus is not away. One that was may have forgotten who is there, and the inbox may say later that it is
    /// back.
    pub(crate) async fn bus_is_back(&self) {
        if self.is_bus_away() {
            self.bus_is(Health::Up).await;
            self.doubt.begin();
        }
    }

    /// What the bus answers in time.
    pub(crate) async fn ask_bus<T>(
        &self,
        call: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        if self.is_bus_away() {
            return Err(BusError::Unavailable("it is known to be away".to_owned()));
        }
        let answer = tokio::time::timeout(BUS_WITHIN, call).await;
        answer.unwrap_or_else(|_| Err(BusError::Unavailable("no answer in time".to_owned())))
    }
}
