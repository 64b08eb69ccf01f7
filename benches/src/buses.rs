//! Nodes that are nothing but their end of a Redis bus.

use std::sync::Arc;

use anyhow::{Context, bail};
use parlour_bus::{Channels, Health};
use parlour_bus_redis::{Options, RedisBus, Topology};
use parlour_model::{NodeNumber, SystemClock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The same in every run, so that a Redis can be used again.
const DEPLOYMENT: Uuid = Uuid::from_u128(0x7061_726c_6f75_725f_6265_6e63_6800_0001);

/// Joins the bus as one of the nodes of the benchmarks' own deployment.
pub(crate) async fn join(redis: &str, number: u16) -> anyhow::Result<RedisBus> {
    let options = Options {
        topology: Topology::One(redis.to_owned()),
        credentials: None,
        tls: None,
        number: NodeNumber::new(number).context("too many nodes")?,
        deployment: DEPLOYMENT,
        clock: Arc::new(SystemClock::new()),
        tracker: TaskTracker::new(),
        token: CancellationToken::new(),
    };
    let bus = RedisBus::join(options).await?;
    if *bus.health().borrow() != Health::Up {
        bail!("no Redis answers at {redis}");
    }
    Ok(bus)
}
