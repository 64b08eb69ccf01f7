//! Whether frames may leave the outboxes of this node: whether it can be sure of what it delivers.
//!
//! It can while others tell it what it must know: in a life that it has begun properly (see `lapse`), for as long as the
//! lease of that life holds by this node's own clock and the node hears its channel. The clock is asked before every batch,
//! because a process that stood still finds its lease ended before anybody has said so. Otherwise, as while the bus is
//! away, it can for a moment after the store has said which sessions were revoked: a lease is no proof of anything to a
//! node that hears nothing, and nobody tells such a node that a life has begun. Both clocks go on while the machine sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parlour_bus::SharedBus;
use parlour_model::{Clock, Timestamp};

/// Without such a life frames leave for so long after the store was asked about revoked sessions: as long as one may live on.
const SESSIONS_GOOD_FOR: Duration = Duration::from_secs(5);

/// The gate in front of all outboxes of a node.
pub(crate) struct Gate {
    bus: SharedBus,
    clock: Arc<dyn Clock>,
    /// Whether a new life is being begun.
    is_shut: AtomicBool,
    /// The life that was begun last, by its incarnation.
    life: AtomicU64,
    /// Up to when this node knows of every revocation, in milliseconds.
    revocations_known: AtomicU64,
}

impl Gate {
    /// Open, in the present life: a node without connections has nothing to make up for.
    pub(crate) fn new(bus: SharedBus, clock: Arc<dyn Clock>) -> Self {
        Self {
            is_shut: AtomicBool::new(false),
            life: AtomicU64::new(bus.node().incarnation),
            revocations_known: AtomicU64::new(clock.now().as_millis()),
            bus,
            clock,
        }
    }

    /// Whether nothing may leave now.
    pub(crate) fn is_shut(&self) -> bool {
        if self.is_shut.load(Ordering::SeqCst) {
            return true;
        }
        match self.bus.life() {
            Some(life) => life.incarnation != self.life.load(Ordering::SeqCst),
            None => self.clock.now().since(self.revocations_known()) > SESSIONS_GOOD_FOR,
        }
    }

    /// Shuts the gate until [`Gate::open`].
    pub(crate) fn shut(&self) {
        self.is_shut.store(true, Ordering::SeqCst);
    }

    /// The life with this incarnation, if any, has been begun. Whoever waits at an outbox has to be woken afterwards.
    pub(crate) fn open(&self, incarnation: Option<u64>) {
        if let Some(incarnation) = incarnation {
            self.life.store(incarnation, Ordering::SeqCst);
        }
        self.is_shut.store(false, Ordering::SeqCst);
    }

    /// Whether the node lives a life that it has not begun.
    pub(crate) fn is_of_an_earlier_life(&self) -> bool {
        let life = self.bus.life();
        life.is_some_and(|life| life.incarnation != self.life.load(Ordering::SeqCst))
    }

    /// Up to when this node knows of every revocation.
    pub(crate) fn revocations_known(&self) -> Timestamp {
        Timestamp::from_millis(self.revocations_known.load(Ordering::SeqCst))
    }

    /// Every session revoked before this time has been closed here.
    pub(crate) fn raise_revocations_known(&self, until: Timestamp) {
        self.revocations_known
            .fetch_max(until.as_millis(), Ordering::SeqCst);
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("is_shut", &self.is_shut())
            .finish_non_exhaustive()
    }
}
