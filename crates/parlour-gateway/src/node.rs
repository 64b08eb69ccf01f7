//! What every connection and every request of this node shares.

use std::sync::Arc;
use std::time::Duration;

use parlour_delivery::Delivery;
use parlour_model::{Clock, UserId, limits};
use parlour_service::Service;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::Addresses;
use crate::connects::Connects;
use crate::gateway::GatewayParts;
use crate::origin::Origins;
use crate::settings::GatewayLimits;
use crate::shares::Shares;

/// What the node is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Serve.
    Serving,
    /// Take no new connections, and ask those there are to move within this time.
    Draining {
        /// Over how long they spread.
        window: Duration,
    },
    /// Finish what was begun, and close.
    Stopping,
}

/// The shared parts.
pub(crate) struct Node {
    pub(crate) service: Service,
    pub(crate) delivery: Delivery,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: GatewayLimits,
    pub(crate) origins: Origins,
    /// Whether the web client is served.
    pub(crate) web: bool,
    pub(crate) addresses: Addresses,
    pub(crate) tracker: TaskTracker,
    pub(crate) token: CancellationToken,
    pub(crate) phase: watch::Sender<Phase>,
    /// A permit per open connection.
    pub(crate) connections: Arc<Semaphore>,
    connections_max: u32,
    /// How fast they may come.
    pub(crate) connects: Connects,
    /// The greeted connections of each user, so that one account cannot take the permits of all.
    pub(crate) users: Shares<UserId>,
}

impl Node {
    pub(crate) fn new(parts: GatewayParts) -> Self {
        let connections_max = u32::try_from(parts.limits.connections).unwrap_or(u32::MAX);
        let connects = Connects::new(parts.limits.connects_per_second, &parts.clock);
        Self {
            addresses: Addresses::new(&parts.limits, &parts.clock),
            origins: Origins::new(parts.origins),
            web: parts.web,
            service: parts.service,
            delivery: parts.delivery,
            clock: parts.clock,
            limits: parts.limits,
            tracker: parts.tracker,
            token: parts.token,
            phase: watch::Sender::new(Phase::Serving),
            // queue: connections per node
            connections: Arc::new(Semaphore::new(connections_max as usize)),
            connections_max,
            connects,
            users: Shares::new(limits::CONNECTIONS_PER_USER_MAX),
        }
    }

    /// Waits until no connection is open.
    pub(crate) async fn all_gone(&self) {
        // All permits at once: whoever can have them is alone.
        let all = self.connections.acquire_many(self.connections_max).await;
        drop(all);
    }
}
