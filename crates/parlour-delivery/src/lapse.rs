//! Coming back under a new incarnation, when others may have believed this node dead.
//!
//! Until the node knows which sessions were revoked meanwhile, and its routes stand again, nothing leaves its outboxes (see
//! `gate`) and nothing is taken from its inbox. Sessions are asked of the store, so the bus is not needed for this. What its users
//! commit meanwhile the store judges. Chats need no gate: an event is applied only in its place in the log, and so
//! with the members that the log names there.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::Timestamp;
use parlour_store::StoreError;

use crate::core::Core;

/// How long the routes of a new life may take before delivery goes on without them.
const ROUTES_WITHIN: Duration = Duration::from_secs(5);
/// How long one question about sessions may take.
const SESSIONS_WITHIN: Duration = Duration::from_secs(2);
/// Revocations are asked for again from this long before they were known: clocks differ, writes take time.
const OVERLAP: Duration = Duration::from_secs(60);

impl Core {
    /// Begins a new life. When this returns, what is delivered is right again.
    pub(crate) async fn live_again(self: &Arc<Self>) {
        self.gate.shut();
        // Before the store is asked: should this life end meanwhile, the next one is begun as well.
        let incarnation = self.bus.life().map(|life| life.incarnation);
        let routes = tokio::time::timeout(ROUTES_WITHIN, self.rewrite_routes());
        let (_, checked) = tokio::join!(routes, self.check_sessions());
        if checked {
            self.gate.open(incarnation);
            self.wake_outboxes();
        }
    }

    /// Every session revoked before this time has been closed here.
    pub(crate) fn know_revocations(&self, until: Timestamp) {
        let was_shut = self.gate.is_shut();
        self.gate.raise_revocations_known(until);
        if was_shut {
            self.wake_outboxes();
        }
    }

    fn wake_outboxes(&self) {
        for link in self.hub.links() {
            link.outbox.wake();
        }
    }

    /// Closes the connections of every session revoked while this node may not have heard of it. False if the node is
    /// stopping before the store has answered.
    async fn check_sessions(&self) -> bool {
        let asked_at = self.clock.now();
        let since = self.gate.revocations_known().minus(OVERLAP);
        let read = || async {
            let asked = self.store.revoked_since(since);
            let late = || StoreError::Unavailable("no answer in time".to_owned());
            let answer = tokio::time::timeout(SESSIONS_WITHIN, asked).await;
            answer.unwrap_or_else(|_| Err(late()))
        };
        loop {
            if let Some(revoked) = self.read(read, || false).await {
                self.close_sessions(&revoked);
                self.gate.raise_revocations_known(asked_at);
                return true;
            }
            if self.token.is_cancelled() {
                return false;
            }
            tokio::time::sleep(SESSIONS_WITHIN).await;
        }
    }
}
