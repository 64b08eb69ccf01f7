//! What is shown while the bus is away: that nothing is known. And what is so, once it is back.
//!
//! A bus that is back may have forgotten everybody, or remember only the routes of lives that ended meanwhile. Until all nodes
//! have had time to tell it again, somebody it does not know is not offline: nothing is known of them, and nobody settles
//! that they are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlour_bus::Health;
use parlour_model::{Presence, PresenceStatus, limits};
use tokio::time::Instant;

use crate::core::Core;

/// A shorter outage is not shown: whoever was there is most likely still there.
const SHOWN_AFTER: Duration = Duration::from_secs(5);

/// How long all nodes have to tell a bus again what it has forgotten.
const TOLD_WITHIN: Duration = limits::PRESENCE_GRACE;

/// Until when the bus may not know who is there.
#[derive(Debug, Default)]
pub(crate) struct Doubt(Mutex<Option<Instant>>);

impl Doubt {
    /// The bus may have forgotten everybody just now.
    pub(crate) fn begin(&self) {
        let until = Instant::now() + TOLD_WITHIN;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Whether the bus may not know yet who is there.
    pub(crate) fn lasts(&self) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Takes back what a bus in doubt says of those it does not know. Of whoever it saw leave it knows when.
    pub(super) fn cast_on(&self, presence: &mut [Presence]) {
        if !self.lasts() {
            return;
        }
        for presence in presence {
            if presence.status == PresenceStatus::Offline && presence.last_seen.is_none() {
                *presence = Presence::unknown(presence.user);
            }
        }
    }
}

impl Core {
    /// Shows that nothing is known while the bus is away.
    pub(crate) async fn show_outages(self: Arc<Self>) {
        loop {
            self.bus_is(Health::Away).await;
            tokio::time::sleep(SHOWN_AFTER).await;
            if !self.is_bus_away() {
                continue;
            }
            // Before it is shown: what is owed then includes everybody who sees it.
            self.owe_looks();
            for user in self.watchers.users() {
                self.show_unknown(user);
            }
            self.bus_is(Health::Up).await;
        }
    }
}
