//! Subscriptions that Redis never got: the node does not hear itself, and subscribes until it does.

use std::sync::Arc;

use parlour_bus::conformance::TestBus;
use parlour_bus::{Channels, Health, ResyncReason};
use parlour_bus_redis::{RedisBus, Topology};
use tokio_util::sync::CancellationToken;

use crate::network::{Network, becomes, hears, next_resync};
use crate::proxy::{Proxy, Subscriptions};
use crate::server::{eventually, is_installed};

/// A node, and one that reaches Redis through a proxy.
async fn behind_a_proxy(network: &Network) -> (Arc<RedisBus>, Proxy, RedisBus) {
    let other = network.join().await;
    let proxy = Proxy::before(network.server().host()).await;
    let mut options = network.options(9, &CancellationToken::new());
    options.topology = Topology::One(proxy.address.to_string());
    let node = RedisBus::join(options).await.unwrap();
    assert_eq!(*node.health().borrow(), Health::Up);
    (other, proxy, node)
}

/// A new connection's subscription meets this fate, twice at least, and then arrives.
async fn subscribes_until_it_hears(fate: Subscriptions) {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (other, proxy, node) = behind_a_proxy(&network).await;
    let mut inbox = node.take_inbox().unwrap();
    proxy.let_subscriptions(fate);
    network.server().ask("CLIENT KILL TYPE pubsub");
    let connections = proxy.has_kept(2).await;
    if fate != Subscriptions::Vanish {
        assert_eq!(
            connections[0], connections[1],
            "that is no reason to reconnect"
        );
    }
    assert_eq!(*node.health().borrow(), Health::Away, "it hears nothing");
    proxy.let_subscriptions(Subscriptions::Arrive);
    becomes(&node, Health::Up).await;
    assert_eq!(next_resync(&mut inbox).await, ResyncReason::Reconnected);
    hears(&other, &node, &mut inbox).await;
    node.leave().await;
}

#[tokio::test]
async fn one_that_vanished_is_made_again() {
    subscribes_until_it_hears(Subscriptions::Vanish).await;
}

#[tokio::test]
async fn one_that_was_only_answered_is_made_again() {
    subscribes_until_it_hears(Subscriptions::OnlyAnswered).await;
}

#[tokio::test]
async fn one_that_another_connection_has_is_made_again() {
    subscribes_until_it_hears(Subscriptions::HeardElsewhere).await;
}

#[tokio::test]
async fn a_new_lease_is_no_new_life_before_the_node_hears_itself() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (other, proxy, node) = behind_a_proxy(&network).await;
    let mut inbox = node.take_inbox().unwrap();
    let before = node.node();
    assert_eq!(node.life(), Some(before));
    proxy.let_subscriptions(Subscriptions::OnlyAnswered);
    network.end_lease(before.number.get());
    proxy.has_kept(2).await;
    let now = node.node();
    assert!(now.incarnation > before.incarnation);
    eventually("its lease holds", async || {
        other.nodes().await.is_ok_and(|nodes| nodes.contains(&now))
    })
    .await;
    assert_eq!(node.life(), None, "nobody can tell it anything");
    proxy.let_subscriptions(Subscriptions::Arrive);
    // What was sent to it meanwhile shows as a gap.
    while next_resync(&mut inbox).await != ResyncReason::Lapsed {}
    assert_eq!(node.life(), Some(now));
    hears(&other, &node, &mut inbox).await;
    node.leave().await;
}

#[tokio::test]
async fn a_node_that_no_longer_hears_itself_does_not_live_by_its_lease() {
    if !is_installed() {
        return;
    }
    let network = Network::on_one().await;
    let (other, proxy, node) = behind_a_proxy(&network).await;
    proxy.let_subscriptions(Subscriptions::OnlyAnswered);
    network.server().ask("CLIENT KILL TYPE pubsub");
    proxy.has_kept(2).await;
    assert_eq!(node.life(), None);
    let living = other.nodes().await.unwrap();
    assert!(living.contains(&node.node()), "its lease was never gone");
    proxy.let_subscriptions(Subscriptions::Arrive);
    becomes(&node, Health::Up).await;
    assert_eq!(node.life(), Some(node.node()));
    node.leave().await;
}
