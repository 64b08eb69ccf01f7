//! What people did while a fault lasted: a promise that nobody needed was not kept.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use super::Fault;
use crate::World;
use crate::traffic::Counts;

/// How much longer a fault may last, so that everything happens while it does.
const HAPPENS_WITHIN: Duration = Duration::from_secs(90);

/// How often each happened between the blow and the mending, over all devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meanwhile {
    /// Attempts to send.
    pub tried: u64,
    /// Sends that were acknowledged.
    pub sent: u64,
    /// Events of others that reached a device.
    pub received: u64,
    /// Devices that came back after they had been connected.
    pub reconnected: u64,
    /// Devices that learned that their user is in a chat.
    pub joined: u64,
    /// Devices that learned that their user is no longer in a chat.
    pub removed: u64,
}

impl Meanwhile {
    pub(super) fn between(before: Counts, after: Counts) -> Self {
        Self {
            tried: after.attempts - before.attempts,
            sent: after.sent - before.sent,
            received: after.received - before.received,
            reconnected: after.reconnected - before.reconnected,
            joined: after.joined - before.joined,
            removed: after.removed - before.removed,
        }
    }

    /// What did not happen at all, of what this fault leaves possible.
    #[must_use]
    pub fn idle(&self, fault: Fault) -> Vec<&'static str> {
        let Self {
            tried,
            sent,
            received,
            reconnected,
            joined,
            removed,
        } = *self;
        let kinds = [
            ("tried to send", tried),
            ("sent", sent),
            ("received", received),
            ("reconnected", reconnected),
            ("joined", joined),
            ("was removed", removed),
        ];
        // Whoever is served by nobody can only try.
        let possible = if fault.serves_somebody() {
            kinds.len()
        } else {
            1
        };
        let kinds = kinds.into_iter().take(possible);
        kinds
            .filter(|(_, often)| *often == 0)
            .map(|(what, _)| what)
            .collect()
    }
}

impl fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tried,
            sent,
            received,
            reconnected,
            joined,
            removed,
        } = self;
        write!(
            f,
            "{tried} tried, {sent} sent, {received} received, {reconnected} reconnected, {joined} joined, {removed} removed"
        )
    }
}

/// Waits until everything has happened since `before`, or for as long as makes sense: the counts will tell.
pub(super) async fn until_lively(world: &World, before: Counts, fault: Fault) {
    let is_lively = |now: &Counts| Meanwhile::between(before, *now).idle(fault).is_empty();
    let lively = world.traffic().wait_for(is_lively);
    drop(timeout(HAPPENS_WITHIN, lively).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_did_not_happen_is_named() {
        let before = Counts {
            joined: 5,
            removed: 5,
            ..Counts::default()
        };
        let after = Counts {
            attempts: 3,
            sent: 2,
            received: 1,
            reconnected: 1,
            joined: 6,
            ..before
        };
        let meanwhile = Meanwhile::between(before, after);
        assert_eq!((meanwhile.joined, meanwhile.removed), (1, 0));
        assert_eq!(meanwhile.idle(Fault::GatewayKilled), ["was removed"]);
    }
}
