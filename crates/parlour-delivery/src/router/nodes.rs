//! The nodes a chat's events go to, remembered for a second.
//!
//! A publish by remembered nodes owes a doorbell. Promising it and ringing it are decided under one lock, so that
//! an event is either covered by the doorbell or goes to nodes that are read afresh.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlour_bus::{BusError, NodeRef};
use parlour_model::{ChatId, Seq, UserId};
use tokio::time::Instant;

use super::{Lost, Way};
use crate::core::Core;

/// How long the nodes of a chat are remembered.
pub(crate) const ROUTES_LAST: Duration = Duration::from_secs(1);

/// The nodes that hold connections of a chat's members, as read at one time.
pub(super) struct ChatNodes {
    pub(super) nodes: Vec<NodeRef>,
    read_at: Instant,
    doorbell: Mutex<Doorbell>,
}

/// The doorbell that remembered nodes owe.
#[derive(Default)]
struct Doorbell {
    /// The highest seq published to the nodes from memory; zero if none was.
    head: Seq,
    /// Whether it has been rung: whoever comes later reads the nodes again.
    rung: bool,
}

impl ChatNodes {
    fn new(nodes: Vec<NodeRef>, read_at: Instant) -> Self {
        Self {
            nodes,
            read_at,
            doorbell: Mutex::default(),
        }
    }

    /// Promises a doorbell up to `head`; answers whether it is the first promise. `None` if it is too late for one.
    fn owe(&self, head: Seq) -> Option<bool> {
        let mut doorbell = self.doorbell();
        if doorbell.rung {
            return None;
        }
        let is_first = doorbell.head == Seq::ZERO;
        doorbell.head = doorbell.head.max(head);
        Some(is_first)
    }

    fn ring(&self) -> Seq {
        let mut doorbell = self.doorbell();
        doorbell.rung = true;
        doorbell.head
    }

    fn doorbell(&self) -> MutexGuard<'_, Doorbell> {
        self.doorbell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The nodes as remembered or read. What is published up to `head` from memory owes a doorbell.
    pub(super) async fn remembered_nodes(
        self: &Arc<Self>,
        chat: ChatId,
        way: &Way,
        head: Option<Seq>,
    ) -> Result<Arc<ChatNodes>, Lost> {
        let remembered = self.router.nodes.get(&chat).await;
        let fresh = remembered.filter(|nodes| nodes.read_at.elapsed() < ROUTES_LAST);
        let Some(nodes) = fresh else {
            return self.read_nodes(chat, way).await;
        };
        let Some(head) = head else { return Ok(nodes) };
        match nodes.owe(head) {
            Some(true) => self.ring_when_expired(chat, Arc::clone(&nodes)),
            Some(false) => {}
            None => return self.read_nodes(chat, way).await,
        }
        Ok(nodes)
    }

    pub(super) async fn read_nodes(&self, chat: ChatId, way: &Way) -> Result<Arc<ChatNodes>, Lost> {
        // Taken before the read: the answer is at least this old.
        let read_at = Instant::now();
        let nodes = Arc::new(ChatNodes::new(self.nodes_by(way, chat).await?, read_at));
        self.router.nodes.insert(chat, Arc::clone(&nodes)).await;
        Ok(nodes)
    }

    pub(crate) async fn other_nodes(&self, users: &[UserId]) -> Result<Vec<NodeRef>, BusError> {
        let own = self.bus.node();
        let mut nodes = Vec::new();
        let routes = self.ask_bus(self.bus.routes(users)).await?;
        for node in routes.into_iter().flatten() {
            if node != own && !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        Ok(nodes)
    }

    /// The doorbell owed by publishes that used remembered nodes.
    fn ring_when_expired(self: &Arc<Self>, chat: ChatId, remembered: Arc<ChatNodes>) {
        let core = Arc::clone(self);
        self.see_through(async move {
            let expired = tokio::time::sleep_until(remembered.read_at + ROUTES_LAST);
            // A node that stops does not wait, and rings at once.
            core.token.run_until_cancelled(expired).await;
            core.router.nodes.invalidate(&chat).await;
            core.ring(chat, remembered.ring(), &[]).await;
        });
    }
}
