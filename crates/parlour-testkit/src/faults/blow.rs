//! Striking and mending: each fault, with the proof that it happened.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::Fault;
use crate::cluster::{Cluster, GATEWAYS};
use crate::services::{Condition, Link};

/// What a slow wire adds to each piece of data.
const SLOW: Duration = Duration::from_millis(150);
/// What a slow client can read in a second: a few lines of a conversation.
const SLOW_CLIENT_BYTES: u64 = 4 * 1024;
/// How far the clocks of two gateways are off.
const CLOCKS_OFF: i64 = 3_600;
/// The variable by which the test's own node takes its clock off.
const CLOCK_VARIABLE: &str = "TEST_CLOCK_AHEAD_SECONDS";

/// A fault that was struck.
#[derive(Debug)]
pub(super) struct Blow {
    fault: Fault,
    /// The gateway or node that it hits, where it hits one.
    pub(super) target: usize,
    /// Of wires: what they had disturbed before.
    before: u64,
    filler: Option<PathBuf>,
    /// What shows that it happened.
    pub(super) proof: String,
}

impl Blow {
    /// Strikes. `target` says which gateway or node, where it is one.
    pub(super) async fn strike(
        fault: Fault,
        cluster: &mut Cluster,
        target: usize,
    ) -> anyhow::Result<Self> {
        let mut blow = Self {
            fault,
            target,
            before: 0,
            filler: None,
            proof: String::new(),
        };
        blow.before = blow.disturbed(cluster);
        match fault {
            Fault::GatewayKilled => {
                cluster.gateways[target].server.kill_9().await?;
                blow.proof = format!("gateway {} was killed", target + 1);
            }
            Fault::GatewayFrozen => {
                cluster.gateways[target].server.pause().await?;
                blow.proof = format!("gateway {} stood still", target + 1);
            }
            Fault::StoreNodeKilled => {
                cluster.ring.node(target).kill_9().await?;
                blow.proof = format!("Cassandra node {} was killed", target + 1);
            }
            Fault::StoreNodeFrozen => {
                cluster.ring.node(target).pause().await?;
                blow.proof = format!("Cassandra node {} stood still", target + 1);
            }
            Fault::StoreDiskFull => blow.fill_disk(cluster).await?,
            Fault::RollingRestart => blow.restart_all(cluster).await?,
            Fault::ClocksApart => blow.set_clocks(cluster).await?,
            Fault::BalancerReloaded => {
                let (old, new) = cluster.balancer.reload().await?;
                blow.proof = format!("worker {new} took over from {old}");
            }
            Fault::RedisFailover => blow.fail_over(cluster).await?,
            Fault::RedisKilled | Fault::RedisFrozen | Fault::RedisFlushed | Fault::RedisEmptied => {
                blow.strike_redis(cluster).await?;
            }
            _ => blow.set_links(cluster, true),
        }
        Ok(blow)
    }

    async fn fail_over(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        let part = self.target;
        self.target = cluster.bus.cluster()?.fail_over(part).await?;
        let (server, part) = (self.target + 1, part + 1);
        self.proof = format!("server {server}, which led part {part} of the keys, was replaced");
        Ok(())
    }

    async fn strike_redis(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        let redis = cluster.bus.one()?;
        let keys = redis.ask(&["DBSIZE"]).await?;
        let keys = keys.trim().trim_start_matches(':').to_owned();
        ensure!(keys != "0", "Redis knew nothing before");
        match self.fault {
            Fault::RedisFlushed => {
                redis.ask(&["FLUSHALL"]).await?;
                self.proof = format!("{keys} keys were flushed");
            }
            Fault::RedisFrozen => {
                redis.daemon().pause().await?;
                self.proof = format!("Redis stood still with {keys} keys");
            }
            _ => {
                redis.daemon().kill_9().await?;
                self.proof = format!("Redis was killed with {keys} keys");
            }
        }
        Ok(())
    }

    /// Mends what was done.
    pub(super) async fn mend(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        match self.fault {
            Fault::GatewayKilled => {
                cluster.gateways[self.target].server.start_again().await?;
            }
            Fault::GatewayFrozen => cluster.gateways[self.target].server.go_on().await?,
            Fault::RedisKilled => cluster.bus.one()?.daemon().start_again().await?,
            Fault::RedisFrozen => cluster.bus.one()?.daemon().go_on().await?,
            Fault::RedisEmptied => {
                let redis = cluster.bus.one()?;
                redis.forget()?;
                redis.daemon().start_again().await?;
            }
            Fault::RedisFailover => cluster.bus.cluster()?.bring_back(self.target).await?,
            Fault::StoreNodeKilled => cluster.ring.node(self.target).start_again().await?,
            Fault::StoreNodeFrozen => cluster.ring.node(self.target).go_on().await?,
            Fault::StoreDiskFull => self.make_room(cluster).await?,
            Fault::ClocksApart => self.right_clocks(cluster).await?,
            Fault::RollingRestart | Fault::BalancerReloaded | Fault::RedisFlushed => {}
            Fault::RedisLinkCut
            | Fault::RedisLinkSlow
            | Fault::StoreLinkCut
            | Fault::StoreLinkSlow
            | Fault::StoreUnreachable
            | Fault::StoreNodeLinkCut
            | Fault::PeerLinkCut
            | Fault::PeerLinksSlow
            | Fault::BalancerLinkCut
            | Fault::BalancerLinkSlow
            | Fault::ClientsFrozen
            | Fault::ClientsSlow => {
                self.set_links(cluster, false);
                let met = self.disturbed(cluster) - self.before;
                ensure!(met > 0, "nothing met the wire while it was not whole");
                self.proof = format!("{met} pieces of data met a wire that was not whole");
            }
        }
        Ok(())
    }

