//! Coming back under a new incarnation, when others may have believed this node dead.
//!
//! Until the node knows which sessions were revoked meanwhile, and its routes stand again, nothing leaves its outboxes and
//! nothing is taken from its inbox. Sessions are asked of the store, so the bus is not needed for this. What its users
//! commit meanwhile the store judges. Chats need no gate: an event is applied only in its place in the log, and so
//! with the members that the log names there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// Whether frames may leave the outboxes.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    is_shut: AtomicBool,
}

impl Gate {
    pub(crate) fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::SeqCst)
    }

    pub(crate) fn shut(&self) {
        self.is_shut.store(true, Ordering::SeqCst);
    }

    /// Whoever waits at an outbox has to be woken afterwards.
    pub(crate) fn open(&self) {
        self.is_shut.store(false, Ordering::SeqCst);
    }
}

/// Up to when this node knows of every revocation, in milliseconds.
#[derive(Debug)]
pub(crate) struct RevocationsKnown(AtomicU64);

impl RevocationsKnown {
    pub(crate) fn until(time: Timestamp) -> Self {
        Self(AtomicU64::new(time.as_millis()))
    }

    pub(crate) fn raise(&self, until: Timestamp) {
        self.0.fetch_max(until.as_millis(), Ordering::SeqCst);
    }

    fn get(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Core {
    /// Begins a new life. When this returns, what is delivered is right again.
    pub(crate) async fn live_again(self: &Arc<Self>) {
        self.gate.shut();
        let routes = tokio::time::timeout(ROUTES_WITHIN, self.rewrite_routes());
        let (_, checked) = tokio::join!(routes, self.check_sessions());
        if checked {
            self.gate.open();
            for link in self.hub.links() {
                link.outbox.wake();
            }
        }
    }

    /// Closes the connections of every session revoked while this node may not have heard of it. False if the node is
    /// stopping before the store has answered.
    async fn check_sessions(&self) -> bool {
        let asked_at = self.clock.now();
        let since = self.revocations_known.get().minus(OVERLAP);
        let read = || async {
            let asked = self.store.revoked_since(since);
            let late = || StoreError::Unavailable("no answer in time".to_owned());
            let answer = tokio::time::timeout(SESSIONS_WITHIN, asked).await;
            answer.unwrap_or_else(|_| Err(late()))
        };
        loop {
            if let Some(revoked) = self.read(read, || false).await {
                self.close_sessions(&revoked);
                self.revocations_known.raise(asked_at);
                return true;
            }
            if self.token.is_cancelled() {
                return false;
            }
            tokio::time::sleep(SESSIONS_WITHIN).await;
        }
    }
}
