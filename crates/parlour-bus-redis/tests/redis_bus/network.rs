//! Nodes on the servers of a test.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use parlour_bus::conformance::TestBus;
use parlour_bus::{
    Channels, ConnectionId, ConnectionRef, Health, Inbound, Inbox, NodeRef, Receivers, ResyncReason,
};
use parlour_bus_redis::{Credentials, JoinError, Options, RedisBus, Topology};
use parlour_model::{NodeNumber, SessionId, SystemClock, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::server::{Patience, Server, WITHIN, eventually, start_cluster};

/// Nodes of one deployment.
pub(crate) struct Network {
    pub(crate) servers: Arc<Vec<Server>>,
    pub(crate) deployment: Uuid,
    /// Who the nodes sign in as.
    pub(crate) credentials: Option<Credentials>,
    tracker: TaskTracker,
    numbers: AtomicU16,
    nodes: Mutex<Vec<Node>>,
}

struct Node {
    bus: Arc<RedisBus>,
    token: CancellationToken,
}

impl Network {
    /// A network on one server of its own.
    pub(crate) async fn on_one() -> Self {
        Self::on(Arc::new(vec![Server::start(&[]).await]))
    }

    /// A network on a cluster of its own.
    pub(crate) async fn on_cluster() -> Self {
        Self::on(Arc::new(start_cluster().await))
    }

    pub(crate) fn on(servers: Arc<Vec<Server>>) -> Self {
        Self {
            servers,
            deployment: Uuid::from_u128(7),
            credentials: None,
            tracker: TaskTracker::new(),
            numbers: AtomicU16::new(0),
            nodes: Mutex::default(),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.servers[0]
    }

    /// The first server, to do something to it.
    pub(crate) fn server_mut(&mut self) -> &mut Server {
        let servers = Arc::get_mut(&mut self.servers).expect("nobody else has the server");
        &mut servers[0]
    }

    pub(crate) fn options(&self, number: u16, token: &CancellationToken) -> Options {
        let hosts: Vec<String> = self.servers.iter().map(Server::host).collect();
        Options {
            topology: match hosts.as_slice() {
                [host] => Topology::One(host.clone()),
                _ => Topology::Cluster(hosts),
            },
            credentials: self.credentials.clone(),
            tls: None,
            number: NodeNumber::new(number).unwrap(),
            deployment: self.deployment,
            clock: Arc::new(SystemClock::new()),
            tracker: self.tracker.clone(),
            token: token.clone(),
        }
    }

    /// A node under this number.
    pub(crate) async fn join_as(&self, number: u16) -> Result<Arc<RedisBus>, JoinError> {
        let token = CancellationToken::new();
        let bus = Arc::new(RedisBus::join(self.options(number, &token)).await?);
        let node = Node {
            bus: Arc::clone(&bus),
            token,
        };
        self.nodes.lock().unwrap().push(node);
        Ok(bus)
    }

    /// Ends all nodes and forgets everything.
    pub(crate) async fn clear(&self) {
        let nodes = std::mem::take(&mut *self.nodes.lock().unwrap());
        join_all(nodes.iter().map(|node| node.bus.leave())).await;
        drop(nodes);
        self.tracker.close();
        self.tracker.wait().await;
        for server in self.servers.iter() {
            server.ask("FLUSHALL");
        }
    }

    /// Waits until every living node sees what is so.
    async fn all_see(&self, alive: Option<NodeRef>, dead: NodeRef) {
        let living: Vec<Arc<RedisBus>> = {
            let nodes = self.nodes.lock().unwrap();
            let living = nodes.iter().filter(|node| !node.token.is_cancelled());
            living.map(|node| Arc::clone(&node.bus)).collect()
        };
        for node in living {
            let mut patience = Patience::for_this("others see who lives");
            while !node.nodes().await.is_ok_and(|nodes| {
                alive.is_none_or(|alive| nodes.contains(&alive)) && !nodes.contains(&dead)
            }) {
                patience.again().await;
            }
        }
    }

    /// Takes a node's lease away, as if it had ended.
    pub(crate) fn end_lease(&self, number: u16) {
        let command = format!("HDEL leases:{{nodes}} {number}");
        assert_eq!(self.server().ask(&command), "1", "there was a lease");
    }
}

#[async_trait]
impl TestBus for Network {
    type Node = RedisBus;

    async fn join(&self) -> Arc<RedisBus> {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let bus = self.join_as(number).await.expect("nobody refuses it");
        assert_eq!(*bus.health().borrow(), Health::Up);
        bus
    }

    async fn lapse(&self, node: &Arc<RedisBus>) {
        let before = node.node();
        self.end_lease(before.number.get());
        let mut health = node.health();
        let mut patience = Patience::for_this("a new incarnation");
        while node.node() == before {
            patience.again().await;
        }
        health
            .wait_for(|health| *health == Health::Up)
            .await
            .unwrap();
        self.all_see(Some(node.node()), before).await;
    }

    async fn crash(&self, node: &Arc<RedisBus>) {
        let gone = node.node();
        {
            let nodes = self.nodes.lock().unwrap();
            let crashed = nodes.iter().find(|other| Arc::ptr_eq(&other.bus, node));
            crashed.expect("it joined here").token.cancel();
        }
        let question = format!("PUBSUB SHARDNUMSUB n:{{{gone}}}");
        let mut patience = Patience::for_this("it no longer listens");
        while self
            .servers
            .iter()
            .any(|server| server.ask(&question).ends_with('1'))
        {
            patience.again().await;
        }
        self.end_lease(gone.number.get());
        self.all_see(None, gone).await;
    }
}

pub(crate) fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn connection(number: u64) -> ConnectionRef {
    ConnectionRef {
        connection: ConnectionId::new(number),
        session: SessionId::new(number).unwrap(),
        device: "a device of two words".to_owned(),
    }
}

/// Waits for the bus to be as it should.
pub(crate) async fn becomes(node: &RedisBus, health: Health) {
    let mut changes = node.health();
    let wait = changes.wait_for(|now| *now == health);
    let waited = tokio::time::timeout(WITHIN, wait).await;
    waited.expect("it comes to this").unwrap();
}

/// The next thing that a node is told.
pub(crate) async fn next(inbox: &mut Inbox) -> Inbound {
    let next = tokio::time::timeout(WITHIN, inbox.next()).await;
    next.expect("something comes").expect("the bus is open")
}

/// The next resync, whatever comes before it.
pub(crate) async fn next_resync(inbox: &mut Inbox) -> ResyncReason {
    loop {
        if let Inbound::Resync(reason) = next(inbox).await {
            return reason;
        }
    }
}

/// Waits until a packet travels from one node to another; resyncs come and go.
pub(crate) async fn hears(from: &RedisBus, to: &RedisBus, inbox: &mut Inbox) {
    eventually("a packet reaches somebody", async || {
        let packet = Bytes::from_static(b"hello");
        from.publish(&to.node(), packet).await == Ok(Receivers(1))
    })
    .await;
    while next(inbox).await != Inbound::Packet(Bytes::from_static(b"hello")) {}
}
