//! What a node says about itself to operators: whether it takes clients, and why not.
//!
//! - It can be asked from the first moment on, also while the node still waits for its store.
//! - Ready means: not starting, not stopping, and the store answers a read now. A bus that is away is said and does
//!   not make a node unready, because it serves from the store; taking it out would only burden the others.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use parlour_bus::{Health, SharedBus};
use parlour_model::UserId;
use parlour_store::SharedStore;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Config;
use crate::config::{BusKind, StoreKind};

/// How long the store may take to answer the read behind a report.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// What a node knows about itself. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Status(Arc<Inner>);

struct Inner {
    store_kind: StoreKind,
    bus_kind: BusKind,
    phase: Mutex<Phase>,
    parts: OnceLock<Parts>,
    bus_away_since: Mutex<Option<Instant>>,
}

/// Where a node is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// It takes no clients yet, for this reason.
    Starting(String),
    Serving,
    Draining,
}

struct Parts {
    store: SharedStore,
    bus: SharedBus,
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    draining: bool,
    store: StoreReport,
    bus: BusReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeReport>,
}

#[derive(Debug, Serialize)]
struct StoreReport {
    kind: StoreKind,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
struct BusReport {
    kind: BusKind,
    health: BusHealth,
    #[serde(skip_serializing_if = "Option::is_none")]
    away_for_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum BusHealth {
    /// The node has not come so far.
    Starting,
    Up,
    Away,
}

#[derive(Debug, Serialize)]
struct NodeReport {
    number: u16,
    incarnation: u64,
}

impl Status {
    /// A node that starts.
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Inner {
            store_kind: config.store.kind,
            bus_kind: config.bus.kind,
            phase: Mutex::new(Phase::Starting("the node is starting".to_owned())),
            parts: OnceLock::new(),
            bus_away_since: Mutex::new(None),
        }))
    }

    /// The node is starting, and cannot go on yet for this reason.
    pub(crate) fn waits(&self, reason: impl Into<String>) {
        *self.phase() = Phase::Starting(reason.into());
    }

    /// The node stands on these from now on. Once.
    pub(crate) fn stands_on(&self, store: SharedStore, bus: SharedBus) {
        let first = self.0.parts.set(Parts { store, bus }).is_ok();
        debug_assert!(first, "a node is composed once");
    }

    /// The node takes clients.
    pub(crate) fn serves(&self) {
        *self.phase() = Phase::Serving;
    }

    /// The node is stopping.
    pub(crate) fn drains(&self) {
        *self.phase() = Phase::Draining;
    }

    /// The store the node stands on, once there is one.
    pub(crate) fn store(&self) -> Option<SharedStore> {
        self.0.parts.get().map(|parts| Arc::clone(&parts.store))
    }

    /// Notes when the bus goes and comes back, for reports and metrics; the bus itself tells the log.
    pub(crate) async fn watch_bus(self, bus: SharedBus, token: CancellationToken) {
        let mut health = bus.health();
        loop {
            let up = *health.borrow_and_update() == Health::Up;
            self.bus_is(up);
            tokio::select! {
                // Stopping outranks news.
                biased;
                () = token.cancelled() => return,
                changed = health.changed() => if changed.is_err() { return },
            }
        }
    }

    fn bus_is(&self, up: bool) {
        metrics::gauge!("parlour_bus_up").set(if up { 1.0 } else { 0.0 });
        let mut since = self.bus_away_since();
        *since = match *since {
            _ if up => None,
            since => since.or_else(|| Some(Instant::now())),
        };
    }

    /// Asks the store and reports.
    pub(crate) async fn report(&self) -> Report {
        let phase = self.phase().clone();
        let asked = self.ask_store().await;
        let serving = phase == Phase::Serving;
        let detail = match (&phase, asked) {
            (_, Err(reason)) => Err(reason),
            (Phase::Starting(reason), Ok(())) => Err(reason.clone()),
            (Phase::Serving | Phase::Draining, Ok(())) => Ok(()),
        };
        Report {
            ready: serving && detail.is_ok(),
            draining: phase == Phase::Draining,
            store: StoreReport {
                kind: self.0.store_kind,
                ok: detail.is_ok(),
                detail: detail.err(),
            },
            bus: self.bus_report(),
            node: self.0.parts.get().map(|parts| {
                let node = parts.bus.node();
                NodeReport {
                    number: node.number.get(),
                    incarnation: node.incarnation,
                }
            }),
        }
    }

    /// Whether the store answers a read now; before there is a store, what the node waits for.
    async fn ask_store(&self) -> Result<(), String> {
        let Some(parts) = self.0.parts.get() else {
            return match &*self.phase() {
                Phase::Starting(reason) => Err(reason.clone()),
                Phase::Serving | Phase::Draining => Err("the store was never opened".to_owned()),
            };
        };
        let nobody = UserId::new(1).expect("1 is an id");
        match tokio::time::timeout(READ_WITHIN, parts.store.users(&[nobody])).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "the store did not answer within {} s",
                READ_WITHIN.as_secs()
            )),
        }
    }

    fn bus_report(&self) -> BusReport {
        let parts = self.0.parts.get();
        let health = match parts {
            None => BusHealth::Starting,
            Some(parts) => match *parts.bus.health().borrow() {
                Health::Up => BusHealth::Up,
                Health::Away => BusHealth::Away,
            },
        };
        let since = self.bus_away_since();
        BusReport {
            kind: self.0.bus_kind,
            health,
            away_for_s: since.map(|then| then.elapsed().as_secs()),
            detail: parts.and_then(|parts| parts.bus.trouble()),
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bus_away_since(&self) -> MutexGuard<'_, Option<Instant>> {
        let since = self.0.bus_away_since.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }
}
