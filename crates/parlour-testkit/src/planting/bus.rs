//! What may be wrong between a node and the bus, and the wrapper that lets it be wrong.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parlour_bus::{
    Arrival, BusError, Channels, ChatRoute, ChatRoutes, Chosen, ConnectionId, ConnectionRef,
    Health, Inbound, Inbox, NodeRef, PresenceCells, PresenceEdge, Quota, Quotas, Receivers,
    ResyncReason, Routes, SharedBus, Taken, inbox,
};
use parlour_model::{ChatId, Presence, Timestamp, UserId};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// A bug in how a node uses its bus. Every method does the right thing unless a bug says otherwise.
#[async_trait]
pub trait BusBug: Send + Sync {
    /// Whether the node is told that something may be missing.
    fn hears(&self, _reason: ResyncReason) -> bool {
        true
    }

    /// Publishes.
    ///
    /// # Errors
    /// As [`Channels::publish`].
    async fn publish(
        &self,
        bus: &SharedBus,
        to: &NodeRef,
        packet: Bytes,
    ) -> Result<Receivers, BusError> {
        bus.publish(to, packet).await
    }

    /// Writes a route.
    ///
    /// # Errors
    /// As [`Routes::register`].
    async fn register(
        &self,
        bus: &SharedBus,
        user: UserId,
        connection: ConnectionRef,
    ) -> Result<Arrival, BusError> {
        bus.register(user, connection).await
    }

    /// Enlists the node for chats.
    ///
    /// # Errors
    /// As [`ChatRoutes::enlist`].
    async fn enlist(&self, bus: &SharedBus, routes: &[ChatRoute]) -> Result<(), BusError> {
        bus.enlist(routes).await
    }
}

/// A bus as one node sees it, bug included.
pub struct BusUnderTest {
    inner: SharedBus,
    bug: Arc<dyn BusBug>,
    tracker: TaskTracker,
    first_life: Option<NodeRef>,
}

impl BusUnderTest {
    /// `inner`, seen through `bug`. The task that hands the inbox on lives on `tracker` and ends with the inbox.
    #[must_use]
    pub fn new(inner: SharedBus, bug: Arc<dyn BusBug>, tracker: TaskTracker) -> Self {
        Self {
            first_life: inner.life(),
            inner,
            bug,
            tracker,
        }
    }
}

#[async_trait]
impl Channels for BusUnderTest {
    fn node(&self) -> NodeRef {
        self.inner.node()
    }

    /// A node that does not hear of lapses does not notice them otherwise.
    fn life(&self) -> Option<NodeRef> {
        if self.bug.hears(ResyncReason::Lapsed) {
            self.inner.life()
        } else {
            self.first_life
        }
    }

    async fn nodes(&self) -> Result<Vec<NodeRef>, BusError> {
        self.inner.nodes().await
    }

    fn is_alone(&self) -> bool {
        self.inner.is_alone()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.inner.health()
    }

    fn trouble(&self) -> Option<String> {
        self.inner.trouble()
    }

    async fn publish(&self, to: &NodeRef, packet: Bytes) -> Result<Receivers, BusError> {
        self.bug.publish(&self.inner, to, packet).await
    }

    async fn broadcast(&self, packet: Bytes) -> Result<Receivers, BusError> {
        self.inner.broadcast(packet).await
    }

    fn take_inbox(&self) -> Option<Inbox> {
        let mut from = self.inner.take_inbox()?;
        let (to, handed_on) = inbox();
        let bug = Arc::clone(&self.bug);
        self.tracker.spawn(async move {
            while let Some(inbound) = from.next().await {
                match inbound {
                    Inbound::Packet(packet) => drop(to.deliver(packet)),
                    Inbound::Resync(reason) if bug.hears(reason) => to.resync(reason),
                    Inbound::Resync(_) => {}
                }
            }
            to.close();
        });
        Some(handed_on)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Routes for BusUnderTest {
    async fn register(&self, user: UserId, connection: ConnectionRef) -> Result<Arrival, BusError> {
        self.bug.register(&self.inner, user, connection).await
    }

    async fn unregister(&self, user: UserId, connection: ConnectionId) -> Result<(), BusError> {
        self.inner.unregister(user, connection).await
    }

    async fn routes(&self, users: &[UserId]) -> Result<Vec<Vec<NodeRef>>, BusError> {
        self.inner.routes(users).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatRoutes for BusUnderTest {
    async fn enlist(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        self.bug.enlist(&self.inner, routes).await
    }

    async fn withdraw(&self, routes: &[ChatRoute]) -> Result<(), BusError> {
        self.inner.withdraw(routes).await
    }

    async fn nodes_of(&self, chat: ChatId) -> Result<Vec<NodeRef>, BusError> {
        self.inner.nodes_of(chat).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PresenceCells for BusUnderTest {
    async fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, BusError> {
        self.inner.settle(user, chosen, at).await
    }

    async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, BusError> {
        self.inner.presence(users).await
    }

    async fn watch(&self, users: &[UserId]) -> Result<(), BusError> {
        self.inner.watch(users).await
    }

    async fn unwatch(&self, users: &[UserId]) -> Result<(), BusError> {
        self.inner.unwatch(users).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Quotas for BusUnderTest {
    async fn take(&self, key: &str, quota: Quota) -> Result<Taken, BusError> {
        self.inner.take(key, quota).await
    }
}
