//! Which nodes want the events of a large chat.

use async_trait::async_trait;
use parlour_model::ChatId;

use crate::{BusError, NodeRef};

/// Routes from chats to nodes: one read finds the nodes of a chat, however many members it has. A route counts only
/// while the life of the node that wrote it lasts, as those of [`crate::Routes`] do.
///
/// A chat has such routes only if nodes enlist for it. What makes them do so is not the bus' business.
#[async_trait]
pub trait ChatRoutes: Send + Sync {
    /// Enlists this node for chats. When it returns, every later [`ChatRoutes::nodes_of`] on any node names it.
    /// Writing a route again changes nothing.
    ///
    /// # Errors
    /// After [`BusError`] some of the routes may be there.
    async fn enlist(&self, routes: &[ChatRoute]) -> Result<(), BusError>;

    /// Takes routes of this node away, and no other route to the same chats. Idempotent.
    ///
    /// # Errors
    /// After [`BusError`] some of the routes may still be there.
    async fn withdraw(&self, routes: &[ChatRoute]) -> Result<(), BusError>;

    /// The nodes that are enlisted for a chat, each once.
    ///
    /// # Errors
    /// [`BusError`] says nothing about any node.
    async fn nodes_of(&self, chat: ChatId) -> Result<Vec<NodeRef>, BusError>;
}

/// A route from a chat to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatRoute {
    /// Whose events the node wants.
    pub chat: ChatId,
    /// Its name on the node, which gives no name twice to routes of one chat: so taking one away, however late that
    /// happens, never takes the next one.
    pub number: u64,
}
