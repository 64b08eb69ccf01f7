//! A whole cluster of real processes: Cassandra, Redis, three gateways and HAProxy, with wires of ours between them.
//!
//! - Each gateway reaches Redis and every node of the store over wires of its own, and HAProxy reaches each gateway
//!   over one. A driver goes to the addresses that the nodes of the store name, at the port at which it found the
//!   first: so the wires of a gateway begin at the nodes' addresses, all at one other port.
//! - The servers of a Redis Cluster name address and port, so there is no wire to them: their faults are faults of the
//!   processes.
//! - The truth is read from the store itself, past every wire.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use parlour_model::{Clock, IdGenerator, NodeNumber, SystemClock, Timestamp, limits};
use parlour_store::SharedStore;
use parlour_store_scylla::{ConnectOptions, Connection, Options, ScyllaStore};
use tempfile::TempDir;

use crate::World;
use crate::launch::Launch;
use crate::process::Server;
use crate::services::{Backend, Balancer, Link, Loopback, Redis, RedisCluster, Ring};

/// How many gateways.
pub const GATEWAYS: usize = 3;
/// How often a port is looked for that is free at several addresses.
const PORT_TRIES: usize = 20;
const KEYSPACE: &str = "parlour_faults";
const DATACENTER: &str = "datacenter1";
/// Where in its network each part lives. Cassandra has the first numbers.
const REDIS_HOST: u8 = 101;
const BALANCER_HOST: u8 = 111;

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program of the gateways, which understands `serve` and `schema apply`.
    pub program: PathBuf,
    /// The top folder of the project, with `deploy` in it.
    pub root: PathBuf,
    /// Nodes of the store: 1, or 3 with three copies of everything.
    pub store_nodes: u8,
    /// Whether Redis is a cluster of six.
    pub redis_cluster: bool,
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    /// The store.
    pub ring: Ring,
    /// The bus.
    pub bus: Bus,
    /// The gateways.
    pub gateways: Vec<Member>,
    /// In front of them.
    pub balancer: Balancer,
    /// Between some clients and the balancer.
    pub clients: Link,
    copies: u8,
    /// Dropped last: everything above has its files in here.
    folder: TempDir,
}

/// Redis, as it was asked for.
#[derive(Debug)]
pub enum Bus {
    /// One server.
    One(Box<Redis>),
    /// A cluster.
    Cluster(RedisCluster),
}

/// A gateway and its wires.
#[derive(Debug)]
pub struct Member {
    /// Its process.
    pub server: Server,
    /// To Redis, if that is one server.
    pub to_redis: Option<Link>,
    /// To each node of the store.
    pub to_store: Vec<Link>,
    /// From the balancer.
    pub from_balancer: Link,
}

impl Cluster {
    /// Starts everything, from the store up.
    ///
    /// # Errors
    /// What is missing, or what did not start and what it said.
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let net = Loopback::pick().await?;
        let cassandra = folder.path().join("cassandra");
        let ring = Ring::start(&plan.root, &cassandra, net, plan.store_nodes).await?;
        let bus = Bus::start(plan, folder.path(), net).await?;
        let mut gateways = Vec::new();
        for number in 0..GATEWAYS {
            gateways.push(Member::wire(plan, folder.path(), number, (&ring, &bus)).await?);
        }
        let mut members = Vec::new();
        for (number, unstarted) in gateways.into_iter().enumerate() {
            if number == 0 {
                unstarted.apply_schema().await?;
            }
            members.push(unstarted.start().await?);
        }
        let backends = [0, 1, 2].map(|number: usize| members[number].as_backend());
        let host = net.host(BALANCER_HOST);
        let balancer = Balancer::start(&plan.root, host, &backends).await?;
        let clients = Link::lay(anywhere(), balancer.address()).await?;
        Ok(Self {
            ring,
            bus,
            gateways: members,
            balancer,
            clients,
            copies: plan.store_nodes,
            folder,
        })
    }

    /// Where devices of a test connect, in turn: each gateway directly, and between those the balancer, once over
    /// the wire that clients have.
    #[must_use]
    pub fn places(&self, world: &World) -> Vec<World> {
        let direct = |number: usize| world.at(self.gateways[number].server.url());
        let balanced = || world.at(self.balancer.url());
        let wired = world.at(format!("http://{}", self.clients.address()));
        vec![
            direct(0),
            balanced(),
            direct(1),
            wired,
            direct(2),
            balanced(),
        ]
    }

    /// What the store holds, read from the store itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn truth(&self) -> anyhow::Result<SharedStore> {
        let connection = Connection::open(ConnectOptions {
            hosts: self.ring.hosts(),
            keyspace: KEYSPACE.to_owned(),
            datacenter: Some(DATACENTER.to_owned()),
            credentials: None,
            tls: None,
        });
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ids = IdGenerator::new(NodeNumber::ZERO, Arc::clone(&clock), Timestamp::default());
        let options = Options {
            clock,
            ids: Arc::new(ids),
            replication: BTreeMap::from([(DATACENTER.to_owned(), self.copies)]),
            bucket_events: limits::BUCKET_EVENTS,
        };
        let store = ScyllaStore::open(connection.await.context("the store")?, options);
        Ok(Arc::new(store.await.context("the store")?))
    }

    /// Where everything keeps its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the gateways in order; everything else just ends.
    ///
    /// # Errors
    /// When one does not stop as it should.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for gateway in &mut self.gateways {
            gateway.server.terminate().await?;
        }
        Ok(())
    }
}

