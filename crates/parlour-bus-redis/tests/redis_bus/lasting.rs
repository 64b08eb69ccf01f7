//! The task that keeps a node alive on the bus ends with its node, or the node ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use parlour_bus::Health;
use parlour_bus_redis::RedisBus;
use parlour_model::{Clock, SystemClock, Timestamp};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::network::{Network, becomes};
use crate::server::is_installed;

/// A clock that breaks when it is told to.
#[derive(Debug)]
struct Fragile {
    clock: SystemClock,
    is_broken: AtomicBool,
}

impl Clock for Fragile {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the clock broke");
        self.clock.now()
    }
}

#[tokio::test]
async fn a_node_whose_keeper_panics_is_said_to_have_failed() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let clock = Arc::new(Fragile {
        clock: SystemClock::new(),
        is_broken: AtomicBool::new(false),
    });
    let mut options = network.options(1, &CancellationToken::new());
    options.clock = clock.clone();
    let node = RedisBus::join(options).await.unwrap();
    becomes(&node, Health::Up).await;
    assert!(node.failure().now_or_never().is_none());
    clock.is_broken.store(true, Ordering::SeqCst);
    let failed = timeout(Duration::from_secs(60), node.failure()).await;
    clock.is_broken.store(false, Ordering::SeqCst);
    let expected = "the task `keeper of the bus` panicked: the clock broke";
    assert_eq!(failed.as_deref(), Ok(expected));
    node.leave().await;
}

#[tokio::test]
async fn a_node_that_leaves_has_not_failed() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join_as(1).await.unwrap();
    network.clear().await; // Waits for the tasks of all nodes.
    assert!(node.failure().now_or_never().is_none());
}
