//! What it costs to tell the nodes of a large chat: found by its members, and found by the chat.
//!
//! Both ways run against the same Redis in the same run, in turns, so that whatever else the machine does hits both. What
//! leaves is the same: one packet for each node.

use std::time::Instant;

use anyhow::bail;
use bytes::Bytes;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use parlour_bus::{Channels, ChatRoute, ChatRoutes, ConnectionId, ConnectionRef, NodeRef, Routes};
use parlour_bus_redis::RedisBus;
use parlour_model::{ChatId, SessionId, UserId};

use crate::buses::join;
use crate::report::{Latency, say};

/// Measure how long it takes to find the nodes of a large chat and to publish to them.
#[derive(Debug, clap::Args)]
pub(crate) struct RoutesArgs {
    /// A Redis that nobody else uses, as host:port.
    #[arg(long)]
    redis: String,
    /// Members of the chat, all of them connected.
    #[arg(long, default_value_t = 1_000)]
    members: u64,
    /// Nodes they are connected to, besides the one that publishes.
    #[arg(long, default_value_t = 3)]
    nodes: u16,
    /// Publishes each way.
    #[arg(long, default_value_t = 500)]
    publishes: u64,
}

/// The two ways.
#[derive(Clone, Copy)]
enum Way {
    Users,
    Chat,
}

/// Nodes that hold the members' connections, and one that publishes.
struct Bench {
    publisher: RedisBus,
    others: Vec<RedisBus>,
    users: Vec<UserId>,
    chat: ChatId,
}

/// Runs the measurement and prints it.
pub(crate) async fn run(args: RoutesArgs) -> anyhow::Result<()> {
    let bench = Bench::prepare(&args).await?;
    let mut by_users = Histogram::<u64>::new(3)?;
    let mut by_chat = Histogram::<u64>::new(3)?;
    for _ in 0..args.publishes {
        by_users.record(bench.publish(Way::Users).await?)?;
        by_chat.record(bench.publish(Way::Chat).await?)?;
    }
    bench.end().await;
    say(&format!("by its members: {}", Latency(&by_users)));
    say(&format!("by the chat:    {}", Latency(&by_chat)));
    say(&format!(
        "{} members on {} nodes: by its members a publish takes {:.1} times as long (mean)",
        args.members,
        args.nodes,
        by_users.mean() / by_chat.mean()
    ));
    Ok(())
}

impl Bench {
    async fn prepare(args: &RoutesArgs) -> anyhow::Result<Self> {
        if args.nodes == 0 || args.members < u64::from(args.nodes) {
            bail!("every node needs a member, and members need a node");
        }
        let publisher = join(&args.redis, 0).await?;
        let mut others = Vec::new();
        for number in 1..=args.nodes {
            others.push(join(&args.redis, number).await?);
        }
        let users: Result<Vec<UserId>, _> = (1..=args.members).map(UserId::new).collect();
        let bench = Self {
            publisher,
            others,
            users: users?,
            chat: ChatId::new(1)?,
        };
        bench.connect().await?;
        Ok(bench)
    }

    /// Connects the members to the nodes in turn, and lets each node enlist for the chat.
    async fn connect(&self) -> anyhow::Result<()> {
        for (user, node) in self.users.iter().zip(self.others.iter().cycle()) {
            let connection = ConnectionRef {
                connection: ConnectionId::new(user.get()),
                session: SessionId::new(user.get())?,
                device: String::new(),
            };
            node.register(*user, connection).await?;
        }
        let route = [ChatRoute {
            chat: self.chat,
            number: 1,
        }];
        try_join_all(self.others.iter().map(|node| node.enlist(&route))).await?;
        for way in [Way::Users, Way::Chat] {
            if self.find(way).await?.len() != self.others.len() {
                bail!("not every node is found");
            }
        }
        Ok(())
    }

    /// The nodes of the chat, read now.
    async fn find(&self, way: Way) -> anyhow::Result<Vec<NodeRef>> {
        let found = match way {
            Way::Users => self.publisher.routes(&self.users).await?.concat(),
            Way::Chat => self.publisher.nodes_of(self.chat).await?,
        };
        let mut nodes = Vec::new();
        for node in found {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        Ok(nodes)
    }

    /// Finds the nodes and publishes a packet to each; how many microseconds that took.
    async fn publish(&self, way: Way) -> anyhow::Result<u64> {
        let begun = Instant::now();
        let nodes = self.find(way).await?;
        let packet = Bytes::from_static(&[0; 256]);
        let sends = nodes
            .iter()
            .map(|node| self.publisher.publish(node, packet.clone()));
        try_join_all(sends).await?;
        Ok(u64::try_from(begun.elapsed().as_micros())?)
    }

    async fn end(&self) {
        for node in self.others.iter().chain([&self.publisher]) {
            node.leave().await;
        }
    }
}
