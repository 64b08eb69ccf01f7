//! Nodes and clients for the tests of this folder.

mod client;
mod store;
mod store_faults;
mod store_rest;

use std::sync::Arc;
use std::time::Duration;

use parlour_bus::{Channels as _, LocalBus, LocalNetwork, SharedBus};
use parlour_delivery::{Delivery, DeliveryParts};
use parlour_model::{
    ChatId, Clock, Content, Event, HistoryVisibility, ManualClock, NewMember, Role, Timestamp,
    UserId,
};
use parlour_store::SharedStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use client::{Client, seq};
pub(crate) use store::MemoryStore;

/// Several nodes over one store.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) network: LocalNetwork,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) struct Node {
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) delivery: Delivery,
    pub(crate) tracker: TaskTracker,
    pub(crate) token: CancellationToken,
}

pub(crate) fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn chat(number: u64) -> ChatId {
    ChatId::new(number).unwrap()
}

impl World {
    pub(crate) fn new(nodes: usize) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let mut world = Self {
            store: Arc::new(MemoryStore::new()),
            network: LocalNetwork::new(),
            clock,
            nodes: Vec::new(),
        };
        for _ in 0..nodes {
            world.add_node();
        }
        world
    }

    pub(crate) fn add_node(&mut self) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let bus = Arc::new(self.network.join(Arc::clone(&clock)));
        let store: SharedStore = self.store.clone();
        let shared_bus: SharedBus = bus.clone();
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        let delivery = Delivery::new(DeliveryParts {
            store,
            bus: shared_bus,
            clock,
            tracker: tracker.clone(),
            token: token.clone(),
        });
        delivery.start();
        self.nodes.push(Node {
            bus,
            delivery,
            tracker,
            token,
        });
    }

    /// Commits and announces, through one node.
    pub(crate) fn commit(
        &self,
        node: usize,
        chat: ChatId,
        author: UserId,
        content: Content,
    ) -> Event {
        let event = self.store.commit(chat, author, content);
        self.nodes[node].delivery.announce(&event);
        event
    }

    pub(crate) fn post(&self, node: usize, chat: ChatId, author: UserId) -> Event {
        self.commit(node, chat, author, message())
    }

    /// A group with these members; the first one is its creator.
    pub(crate) fn group(&self, number: u64, members: &[u64]) -> ChatId {
        self.group_with(number, members, HistoryVisibility::All)
    }

    pub(crate) fn group_with(
        &self,
        number: u64,
        members: &[u64],
        history: HistoryVisibility,
    ) -> ChatId {
        let content = created(members, history);
        self.commit(0, chat(number), user(members[0]), content);
        chat(number)
    }

    /// A group whose creation nobody is told of.
    pub(crate) fn unannounced_group(&self, number: u64, members: &[u64]) -> ChatId {
        let content = created(members, HistoryVisibility::All);
        self.store.commit(chat(number), user(members[0]), content);
        chat(number)
    }

    pub(crate) fn remove(&self, node: usize, chat: ChatId, number: u64) -> Event {
        let content = Content::MemberRemoved { user: user(number) };
        self.commit(node, chat, user(number), content)
    }

    pub(crate) fn add(&self, node: usize, chat: ChatId, number: u64) -> Event {
        let users = vec![NewMember {
            user: user(number),
            role: Role::Member,
        }];
        self.commit(node, chat, user(number), Content::MembersAdded { users })
    }

    /// Every packet from now on meets this fate.
    pub(crate) fn packets(&self, fate: parlour_bus::Fate) {
        self.network.set_fault(Some(Arc::new(move |_, _| fate)));
    }

    pub(crate) fn heal(&self) {
        self.network.set_fault(None);
    }

    pub(crate) fn node_ref(&self, node: usize) -> parlour_bus::NodeRef {
        self.nodes[node].bus.node()
    }
}

fn created(members: &[u64], history: HistoryVisibility) -> Content {
    let users = members.iter().map(|number| NewMember {
        user: user(*number),
        role: Role::Member,
    });
    Content::ChatCreated {
        chat_type: parlour_model::ChatType::Group,
        title: None,
        history,
        data: parlour_model::AppData::default(),
        users: users.collect(),
    }
}

pub(crate) fn message() -> Content {
    Content::Message {
        body: parlour_model::Body::text("x"),
        reply_to: None,
    }
}

/// Lets this much time pass. It takes none, because the clock of the test stands still: if it does not, this fails.
pub(crate) async fn pass(time: Duration) {
    tokio::time::advance(Duration::ZERO).await;
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(time, never).await.is_err());
}

/// Lets everything happen that needs no more than a moment.
pub(crate) async fn settle() {
    pass(Duration::from_millis(100)).await;
}
