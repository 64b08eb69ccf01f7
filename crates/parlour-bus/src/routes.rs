//! Which nodes hold connections of a user.

use async_trait::async_trait;
use parlour_model::UserId;

use crate::{BusError, ConnectionId, ConnectionRef, NodeRef};

/// Routes from users to nodes. A route counts only while the life of the node that wrote it lasts, so those of a
/// dead node are gone without anybody deleting them.
#[async_trait]
pub trait Routes: Send + Sync {
    /// Writes the route to a connection of this node. When it returns, every later [`Routes::routes`] on any node
    /// sees it. Writing it again changes nothing.
    ///
    /// # Errors
    /// After [`BusError`] the route may or may not be there.
    async fn register(&self, user: UserId, connection: ConnectionRef) -> Result<Arrival, BusError>;

    /// Takes the route to a connection of this node away. Idempotent.
    ///
    /// # Errors
    /// After [`BusError`] the route may still be there.
    async fn unregister(&self, user: UserId, connection: ConnectionId) -> Result<(), BusError>;

    /// The nodes that hold connections of each user, in their order; each node once.
    ///
    /// # Errors
    /// [`BusError`] says nothing about any user.
    async fn routes(&self, users: &[UserId]) -> Result<Vec<Vec<NodeRef>>, BusError>;
}

/// What a new route means for the user's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Others already see the user as connected.
    Seen,
    /// Others see the user as offline, or as nothing: their presence wants settling.
    New,
}
