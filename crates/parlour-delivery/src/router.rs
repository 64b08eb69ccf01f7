//! From a committed event to the other nodes that hold connections of its chat's members.
//!
//! - Routes are read after the commit; who connects later reads the event from the store.
//! - Events of one chat leave in the order they were announced, and those that wait leave in one packet per node.
//! - The nodes of a chat are remembered for a second. A publish by remembered nodes owes a doorbell: when the memory
//!   expires, the chat's head goes to the nodes as they are then, or who connected within that second would miss the
//!   last message of a quiet chat.
//! - A membership event is routed afresh, and to the users it names too.

mod audience;
mod nodes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dashmap::{DashMap, DashSet};
use parlour_bus::{BusError, NodeRef, Receivers};
use parlour_model::{ChatId, Event, Seq, UserId};

use crate::core::Core;
use crate::packet::{Packet, PacketEvent};
use audience::Audience;
use nodes::{ChatNodes, ROUTES_LAST};

/// Events of one chat waiting to be published. Beyond, they become one doorbell.
const WAITING_EVENTS_MAX: usize = 256;
/// Chats whose members or nodes are remembered.
const REMEMBERED_CHATS_MAX: u64 = 50_000;

pub(crate) struct Router {
    outbound: DashMap<ChatId, Outbound>,
    nodes: moka::future::Cache<ChatId, Arc<ChatNodes>>,
    audiences: moka::future::Cache<ChatId, Arc<Audience>>,
    asked: DashSet<ChatId>,
}

/// What of one chat waits to be published.
#[derive(Default)]
struct Outbound {
    // queue: announcements per chat
    events: VecDeque<Event>,
    doorbell: Option<Seq>,
}

impl Router {
    pub(crate) fn new() -> Self {
        let cache = || moka::future::Cache::builder().max_capacity(REMEMBERED_CHATS_MAX);
        Self {
            outbound: DashMap::new(),
            nodes: cache().time_to_live(ROUTES_LAST * 10).build(),
            audiences: moka::future::Cache::builder()
                .max_capacity(REMEMBERED_CHATS_MAX)
                .time_to_live(Duration::from_secs(60))
                .build(),
            asked: DashSet::new(),
        }
    }

    /// Whether nobody asks the store about this chat now.
    pub(crate) fn start_asking(&self, chat: ChatId) -> bool {
        self.asked.insert(chat)
    }

    pub(crate) fn stop_asking(&self, chat: ChatId) {
        self.asked.remove(&chat);
    }

    /// Puts an event in line; answers whether the line was empty, so that somebody has to start it.
    fn put(&self, event: &Event) -> bool {
        let mut is_first = false;
        let mut outbound = self.outbound.entry(event.chat).or_insert_with(|| {
            is_first = true;
            Outbound::default()
        });
        if outbound.events.len() < WAITING_EVENTS_MAX {
            outbound.events.push_back(event.clone());
        } else {
            let head = outbound.events.iter().map(|event| event.seq).max();
            outbound.doorbell = outbound.doorbell.max(head).max(Some(event.seq));
            outbound.events.clear();
        }
        is_first
    }

    /// Everything in line; `None` ends the line.
    fn take(&self, chat: ChatId) -> Option<Outbound> {
        let idle = |_: &ChatId, line: &Outbound| line.events.is_empty() && line.doorbell.is_none();
        self.outbound.remove_if(&chat, idle);
        let mut outbound = self.outbound.get_mut(&chat)?;
        Some(std::mem::take(&mut *outbound))
    }
}

impl Core {
    /// Announces a committed event to the other nodes.
    pub(crate) fn announce_elsewhere(self: &Arc<Self>, event: &Event) {
        if self.bus.is_alone() || !self.router.put(event) {
            return;
        }
        let core = Arc::clone(self);
        let chat = event.chat;
        self.spawn(async move {
            while let Some(outbound) = core.router.take(chat) {
                core.publish_outbound(chat, outbound).await;
            }
        });
    }