    /// The wires that this fault is about.
    fn links<'a>(&self, cluster: &'a Cluster) -> Vec<&'a Link> {
        let one = &cluster.gateways[self.target % GATEWAYS];
        let all = || cluster.gateways.iter();
        match self.fault {
            Fault::RedisLinkCut => one.to_redis.iter().collect(),
            Fault::StoreLinkCut => one.to_store.iter().collect(),
            Fault::RedisLinkSlow => all().filter_map(|one| one.to_redis.as_ref()).collect(),
            Fault::StoreLinkSlow | Fault::StoreUnreachable => {
                all().flat_map(|one| &one.to_store).collect()
            }
            // Not always the node that has the number of the gateway.
            Fault::StoreNodeLinkCut => {
                let node = (self.target + 1) % one.to_store.len();
                vec![&one.to_store[node]]
            }
            Fault::PeerLinkCut => vec![&cluster.ring.wires()[self.target]],
            Fault::PeerLinksSlow => cluster.ring.wires().iter().collect(),
            Fault::BalancerLinkCut | Fault::BalancerLinkSlow => vec![&one.from_balancer],
            Fault::ClientsFrozen | Fault::ClientsSlow => vec![&cluster.clients],
            _ => Vec::new(),
        }
    }

    fn set_links(&self, cluster: &Cluster, is_struck: bool) {
        let condition = match self.fault {
            _ if !is_struck => Condition::Whole,
            Fault::RedisLinkSlow
            | Fault::StoreLinkSlow
            | Fault::BalancerLinkSlow
            | Fault::PeerLinksSlow => Condition::Slow(SLOW),
            Fault::ClientsSlow => Condition::Throttled(SLOW_CLIENT_BYTES),
            _ => Condition::Cut,
        };
        for link in self.links(cluster) {
            link.set(condition);
        }
    }

    fn disturbed(&self, cluster: &Cluster) -> u64 {
        let links = self.links(cluster).into_iter();
        links.map(|link| link.passed().disturbed).sum()
    }

    async fn restart_all(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        let mut processes = Vec::new();
        for gateway in &mut cluster.gateways {
            let old = gateway.server.process()?;
            gateway.server.terminate().await?;
            gateway.server.start_again().await?;
            gateway.server.until_ready().await?;
            processes.push(format!("{old} → {}", gateway.server.process()?));
        }
        self.proof = format!("processes {}", processes.join(", "));
        Ok(())
    }

    async fn set_clocks(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        for (number, ahead) in [(1, CLOCKS_OFF), (2, -CLOCKS_OFF)] {
            let server = &mut cluster.gateways[number].server;
            server.kill_9().await?;
            server.set_variable(CLOCK_VARIABLE, ahead.to_string());
            server.start_again().await?;
        }
        self.proof = "gateway 2 ran an hour ahead, gateway 3 an hour behind".to_owned();
        Ok(())
    }

    async fn right_clocks(&self, cluster: &mut Cluster) -> anyhow::Result<()> {
        for number in [1, 2] {
            let server = &mut cluster.gateways[number].server;
            server.kill_9().await?;
            server.set_variable(CLOCK_VARIABLE, "0".to_owned());
            server.start_again().await?;
        }
        Ok(())
    }

    /// Fills the small disk that the last node of the ring has.
    async fn fill_disk(&mut self, cluster: &Cluster) -> anyhow::Result<()> {
        self.target = 2;
        let disk = cluster
            .ring
            .small_disk()
            .context("no disk could be mounted")?;
        let filler = disk.join("filler");
        let mut fill = Command::new("dd");
        fill.args(["if=/dev/zero", "bs=64k"]);
        fill.arg(format!("of={}", filler.display()));
        let filled = fill.kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&filled.stderr).into_owned();
        ensure!(
            said.contains("No space left"),
            "the disk is not full: {said}"
        );
        self.filler = Some(filler);
        self.proof = "the disk of Cassandra node 3 had no byte left".to_owned();
        Ok(())
    }

    /// There is room again, and an operator has started what had stopped.
    async fn make_room(&mut self, cluster: &mut Cluster) -> anyhow::Result<()> {
        let node = cluster.ring.node(self.target);
        let noticed = node.said().contains("No space left");
        std::fs::remove_file(self.filler.as_ref().context("no filler")?)?;
        if !node.has_ended()? {
            node.kill_9().await?;
        }
        node.start_again().await?;
        let noticed = if noticed { ", and it said so" } else { "" };
        self.proof.push_str(noticed);
        Ok(())
    }
}
