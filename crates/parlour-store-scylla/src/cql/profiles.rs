//! Consistency, patience, routing and retries of each kind of call.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::{DefaultRetryPolicy, FallthroughRetryPolicy, RetryPolicy};
use scylla::statement::{Consistency, SerialConsistency};

use super::routing::AsTransactions;

/// How long a caller can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Somebody is looking at the screen.
    Interactive,
    /// Nobody is.
    Background,
}

impl Patience {
    /// How long one statement may take.
    pub(crate) fn timeout(self) -> Duration {
        match self {
            Self::Interactive => Duration::from_secs(2),
            Self::Background => Duration::from_secs(10),
        }
    }
}

/// What a statement is, for its consistency and for who may repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    SerialRead,
    Write,
    Conditional,
}

impl Kind {
    /// Whether the driver may repeat it: a serial read is a transaction, and a write is repeated by us, who then
    /// know what became of each attempt.
    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Read)
    }

    fn consistency(self) -> Consistency {
        match self {
            Self::Read | Self::Write | Self::Conditional => Consistency::LocalQuorum,
            Self::SerialRead => Consistency::LocalSerial,
        }
    }

    fn retries(self) -> Arc<dyn RetryPolicy> {
        match self {
            Self::Read => Arc::new(DefaultRetryPolicy::new()),
            Self::SerialRead | Self::Write | Self::Conditional => {
                Arc::new(FallthroughRetryPolicy::new())
            }
        }
    }
}

/// A profile for each kind and patience.
pub(super) struct Profiles {
    interactive: [ExecutionProfileHandle; 4],
    background: [ExecutionProfileHandle; 4],
}

const KINDS: [Kind; 4] = [Kind::Read, Kind::SerialRead, Kind::Write, Kind::Conditional];

impl Profiles {
    pub(super) fn new() -> Self {
        Self {
            interactive: KINDS.map(|kind| profile(kind, Patience::Interactive)),
            background: KINDS.map(|kind| profile(kind, Patience::Background)),
        }
    }

    pub(super) fn of(&self, kind: Kind, patience: Patience) -> ExecutionProfileHandle {
        let profiles = match patience {
            Patience::Interactive => &self.interactive,
            Patience::Background => &self.background,
        };
        profiles[kind as usize].clone()
    }
}

/// To which nodes a request goes, and in which order.
pub(super) fn routing(kind: Kind) -> Arc<dyn LoadBalancingPolicy> {
    // The datacenter is the session's own; a request never leaves it, because LOCAL_QUORUM would then mean another
    // quorum.
    let routing = DefaultPolicy::builder()
        .inherit_location_preference()
        .permit_dc_failover(false)
        .build();
    match kind {
        Kind::Conditional => Arc::new(AsTransactions(routing)),
        Kind::Read | Kind::SerialRead | Kind::Write => routing,
    }
}

fn profile(kind: Kind, patience: Patience) -> ExecutionProfileHandle {
    ExecutionProfile::builder()
        .consistency(kind.consistency())
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(patience.timeout()))
        .retry_policy(kind.retries())
        .speculative_execution_policy(None)
        .load_balancing_policy(routing(kind))
        .build()
        .into_handle()
}