impl Bus {
    async fn start(plan: &Plan, folder: &Path, net: Loopback) -> anyhow::Result<Self> {
        if plan.redis_cluster {
            let cluster = RedisCluster::start(folder, net, REDIS_HOST).await?;
            return Ok(Self::Cluster(cluster));
        }
        let redis = Redis::start(folder, net.host(REDIS_HOST)).await?;
        Ok(Self::One(Box::new(redis)))
    }

    /// The one server.
    ///
    /// # Errors
    /// When it is a cluster.
    pub fn one(&mut self) -> anyhow::Result<&mut Redis> {
        match self {
            Self::One(redis) => Ok(redis),
            Self::Cluster(_) => anyhow::bail!("Redis is a cluster here"),
        }
    }

    /// The cluster.
    ///
    /// # Errors
    /// When it is one server.
    pub fn cluster(&mut self) -> anyhow::Result<&mut RedisCluster> {
        match self {
            Self::One(_) => anyhow::bail!("Redis is one server here"),
            Self::Cluster(cluster) => Ok(cluster),
        }
    }
}

/// A gateway that has its wires and does not run yet.
struct Wired {
    launch: Launch,
    to_redis: Option<Link>,
    to_store: Vec<Link>,
}

impl Member {
    async fn wire(
        plan: &Plan,
        folder: &Path,
        number: usize,
        (ring, bus): (&Ring, &Bus),
    ) -> anyhow::Result<Wired> {
        let to_store = wires(&ring.hosts()).await?;
        let hosts: Vec<SocketAddr> = to_store.iter().map(Link::address).collect();
        let (redis, to_redis) = match bus {
            Bus::One(redis) => {
                let link = Link::lay(anywhere(), redis.address()).await?;
                (link.address().to_string(), Some(link))
            }
            Bus::Cluster(cluster) => (listed(&cluster.addresses()), None),
        };
        let data = folder.join(format!("gateway-{}", number + 1));
        let launch = Launch::new(&plan.program, &data)
            .with("STORE__KIND", "scylla")
            .with("STORE__HOSTS", listed(&hosts))
            .with("STORE__KEYSPACE", KEYSPACE)
            .with("STORE__DATACENTER", DATACENTER)
            .with(
                "STORE__REPLICATION__DATACENTER1",
                plan.store_nodes.to_string(),
            )
            .with("BUS__KIND", "redis")
            .with("BUS__HOSTS", redis)
            .with("BUS__CLUSTER", to_redis.is_none().to_string());
        Ok(Wired {
            launch,
            to_redis,
            to_store,
        })
    }

    fn as_backend(&self) -> Backend {
        Backend {
            clients: self.from_balancer.address(),
            admin_port: self.server.admin_address().port(),
        }
    }
}

impl Wired {
    async fn apply_schema(&self) -> anyhow::Result<()> {
        let (status, said) = self.launch.run(&["schema", "apply"]).await?;
        anyhow::ensure!(status.success(), "schema apply: {said}");
        Ok(())
    }

    async fn start(self) -> anyhow::Result<Member> {
        let server = Server::start(self.launch).await?;
        let from_balancer = Link::lay(anywhere(), server.address()).await?;
        Ok(Member {
            server,
            to_redis: self.to_redis,
            to_store: self.to_store,
            from_balancer,
        })
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A wire to each of these nodes, beginning at its own address and all at the same port.
async fn wires(nodes: &[String]) -> anyhow::Result<Vec<Link>> {
    let nodes: Vec<SocketAddr> = nodes
        .iter()
        .map(|node| node.parse())
        .collect::<Result<_, _>>()?;
    let mut failed = None;
    for _ in 0..PORT_TRIES {
        let mut port = 0;
        let mut wires = Vec::new();
        for node in &nodes {
            match Link::lay(SocketAddr::new(node.ip(), port), *node).await {
                Ok(wire) => wires.push(wire),
                Err(error) => failed = Some(error),
            }
            port = wires.first().map_or(0, |wire| wire.address().port());
        }
        if wires.len() == nodes.len() {
            return Ok(wires);
        }
    }
    Err(failed.context("a store without nodes")?)
}

fn listed(addresses: &[SocketAddr]) -> String {
    let addresses = addresses.iter().map(ToString::to_string);
    addresses.collect::<Vec<_>>().join(",")
}
