//! One channel per node, for packets from node to node.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::{BusError, Inbox, NodeRef};

/// Packets between nodes.
///
/// # What a channel guarantees
/// 1. A packet arrives with the bytes it was published with, at most once, or not at all.
/// 2. Packets of one publisher to one node, published one after the other, arrive in that order.
/// 3. If packets may have been lost on their way to a node, that node's inbox says [`crate::Inbound::Resync`], at the
///    latest when the next packet or the next check of the bus shows the loss.
#[async_trait]
pub trait Channels: Send + Sync {
    /// This node in its present life.
    fn node(&self) -> NodeRef;

    /// This node in its present life, if others can tell it what it must know: while its lease holds by this node's own
    /// clock, so that nobody believes it dead, and the bus is [`Health::Up`], so that it hears them. A lease that ends says
    /// nothing; that it has ended is told by [`crate::Inbound::Resync`] when this says the next life.
    fn life(&self) -> Option<NodeRef>;

    /// The nodes that are alive now, this one included.
    ///
    /// # Errors
    /// [`BusError`] says nothing about any node.
    async fn nodes(&self) -> Result<Vec<NodeRef>, BusError>;

    /// Whether it is certain that no other node exists now. A bus that would have to ask says no.
    fn is_alone(&self) -> bool {
        false
    }

    /// Whether the bus works, as far as this node knows: it answers, and this node hears itself. While it is away nobody is told anything and nobody can be
    /// found, so the node asks the store; when it is back, the inbox says [`crate::Inbound::Resync`].
    fn health(&self) -> watch::Receiver<Health>;

    /// Why the bus is away, as far as this node knows: a sentence for operators.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Sends a packet to one life of one node, which may be this node.
    ///
    /// # Errors
    /// After [`BusError`] the packet may have been sent.
    async fn publish(&self, to: &NodeRef, packet: Bytes) -> Result<Receivers, BusError>;

    /// Sends a packet to every other node.
    ///
    /// # Errors
    /// After [`BusError`] some nodes may have been sent it.
    async fn broadcast(&self, packet: Bytes) -> Result<Receivers, BusError> {
        let own = self.node();
        let mut receivers = 0;
        for node in self.nodes().await? {
            if node != own {
                receivers += self.publish(&node, packet.clone()).await?.0;
            }
        }
        Ok(Receivers(receivers))
    }

    /// What others send to this node. There is one inbox; whoever comes second gets `None`.
    fn take_inbox(&self) -> Option<Inbox>;
}

/// Whether a bus works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// It answers.
    Up,
    /// It cannot be reached, or has not answered for a while.
    Away,
}

/// How many nodes a packet was handed to. None for a node that is gone: look up its users again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receivers(pub usize);
