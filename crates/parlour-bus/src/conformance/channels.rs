//! Packets from node to node.

use bytes::Bytes;

use super::{TestBus, WITHIN, next_packet};
use crate::{Channels, Inbound, Receivers, ResyncReason};

pub(super) async fn a_packet_arrives_as_it_was_published(bus: &impl TestBus) {
    let (from, to) = (bus.join().await, bus.join().await);
    let mut inbox = to.take_inbox().expect("nobody took it");
    let packet: Bytes = (0..=255).cycle().take(70_000).collect();
    for packet in [Bytes::new(), packet] {
        let receivers = from.publish(&to.node(), packet.clone()).await;
        assert_eq!(receivers, Ok(Receivers(1)));
        assert_eq!(next_packet(&mut inbox).await, packet);
    }
    let own = to.publish(&to.node(), Bytes::from_static(b"own")).await;
    assert_eq!(own, Ok(Receivers(1)));
    assert_eq!(next_packet(&mut inbox).await, "own");
}

pub(super) async fn packets_of_one_publisher_keep_their_order(bus: &impl TestBus) {
    let (from, to) = (bus.join().await, bus.join().await);
    let mut inbox = to.take_inbox().expect("nobody took it");
    for number in 0..500_u32 {
        let packet = Bytes::copy_from_slice(&number.to_be_bytes());
        from.publish(&to.node(), packet)
            .await
            .expect("the node lives");
    }
    for number in 0..500_u32 {
        assert_eq!(next_packet(&mut inbox).await, number.to_be_bytes()[..]);
    }
}

pub(super) async fn a_broadcast_reaches_everybody_else(bus: &impl TestBus) {
    let nodes = [bus.join().await, bus.join().await, bus.join().await];
    let mut inboxes = nodes
        .each_ref()
        .map(|node| node.take_inbox().expect("nobody took it"));
    let receivers = nodes[0].broadcast(Bytes::from_static(b"all")).await;
    assert_eq!(receivers, Ok(Receivers(2)));
    for inbox in &mut inboxes[1..] {
        assert_eq!(next_packet(inbox).await, "all");
    }
    // Had the broadcast come here too, it would come first.
    let own = nodes[0].node();
    nodes[1]
        .publish(&own, Bytes::from_static(b"last"))
        .await
        .expect("the node lives");
    assert_eq!(next_packet(&mut inboxes[0]).await, "last");
}

pub(super) async fn a_packet_for_a_node_that_is_gone_reaches_nobody(bus: &impl TestBus) {
    let (from, dead, lapsed) = (bus.join().await, bus.join().await, bus.join().await);
    let (dead_ref, lapsed_ref) = (dead.node(), lapsed.node());
    bus.crash(&dead).await;
    bus.lapse(&lapsed).await;
    for gone in [dead_ref, lapsed_ref] {
        let receivers = from.publish(&gone, Bytes::from_static(b"x")).await;
        assert_eq!(receivers, Ok(Receivers(0)), "{gone}");
    }
    let nodes = from.nodes().await.expect("the bus answers");
    assert!(nodes.contains(&from.node()) && nodes.contains(&lapsed.node()));
    assert!(!nodes.contains(&dead_ref) && !nodes.contains(&lapsed_ref));
}

pub(super) async fn a_lapsed_node_is_told_and_has_a_new_incarnation(bus: &impl TestBus) {
    let (node, other) = (bus.join().await, bus.join().await);
    let mut inbox = node.take_inbox().expect("nobody took it");
    let before = node.node();
    bus.lapse(&node).await;
    let told = async { while inbox.next().await != Some(Inbound::Resync(ResyncReason::Lapsed)) {} };
    tokio::time::timeout(WITHIN, told)
        .await
        .expect("the node is told");
    let after = node.node();
    assert_eq!(after.number, before.number);
    assert!(after.incarnation > before.incarnation);
    assert_eq!(node.life(), Some(after));
    other
        .publish(&after, Bytes::from_static(b"new life"))
        .await
        .expect("the node lives");
    assert_eq!(next_packet(&mut inbox).await, "new life");
}

pub(super) async fn there_is_one_inbox(bus: &impl TestBus) {
    let node = bus.join().await;
    assert!(node.take_inbox().is_some());
    assert!(node.take_inbox().is_none());
}

pub(super) async fn nobody_says_alone_who_is_not(bus: &impl TestBus) {
    let (first, second) = (bus.join().await, bus.join().await);
    assert!(!first.is_alone() && !second.is_alone());
}
