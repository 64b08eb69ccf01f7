//! Redis that hangs, dies, comes back empty or is not there yet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parlour_bus::conformance::TestBus;
use parlour_bus::{Arrival, Channels, Chosen, Health, PresenceCells, ResyncReason, Routes};
use parlour_model::{ChosenStatus, PresenceStatus, Timestamp};

use crate::meter::Meter;
use crate::network::{Network, becomes, connection, hears, next_resync, user};
use crate::server::{Patience, Server, eventually, is_installed};

const STORED: Chosen = Chosen::AsStored(ChosenStatus::Online);
const SEEN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[tokio::test]
async fn a_frozen_redis_is_away_in_seconds_and_back_with_a_resync() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    let mut inbox = node.take_inbox().unwrap();
    network.server().freeze();
    let frozen_at = Instant::now();
    becomes(&node, Health::Away).await;
    let noticed = frozen_at.elapsed();
    assert!(noticed < Duration::from_secs(10), "after {noticed:?}");
    let asked_at = Instant::now();
    assert!(node.routes(&[user(1)]).await.is_err());
    let refused = asked_at.elapsed();
    assert!(
        refused < Duration::from_secs(1),
        "nobody waits: {refused:?}"
    );
    network.server().thaw();
    becomes(&node, Health::Up).await;
    next_resync(&mut inbox).await;
    let other = network.join().await;
    hears(&other, &node, &mut inbox).await;
}

#[tokio::test]
async fn a_redis_that_hangs_longer_than_a_lease_makes_a_new_incarnation() {
    if !is_installed() {
        return;
    }
    let server = Server::start(&["--enable-debug-command", "yes"]).await;
    let network = Network::on(Arc::new(vec![server]));
    let node = network.join().await;
    let mut inbox = node.take_inbox().unwrap();
    let before = node.node();
    let servers = Arc::clone(&network.servers);
    let hang = tokio::task::spawn_blocking(move || servers[0].ask("DEBUG SLEEP 10"));
    assert_eq!(node.life(), Some(before));
    becomes(&node, Health::Away).await;
    eventually("its lease ends by its own clock", async || {
        node.life().is_none()
    })
    .await;
    assert_eq!(node.node(), before, "before anybody has said so");
    hang.await.unwrap();
    assert_eq!(next_resync(&mut inbox).await, ResyncReason::Lapsed);
    assert!(node.node().incarnation > before.incarnation);
    assert_eq!(node.life(), Some(node.node()));
    assert_eq!(*node.health().borrow(), Health::Up);
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_filled_again_and_versions_go_on() {
    if !is_installed() {
        return;
    }
    let mut network = Network::on_one().await;
    let (node, other) = (network.join().await, network.join().await);
    let mut inbox = node.take_inbox().unwrap();
    node.register(user(1), connection(1)).await.unwrap();
    let online = node.settle(user(1), STORED, SEEN).await.unwrap().unwrap();
    network.server_mut().kill();
    becomes(&node, Health::Away).await;
    becomes(&other, Health::Away).await;
    assert!(node.presence(&[user(1)]).await.is_err(), "unknown");
    network.server_mut().start_again().await;
    for node in [&node, &other] {
        becomes(node, Health::Up).await;
    }
    assert_eq!(next_resync(&mut inbox).await, ResyncReason::Lapsed);
    let forgotten = other.presence(&[user(1)]).await.unwrap().remove(0);
    assert_eq!(
        forgotten.status,
        PresenceStatus::Unknown,
        "they are connected all the while, and Redis has not been told yet"
    );
    let arrival = node.register(user(1), connection(1)).await;
    assert_eq!(arrival, Ok(Arrival::New));
    let again = node.settle(user(1), STORED, SEEN).await.unwrap().unwrap();
    assert!(
        again.presence.version > online.presence.version,
        "{again:?} is news after {online:?}"
    );
    assert_eq!(other.presence(&[user(1)]).await, Ok(vec![again.presence]));
    hears(&other, &node, &mut inbox).await;
}

#[tokio::test]
async fn a_node_that_lost_its_lease_and_does_not_know_it_shows_nobody_as_gone() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let node = network.join().await;
    let mut patience = Patience::for_this("a settlement between two rounds of the keeper");
    loop {
        let before = node.node();
        node.register(user(1), connection(1)).await.unwrap();
        let _ = node.settle(user(1), STORED, SEEN).await.unwrap();
        network.server().ask("DEL leases:{nodes}");
        // It knows the list of the living from after that.
        let _ = node.nodes().await;
        let settled = node.settle(user(1), STORED, SEEN).await;
        if node.node() == before {
            assert!(settled.is_err(), "{settled:?}");
            break;
        }
        becomes(&node, Health::Up).await;
        patience.again().await;
    }
    becomes(&node, Health::Up).await;
    let shown = node.presence(&[user(1)]).await.unwrap();
    assert_eq!(shown[0].status, PresenceStatus::Online);
}

#[tokio::test]
async fn a_node_starts_without_redis_and_joins_when_it_comes() {
    if !is_installed() {
        return;
    }
    let mut network = Network::on_one().await;
    network.server_mut().kill();
    let node = network.join_as(1).await.expect("that is no error");
    assert_eq!(*node.health().borrow(), Health::Away);
    assert!(node.nodes().await.is_err());
    network.server_mut().start_again().await;
    becomes(&node, Health::Up).await;
    let mut inbox = node.take_inbox().unwrap();
    assert_eq!(next_resync(&mut inbox).await, ResyncReason::Reconnected);
    assert_eq!(node.nodes().await, Ok(vec![node.node()]));
    hears(&node, &node, &mut inbox).await;
}

#[tokio::test]
async fn a_cluster_that_loses_a_server_for_a_while_is_told() {
    if !is_installed() {
        return;
    }
    let mut network = Network::on_cluster().await;
    let node = network.join().await;
    let mut inbox = node.take_inbox().unwrap();
    network.server_mut().freeze();
    becomes(&node, Health::Away).await;
    network.server_mut().thaw();
    becomes(&node, Health::Up).await;
    next_resync(&mut inbox).await;
    hears(&node, &node, &mut inbox).await;
}

#[tokio::test]
async fn what_redis_never_took_is_not_counted_as_published() {
    if !is_installed() {
        return;
    }
    let meter = Meter::default();
    let _metering = metrics::set_default_local_recorder(&meter);
    let published = || {
        let name = "parlour_bus_publishes_total";
        (
            meter.count(name),
            meter.count("parlour_bus_packed_bytes_total"),
        )
    };
    let mut network = Network::on_one().await;
    let (node, other) = (network.join().await, network.join().await);
    let mut inbox = other.take_inbox().unwrap();
    hears(&node, &other, &mut inbox).await;
    let before = published();
    assert!(before.0 > 0 && before.1 > 0, "{before:?}");
    network.server_mut().kill();
    let to = other.node();
    let lost = node.publish(&to, Bytes::from_static(b"lost")).await;
    assert!(lost.is_err());
    assert_eq!(published(), before);
}
