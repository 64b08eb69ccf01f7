//! Sending packets to nodes, and seeing it through when this node stops.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use parlour_bus::{NodeRef, Receivers};
use parlour_model::ChatId;

use super::{Lost, lost};
use crate::core::Core;
use crate::packet::Packet;

/// How long a node that stops goes on announcing.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// What became of a packet for several nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Published {
    /// One of the nodes was not there.
    pub(crate) missed: bool,
    /// For one of the nodes the bus did not say.
    pub(crate) failed: bool,
}

impl Core {
    /// Sends a packet to each node, to all at once: a slow one keeps no other waiting.
    pub(crate) async fn publish_to(&self, nodes: &[NodeRef], packet: &Bytes) -> Published {
        let mut all = Published::default();
        for one in join_all(nodes.iter().map(|node| self.publish_one(node, packet))).await {
            all.missed |= one.missed;
            all.failed |= one.failed;
        }
        all
    }

    async fn publish_one(&self, node: &NodeRef, packet: &Bytes) -> Published {
        let mut published = Published::default();
        match self.ask_bus(self.bus.publish(node, packet.clone())).await {
            Ok(Receivers(0)) => published.missed = true,
            Ok(_) => metrics::counter!("parlour_packets_published_total").increment(1),
            Err(error) => {
                metrics::counter!("parlour_publish_errors_total").increment(1);
                tracing::debug!(%error, %node, "a packet may not have been published");
                published.failed = true;
            }
        }
        published
    }

    /// Runs an announcement to its end, also when the node stops meanwhile: then for a few seconds at most.
    pub(crate) fn see_through(
        self: &Arc<Self>,
        announcement: impl Future<Output = ()> + Send + 'static,
    ) {
        let token = self.token.clone();
        let stopped_for_long = async move {
            token.cancelled().await;
            tokio::time::sleep(FINISH_WITHIN).await;
        };
        let core = Arc::clone(self);
        let task = async move {
            tokio::select! {
                biased;
                () = announcement => {}
                // Only what never ends is ended. It has not been told, so this node may not say farewell.
                () = stopped_for_long => core.debts.owe_comparison(),
            }
        };
        let task = self.router.under_way.track_future(task);
        self.tracker.spawn(task);
    }

    /// Says to the other nodes that this one stops and has told them everything, so that they need not look for what
    /// it may have committed last.
    pub(crate) async fn say_farewell(self: Arc<Self>) {
        self.token.cancelled().await;
        self.router.under_way.close();
        self.router.under_way.wait().await;
        if !self.bus.is_alone() && self.debts.is_empty() {
            let farewell = Packet::farewell(self.bus.node());
            let told = self.ask_bus(self.bus.broadcast(farewell.encode())).await;
            tracing::debug!(told = told.is_ok(), "this node has said that it leaves");
        }
    }

    /// Tells the other nodes where members of the chat are connected.
    pub(crate) fn tell_members_nodes(self: &Arc<Self>, chat: ChatId, packet: Packet) {
        if self.bus.is_alone() || self.is_bus_away() {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            match core.nodes_of(chat).await {
                Ok(nodes) => {
                    core.publish_to(&nodes.nodes, &packet.encode()).await;
                }
                Err(error) => lost(chat, &error),
            }
        });
    }

    /// Sends a packet to the other nodes where members of the chat are connected. False if the bus did not say that it went to all
    /// of them; one that was not there is looked for once more.
    pub(crate) async fn publish_to_members(
        self: &Arc<Self>,
        chat: ChatId,
        packet: &Packet,
    ) -> bool {
        let bytes = packet.encode();
        for is_last in [false, true] {
            let nodes = match self.nodes_of(chat).await {
                Ok(nodes) => nodes,
                Err(Lost::Bus(_)) => return false,
                Err(error) => {
                    lost(chat, &error);
                    return true;
                }
            };
            let published = self.publish_to(&nodes.nodes, &bytes).await;
            if published.failed {
                return false;
            }
            if !published.missed || is_last {
                break;
            }
            self.router.nodes.invalidate(&chat).await;
        }
        true
    }

    /// Tells these nodes, but not this one.
    pub(crate) async fn tell_nodes(&self, nodes: &[NodeRef], packet: &Packet) {
        let own = self.bus.node();
        let others: Vec<NodeRef> = nodes.iter().copied().filter(|node| *node != own).collect();
        if !others.is_empty() {
            self.publish_to(&others, &packet.encode()).await;
        }
    }
}
