//! Everything the parts of delivery share on one node.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parlour_bus::{Health, LastingTasks, SharedBus};
use parlour_model::Clock;
use parlour_store::{SharedStore, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::DeliveryParts;
use crate::debts::Debts;
use crate::enlisted::Enlisted;
use crate::gate::Gate;
use crate::home::Homes;
use crate::hub::Hub;
use crate::inbox::Misunderstood;
use crate::nodes::Nodes;
use crate::presence::{Doubt, OwedLooks, OwedPresences, Watchers};
use crate::receipts::{Counts, OwedReceipts};
use crate::registration::Registrations;
use crate::resync::Resync;
use crate::router::Router;
use crate::typing::Typists;

/// First and last pause between two tries of a read that failed.
pub(crate) const RETRY_FIRST: Duration = Duration::from_millis(50);
pub(crate) const RETRY_LAST: Duration = Duration::from_secs(5);

/// One node's delivery.
pub(crate) struct Core {
    pub(crate) store: SharedStore,
    pub(crate) bus: SharedBus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tracker: TaskTracker,
    pub(crate) token: CancellationToken,
    pub(crate) lasting: LastingTasks,
    pub(crate) connections: AtomicU64,
    pub(crate) hub: Hub,
    pub(crate) enlisted: Enlisted,
    pub(crate) router: Router,
    pub(crate) watchers: Watchers,
    pub(crate) doubt: Doubt,
    pub(crate) presences: OwedPresences,
    pub(crate) looks: OwedLooks,
    pub(crate) typists: Typists,
    pub(crate) counts: Counts,
    pub(crate) receipts: OwedReceipts,
    pub(crate) health: watch::Receiver<Health>,
    pub(crate) registrations: Registrations,
    pub(crate) debts: Debts,
    pub(crate) nodes: Nodes,
    pub(crate) homes: Homes,
    pub(crate) resync: Resync,
    pub(crate) misunderstood: Misunderstood,
    pub(crate) gate: Arc<Gate>,
}

impl Core {
    pub(crate) fn new(parts: DeliveryParts) -> Self {
        let gate = Gate::new(Arc::clone(&parts.bus), Arc::clone(&parts.clock));
        Self {
            health: parts.bus.health(),
            store: parts.store,
            bus: parts.bus,
            clock: parts.clock,
            tracker: parts.tracker,
            token: parts.token,
            lasting: LastingTasks::default(),
            connections: AtomicU64::new(1),
            hub: Hub::default(),
            enlisted: Enlisted::default(),
            router: Router::new(),
            watchers: Watchers::default(),
            doubt: Doubt::default(),
            presences: OwedPresences::default(),
            looks: OwedLooks::default(),
            typists: Typists::default(),
            counts: Counts::default(),
            receipts: OwedReceipts::default(),
            registrations: Registrations::default(),
            debts: Debts::default(),
            nodes: Nodes::default(),
            homes: Homes::new(),
            resync: Resync::new(),
            misunderstood: Misunderstood::default(),
            gate: Arc::new(gate),
        }
    }

    /// Runs a task without which this node must not go on.
    pub(crate) fn spawn_lasting(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let token = self.token.clone();
        let task = async move {
            token.run_until_cancelled(task).await;
        };
        self.lasting.spawn(name, (&self.tracker, &self.token), task);
    }

    /// Runs a task of this node until it is done or the node stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            token.run_until_cancelled(task).await;
        });
    }

    /// Reads until the store answers. `None` once `is_over` says that nobody waits for the answer, and for what is
    /// damaged: no patience heals that.
    pub(crate) async fn read<T, R>(
        &self,
        read: impl Fn() -> R,
        is_over: impl Fn() -> bool,
    ) -> Option<T>
    where
        R: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = RETRY_FIRST;
        loop {
            match read().await {
                Ok(answer) => return Some(answer),
                Err(error) if is_over() || self.token.is_cancelled() => {
                    tracing::debug!(%error, "a read was given up");
                    return None;
                }
                Err(error) if !note_failure(&error) => return None,
                Err(error) => tracing::warn!(%error, "the store did not answer; trying again"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
    }
}

/// Says that a read failed; answers whether the same read may succeed later. What is damaged is not healed by patience.
pub(crate) fn note_failure(error: &StoreError) -> bool {
    if let StoreError::Corrupt(detail) = error {
        tracing::error!(detail, "the stored data contradicts itself");
        metrics::counter!("parlour_delivery_corrupt_reads_total").increment(1);
        return false;
    }
    tracing::debug!(%error, "the store did not answer; it is asked again");
    metrics::counter!("parlour_delivery_read_retries_total").increment(1);
    true
}
