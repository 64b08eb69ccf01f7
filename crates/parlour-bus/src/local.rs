//! A bus inside one process: any number of nodes that share memory, and nothing else.
//!
//! It is what a node without a cluster runs on, and what tests of several nodes run on, so it keeps every promise of
//! the seam and can be told to break the links.

mod chats;
mod faults;
mod quotas;
mod users;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use parlour_model::{Clock, NodeNumber, Presence, Timestamp, UserId};
use tokio::sync::watch;

use crate::{
    Arrival, BusError, Channels, Chosen, ConnectionId, ConnectionRef, Health, Inbox, InboxSender,
    NodeRef, PresenceCells, PresenceEdge, Receivers, Routes, inbox,
};

use chats::Chats;
use faults::{Answers, Links};
pub use faults::{Fate, LinkFault};
use quotas::Buckets;
use users::Users;

/// Nodes that can reach each other. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LocalNetwork {
    shared: Arc<Network>,
}

/// One node's end of a [`LocalNetwork`]. Dropping it is that node's death.
#[derive(Debug)]
pub struct LocalBus {
    network: Arc<Network>,
    number: NodeNumber,
    incarnation: AtomicU64,
    clock: Arc<dyn Clock>,
    inbox: Mutex<Option<Inbox>>,
    health: watch::Sender<Health>,
    answers: Answers,
    is_lease_over: AtomicBool,
    /// Whether its lease lapsed while it was cut off: it is told when it is not any more.
    owes_lapse: AtomicBool,
}

#[derive(Debug, Default)]
struct Network {
    alive: Alive,
    incarnations: AtomicU64,
    users: Users,
    chats: Chats,
    quotas: Buckets,
    links: Links,
}

/// The nodes that are alive, by number.
#[derive(Debug, Default)]
struct Alive(RwLock<HashMap<u16, Place>>);

/// What the network holds of a node.
#[derive(Debug, Clone)]
struct Place {
    node: NodeRef,
    sender: InboxSender,
    health: watch::Sender<Health>,
}

impl Alive {
    fn contains(&self, node: &NodeRef) -> bool {
        self.sender(node).is_some()
    }

    fn sender(&self, node: &NodeRef) -> Option<InboxSender> {
        let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = nodes.get(&node.number.get())?;
        (place.node == *node).then(|| place.sender.clone())
    }

    /// Where packets for a node go; `None` if it is gone or cut off.
    fn hearing(&self, node: &NodeRef) -> Option<InboxSender> {
        let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = nodes.get(&node.number.get())?;
        let hears = place.node == *node && *place.health.borrow() == Health::Up;
        hears.then(|| place.sender.clone())
    }

    fn nodes(&self) -> Vec<NodeRef> {
        let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        nodes.values().map(|place| place.node).collect()
    }

    fn enter(&self, place: Place) {
        let mut nodes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        nodes.insert(place.node.number.get(), place);
    }

    fn leave(&self, node: &NodeRef) {
        let mut nodes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if nodes
            .get(&node.number.get())
            .is_some_and(|place| place.node == *node)
            && let Some(place) = nodes.remove(&node.number.get())
        {
            place.sender.close();
        }
    }

    /// The lowest free number.
    fn free_number(&self) -> NodeNumber {
        let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (0..)
            .filter(|number| !nodes.contains_key(number))
            .find_map(NodeNumber::new)
            .expect("a process does not hold a thousand nodes")
    }
}

impl LocalNetwork {
    /// A network without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new node, under the lowest free number; the first one is number 0.
    #[must_use]
    pub fn join(&self, clock: Arc<dyn Clock>) -> LocalBus {
        self.shared.users.begin_at(clock.now());
        let number = self.shared.alive.free_number();
        let incarnation = self.shared.next_incarnation();
        let (sender, inbox) = inbox();
        let health = watch::Sender::new(Health::Up);
        let node = NodeRef {
            number,
            incarnation,
        };
        self.shared.alive.enter(Place {
            node,
            sender,
            health: health.clone(),
        });
        LocalBus {
            network: Arc::clone(&self.shared),
            number,
            incarnation: AtomicU64::new(incarnation),
            clock,
            inbox: Mutex::new(Some(inbox)),
            health,
            answers: Answers::default(),
            is_lease_over: AtomicBool::new(false),
            owes_lapse: AtomicBool::new(false),
        }
    }

    /// Lets `fault` decide about every packet from now on; `None` heals the links.
    pub fn set_fault(&self, fault: Option<LinkFault>) {
        self.shared.links.set(fault);
    }