    async fn publish_outbound(self: &Arc<Self>, chat: ChatId, outbound: Outbound) {
        let events: Vec<Event> = outbound.events.into();
        let head = events
            .iter()
            .map(|event| event.seq)
            .max()
            .max(outbound.doorbell);
        let nodes = match self.nodes_of_events(chat, &events, head).await {
            Ok(nodes) => nodes,
            Err(error) => return lost(chat, &error),
        };
        let mut packets = Vec::new();
        if !events.is_empty() {
            let events = events.into_iter().map(PacketEvent::from);
            packets.push(Packet::Events(events.collect()).encode());
        }
        if let Some(head) = outbound.doorbell {
            packets.push(Packet::Doorbell { chat, head }.encode());
        }
        for packet in packets {
            if self.publish_to(&nodes.nodes, &packet).await {
                // Somebody was not there: their users may be elsewhere by now.
                self.router.nodes.invalidate(&chat).await;
                if let Ok(nodes) = self.nodes_of(chat).await {
                    self.publish_to(&nodes.nodes, &packet).await;
                }
            }
        }
    }

    /// Sends a packet to each node; answers whether one of them was not there.
    async fn publish_to(&self, nodes: &[NodeRef], packet: &Bytes) -> bool {
        let mut missed = false;
        for node in nodes {
            match self.bus.publish(node, packet.clone()).await {
                Ok(Receivers(0)) => missed = true,
                Ok(_) => metrics::counter!("parlour_packets_published_total").increment(1),
                Err(error) => {
                    metrics::counter!("parlour_publish_errors_total").increment(1);
                    tracing::debug!(%error, %node, "a packet may not have been published");
                }
            }
        }
        missed
    }

    /// Tells the other nodes where members of the chat are connected.
    pub(crate) fn tell_members_nodes(self: &Arc<Self>, chat: ChatId, packet: Packet) {
        if self.bus.is_alone() {
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

    /// Tells the other nodes where a user is connected.
    pub(crate) fn tell_users_nodes(self: &Arc<Self>, user: UserId, packet: Packet) {
        if self.bus.is_alone() {
            return;
        }
        let core = Arc::clone(self);
        self.spawn(async move {
            if let Ok(nodes) = core.other_nodes(&[user]).await {
                core.publish_to(&nodes, &packet.encode()).await;
            }
        });
    }

    /// Tells these nodes, but not this one.
    pub(crate) async fn tell_nodes(&self, nodes: &[NodeRef], packet: &Packet) {
        let own = self.bus.node();
        let others: Vec<NodeRef> = nodes.iter().copied().filter(|node| *node != own).collect();
        if !others.is_empty() {
            self.publish_to(&others, &packet.encode()).await;
        }
    }

    /// The nodes that these events go to.
    async fn nodes_of_events(
        self: &Arc<Self>,
        chat: ChatId,
        events: &[Event],
        head: Option<Seq>,
    ) -> Result<Arc<ChatNodes>, Lost> {
        let members = self.audience(chat, events).await.ok_or(Lost::Store)?;
        let named = events.iter().flat_map(|event| event.content.named_users());
        let named: Vec<UserId> = named.collect();
        if named.is_empty() {
            return self.remembered_nodes(chat, &members, head).await;
        }
        let mut users = members.to_vec();
        users.extend(named);
        users.sort_unstable();
        users.dedup();
        self.read_nodes(chat, &users).await
    }

    async fn nodes_of(self: &Arc<Self>, chat: ChatId) -> Result<Arc<ChatNodes>, Lost> {
        let members = self.audience(chat, &[]).await.ok_or(Lost::Store)?;
        self.remembered_nodes(chat, &members, None).await
    }
}

/// Why nobody could be told. The comparison of heads finds what was missed.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the members could not be read")]
    Store,
    #[error(transparent)]
    Bus(#[from] BusError),
}

fn lost(chat: ChatId, error: &Lost) {
    metrics::counter!("parlour_announcements_lost_total").increment(1);
    tracing::warn!(%chat, %error, "other nodes could not be told");
}
