//! The faults that there are.

use std::time::Duration;

use clap::ValueEnum;

use crate::checker::Invariant;

/// Something bad that happens to a part of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
#[expect(missing_docs, reason = "`Fault::what` says it of each")]
pub enum Fault {
    GatewayKilled,
    GatewayFrozen,
    RollingRestart,
    RedisKilled,
    RedisFrozen,
    RedisFlushed,
    RedisEmptied,
    RedisLinkCut,
    RedisLinkSlow,
    StoreLinkCut,
    StoreLinkSlow,
    StoreUnreachable,
    BalancerReloaded,
    BalancerLinkCut,
    BalancerLinkSlow,
    ClientsFrozen,
    ClientsSlow,
    ClocksApart,
    RedisFailover,
    StoreNodeKilled,
    StoreNodeFrozen,
    StoreNodeLinkCut,
    PeerLinkCut,
    PeerLinksSlow,
    StoreDiskFull,
}

/// The cluster that a fault needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// One node of the store, one Redis.
    Small,
    /// A Redis Cluster.
    RedisCluster,
    /// Three nodes of the store, three copies.
    Ring,
}

impl Fault {
    /// All of them, those of one stage next to each other.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What is done.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::GatewayKilled => "kill -9 of a gateway",
            Self::GatewayFrozen => "SIGSTOP of a gateway",
            Self::RollingRestart => "rolling restart of all gateways",
            Self::RedisKilled => "kill -9 of Redis",
            Self::RedisFrozen => "SIGSTOP of Redis",
            Self::RedisFlushed => "FLUSHALL",
            Self::RedisEmptied => "Redis restarted empty",
            Self::RedisLinkCut => "link from a gateway to Redis cut",
            Self::RedisLinkSlow => "links to Redis slow",
            Self::StoreLinkCut => "link from a gateway to the store cut",
            Self::StoreLinkSlow => "links to the store slow",
            Self::StoreUnreachable => "links from all gateways to the store cut",
            Self::BalancerReloaded => "HAProxy reload",
            Self::BalancerLinkCut => "link from HAProxy to a gateway cut",
            Self::BalancerLinkSlow => "link from HAProxy to a gateway slow",
            Self::ClientsFrozen => "clients frozen",
            Self::ClientsSlow => "clients slow",
            Self::ClocksApart => "clocks of gateways an hour ahead and behind",
            Self::RedisFailover => "failover in a Redis Cluster",
            Self::StoreNodeKilled => "kill -9 of one Cassandra node of three",
            Self::StoreNodeFrozen => "SIGSTOP of one Cassandra node of three",
            Self::StoreNodeLinkCut => "link from a gateway to one Cassandra node of three cut",
            Self::PeerLinkCut => "links from two Cassandra nodes to the third cut",
            Self::PeerLinksSlow => "links between three Cassandra nodes slow",
            Self::StoreDiskFull => "full disk under one Cassandra node of three",
        }
    }

    /// The cluster it needs.
    #[must_use]
    pub fn stage(self) -> Stage {
        match self {
            Self::RedisFailover => Stage::RedisCluster,
            Self::StoreNodeKilled
            | Self::StoreNodeFrozen
            | Self::StoreNodeLinkCut
            | Self::PeerLinkCut
            | Self::PeerLinksSlow
            | Self::StoreDiskFull => Stage::Ring,
            _ => Stage::Small,
        }
    }

    /// What this process lacks to strike it, if anything.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let is_root = status.lines().any(|line| {
            let user = line.strip_prefix("Uid:").map(str::split_whitespace);
            user.is_some_and(|mut ids| ids.next() == Some("0"))
        });
        (self == Self::StoreDiskFull && !is_root).then_some("the right to mount a small disk")
    }

    /// Whether a short run is short: under some faults it takes long until everything has happened.
    #[must_use]
    pub fn can_be_short(self) -> bool {
        !matches!(self, Self::PeerLinkCut | Self::PeerLinksSlow)
    }

    /// Promises that cannot be judged while this lasts, because clients and the rest of the cluster are right to see
    /// different things: who is behind a frozen gateway or a silent wire believes to be connected, and is not.
    #[must_use]
    pub fn not_judged(self) -> &'static [Invariant] {
        match self {
            Self::GatewayFrozen
            | Self::RedisLinkCut
            | Self::BalancerLinkCut
            | Self::ClientsFrozen
            | Self::ClientsSlow => &[Invariant::P2],
            _ => &[],
        }
    }

    /// Whether somebody can still do something while it lasts.
    pub(super) fn serves_somebody(self) -> bool {
        self != Self::StoreUnreachable
    }

    /// Whether it is over when it has been struck, and nothing is to be mended.
    pub(super) fn is_a_sequence(self) -> bool {
        self == Self::RollingRestart
    }

    /// Whether those on one gateway must be shown offline within 15 seconds.
    #[must_use]
    pub(super) fn takes_a_gateway_away(self) -> bool {
        matches!(self, Self::GatewayKilled | Self::GatewayFrozen)
    }

    /// Between which times it lasts, from the blow to the mending.
    pub(super) fn lasts(self, is_short: bool) -> (Duration, Duration) {
        let seconds = |from, to| (Duration::from_secs(from), Duration::from_secs(to));
        if is_short {
            seconds(2, 4)
        } else {
            seconds(5, 25)
        }
    }
}