    /// Delivers the packets that were held back, the newest first.
    pub fn release_held(&self) {
        for (to, packet) in self.shared.links.take_held().into_iter().rev() {
            self.shared.hand_over(&to, packet);
        }
    }

    /// Empties a node's inbox as if it had overflowed.
    pub fn overflow(&self, node: &NodeRef) {
        if let Some(sender) = self.shared.alive.sender(node) {
            sender.overflow();
        }
    }
}

impl Network {
    fn next_incarnation(&self) -> u64 {
        self.incarnations.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn hand_over(&self, to: &NodeRef, packet: Bytes) -> Receivers {
        let sender = self.alive.hearing(to);
        if let Some(sender) = &sender {
            sender.deliver(packet);
        }
        Receivers(usize::from(sender.is_some()))
    }
}

impl LocalBus {
    fn check_alive(&self) -> Result<NodeRef, BusError> {
        let node = self.node();
        if *self.health.borrow() == Health::Away {
            return Err(BusError::Unavailable("this node is cut off".to_owned()));
        }
        if self.network.alive.contains(&node) {
            Ok(node)
        } else {
            Err(BusError::Closed)
        }
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        self.network.alive.leave(&self.node());
    }
}

#[async_trait]
impl Channels for LocalBus {
    fn node(&self) -> NodeRef {
        NodeRef {
            number: self.number,
            incarnation: self.incarnation.load(Ordering::SeqCst),
        }
    }

    fn life(&self) -> Option<NodeRef> {
        let node = self.node();
        let holds = !self.is_lease_over.load(Ordering::SeqCst);
        let hears = *self.health.borrow() == Health::Up;
        (holds && hears && self.network.alive.contains(&node)).then_some(node)
    }

    async fn nodes(&self) -> Result<Vec<NodeRef>, BusError> {
        self.check_alive()?;
        Ok(self.network.alive.nodes())
    }

    fn is_alone(&self) -> bool {
        let nodes = self.network.alive.0.read();
        nodes.unwrap_or_else(PoisonError::into_inner).len() == 1
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    async fn publish(&self, to: &NodeRef, packet: Bytes) -> Result<Receivers, BusError> {
        self.check_alive()?;
        self.network.links.travel(to).await;
        let mut receivers = Receivers(usize::from(self.network.alive.hearing(to).is_some()));
        for (to, packet) in self.network.links.pass(to, packet)? {
            receivers = self.network.hand_over(&to, packet);
        }
        Ok(receivers)
    }

    fn take_inbox(&self) -> Option<Inbox> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.take()
    }
}

#[async_trait]
impl Routes for LocalBus {
    async fn register(&self, user: UserId, connection: ConnectionRef) -> Result<Arrival, BusError> {
        let node = self.check_alive()?;
        Ok(self.network.users.register(user, node, connection))
    }

    async fn unregister(&self, user: UserId, connection: ConnectionId) -> Result<(), BusError> {
        let node = self.check_alive()?;
        self.network.users.unregister(user, node, connection);
        Ok(())
    }

    async fn routes(&self, users: &[UserId]) -> Result<Vec<Vec<NodeRef>>, BusError> {
        self.check_alive()?;
        let alive = |node: &NodeRef| self.network.alive.contains(node);
        let routes = users
            .iter()
            .map(|user| self.network.users.routes(*user, alive));
        Ok(routes.collect())
    }
}

#[async_trait]
impl PresenceCells for LocalBus {
    async fn settle(
        &self,
        user: UserId,
        chosen: Chosen,
        at: Timestamp,
    ) -> Result<Option<PresenceEdge>, BusError> {
        self.check_alive()?;
        self.answers.let_settle()?;
        let alive = |node: &NodeRef| self.network.alive.contains(node);
        let times = users::Times {
            seen: at,
            now: self.clock.now(),
        };
        let edge = self.network.users.settle(user, chosen, times, alive);
        self.answers.bring(edge)
    }

    async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, BusError> {
        self.check_alive()?;
        let presence = users.iter().map(|user| self.network.users.presence(*user));
        Ok(presence.collect())
    }

    async fn watch(&self, users: &[UserId]) -> Result<(), BusError> {
        let node = self.check_alive()?;
        self.answers.let_watch(users.len())?;
        for user in users {
            self.network.users.watch(*user, node);
        }
        Ok(())
    }

    async fn unwatch(&self, users: &[UserId]) -> Result<(), BusError> {
        let node = self.check_alive()?;
        for user in users {
            self.network.users.unwatch(*user, node);
        }
        self.answers.bring_unwatched()
    }
}
