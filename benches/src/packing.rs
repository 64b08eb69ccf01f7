//! What packets for other nodes cost under load: publishes, and the time until they arrive.
//!
//! Nodes that are nothing but their bus offer packets to one another at a fixed rate, one at a time. What comes while a
//! publish is on its way leaves together in the next one, so publishes grow slower than packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusBuilder;
use parlour_bus::{Channels, Inbound, Inbox, NodeRef, Receivers, ResyncReason};
use parlour_bus_redis::RedisBus;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::buses::join;
use crate::cluster::scrape::Published;
use crate::report::{Latency, say};

/// Begins a packet: when it was due, in microseconds since the beginning.
const DUE_BYTES: usize = 8;

/// How long a node waits for the next packet before the rest counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Measure how many publishes packets for other nodes cost at some rate.
#[derive(Debug, clap::Args)]
pub(crate) struct PackingArgs {
    /// A Redis that nobody else uses, as host:port.
    #[arg(long)]
    redis: String,
    /// Nodes, each of which offers its part.
    #[arg(long, default_value_t = 3)]
    nodes: u16,
    /// Messages a second, of all nodes together. Each is a packet for every other node.
    #[arg(long, default_value_t = 20_000)]
    rate: u32,
    /// How long, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Bytes of a packet.
    #[arg(long, default_value_t = 300)]
    bytes: usize,
}

/// When a node offers what.
#[derive(Debug, Clone, Copy)]
struct Pace {
    begun: Instant,
    interval: Duration,
    messages: u32,
    bytes: usize,
}

/// Runs the measurement and prints it.
pub(crate) async fn run(args: PackingArgs) -> anyhow::Result<()> {
    ensure!(args.nodes > 1, "one node has nobody to publish to");
    ensure!(args.rate > 0, "nothing to measure");
    ensure!(
        args.bytes >= DUE_BYTES,
        "a packet has at least {DUE_BYTES} bytes"
    );
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let mut nodes = Vec::new();
    for number in 0..args.nodes {
        nodes.push(Arc::new(join(&args.redis, number).await?));
    }
    let pace = Pace {
        begun: Instant::now(),
        interval: Duration::from_secs(u64::from(args.nodes)) / args.rate,
        messages: args.rate / u32::from(args.nodes) * args.seconds,
        bytes: args.bytes,
    };
    let before = Published::read(&metrics.render()).unwrap_or_default();
    let (delays, offered_in) = exchange(&nodes, pace).await?;
    let published = Published::read(&metrics.render()).context("nothing was published")? - before;
    for node in &nodes {
        node.leave().await;
    }
    let messages = f64::from(pace.messages) * f64::from(args.nodes);
    say(&format!(
        "{} nodes, {} messages/s asked for, {:.0} offered, each to {} nodes: {:.3} publishes and {:.3} packets a message, {:.1} packets and {:.0} bytes a publish",
        args.nodes,
        args.rate,
        messages / offered_in.as_secs_f64(),
        args.nodes - 1,
        published.publishes / messages,
        published.packets / messages,
        published.packets / published.publishes,
        published.bytes / published.publishes,
    ));
    say(&format!(
        "each packet, from when it was due to its arrival: {}",
        Latency(&delays)
    ));
    Ok(())
}

/// Lets every node offer and receive; how many microseconds each packet took from when it was due, and how long offering
/// all took. Fails if a publish did, or if something did not arrive.
async fn exchange(
    nodes: &[Arc<RedisBus>],
    pace: Pace,
) -> anyhow::Result<(Histogram<u64>, Duration)> {
    let mut offering = Vec::new();
    let mut receiving = JoinSet::new();
    let failed = Arc::new(AtomicU64::new(0));
    for node in nodes {
        let inbox = node.take_inbox().context("the inbox is in use")?;
        let expected = u64::from(pace.messages) * (nodes.len() as u64 - 1);
        receiving.spawn(receive(inbox, expected, pace.begun));
        let others = nodes.iter().map(|other| other.node());
        let others: Vec<NodeRef> = others.filter(|other| *other != node.node()).collect();
        let publisher = Publisher {
            node: Arc::clone(node),
            failed: Arc::clone(&failed),
            tracker: TaskTracker::new(),
            runtime: Handle::current(),
        };
        offering.push(spawn_blocking(move || publisher.offer(&others, pace)));
    }
    let offered = try_join_all(offering).await?;
    let offered_in = pace.begun.elapsed();
    for tracker in offered {
        tracker.wait().await;
    }
    let failed = failed.load(Ordering::Relaxed);
    ensure!(failed == 0, "{failed} publishes failed or reached nobody");
    let mut all = Histogram::new(3)?;
    while let Some(delays) = receiving.join_next().await {
        all.add(delays??)?;
    }
    Ok((all, offered_in))
}

/// What offers the packets of one node.
struct Publisher {
    node: Arc<RedisBus>,
    /// Publishes of all nodes that failed or reached nobody.
    failed: Arc<AtomicU64>,
    tracker: TaskTracker,
    runtime: Handle,
}

impl Publisher {
    /// Publishes a packet to every other node whenever one is due. The publishes end with the tracker.
    #[expect(
        clippy::disallowed_methods,
        reason = "a thread of its own keeps time to less than the millisecond of a task's timer, so packets do not come in bursts"
    )]
    fn offer(self, others: &[NodeRef], pace: Pace) -> TaskTracker {
        for number in 0..pace.messages {
            let due = pace.interval * number;
            thread::sleep(due.saturating_sub(pace.begun.elapsed()));
            let mut packet = vec![0; pace.bytes];
            packet[..DUE_BYTES].copy_from_slice(&(due.as_micros() as u64).to_be_bytes());
            let packet = Bytes::from(packet);
            for other in others {
                self.publish(*other, packet.clone());
            }
        }
        self.tracker.close();
        self.tracker
    }

    fn publish(&self, to: NodeRef, packet: Bytes) {
        let (node, failed) = (Arc::clone(&self.node), Arc::clone(&self.failed));
        let publish = async move {
            if node.publish(&to, packet).await != Ok(Receivers(1)) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        };
        self.tracker.spawn_on(publish, &self.runtime);
    }
}

/// Takes what arrives until everything has; fails if something was lost, or if nothing comes for too long.
async fn receive(
    mut inbox: Inbox,
    expected: u64,
    begun: Instant,
) -> anyhow::Result<Histogram<u64>> {
    let mut delays = Histogram::new(3)?;
    while delays.len() < expected {
        let next = timeout(SILENCE_MAX, inbox.next()).await;
        let arrived = delays.len();
        match next.with_context(|| format!("only {arrived} of {expected} packets arrived"))? {
            Some(Inbound::Packet(packet)) => {
                let due = packet
                    .first_chunk()
                    .context("somebody else publishes here")?;
                let now = begun.elapsed().as_micros() as u64;
                delays.record(now.saturating_sub(u64::from_be_bytes(*due)))?;
            }
            // Said once in the beginning.
            Some(Inbound::Resync(ResyncReason::Reconnected)) => {}
            Some(Inbound::Resync(reason)) => bail!("packets were lost ({})", reason.as_str()),
            None => bail!("the bus has closed"),
        }
    }
    Ok(delays)
}
