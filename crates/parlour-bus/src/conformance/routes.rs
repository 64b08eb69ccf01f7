//! Which nodes hold connections of a user.

use super::{TestBus, connection, user};
use crate::{Channels, NodeRef, Routes};

async fn routes(node: &impl Routes, of: u64) -> Vec<NodeRef> {
    let mut routes = node.routes(&[user(of)]).await.expect("the bus answers");
    assert_eq!(routes.len(), 1, "one answer for one user");
    let mut nodes = routes.remove(0);
    nodes.sort_by_key(|node| node.number.get());
    nodes
}

pub(super) async fn a_route_is_seen_by_all_once_registered(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    here.register(user(1), connection(1))
        .await
        .expect("the bus answers");
    there
        .register(user(3), connection(1))
        .await
        .expect("the bus answers");
    for node in [&here, &there] {
        let users = [user(3), user(2), user(1)];
        let routes = node.routes(&users).await.expect("the bus answers");
        assert_eq!(routes, [vec![there.node()], vec![], vec![here.node()]]);
    }
}

pub(super) async fn a_node_is_named_once_however_many_connections_it_has(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    for number in 1..=3 {
        here.register(user(1), connection(number))
            .await
            .expect("the bus answers");
    }
    there
        .register(user(1), connection(1))
        .await
        .expect("the bus answers");
    let mut expected = vec![here.node(), there.node()];
    expected.sort_by_key(|node| node.number.get());
    assert_eq!(routes(&*there, 1).await, expected);
}

pub(super) async fn registering_twice_is_registering_once(bus: &impl TestBus) {
    let node = bus.join().await;
    for _ in 0..2 {
        node.register(user(1), connection(7))
            .await
            .expect("the bus answers");
    }
    node.unregister(user(1), connection(7).connection)
        .await
        .expect("the bus answers");
    assert!(routes(&*node, 1).await.is_empty());
}

pub(super) async fn unregistering_takes_away_one_connection(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    // Connections are numbered by each node for itself.
    here.register(user(1), connection(1))
        .await
        .expect("the bus answers");
    here.register(user(1), connection(2))
        .await
        .expect("the bus answers");
    there
        .register(user(1), connection(1))
        .await
        .expect("the bus answers");
    let first = connection(1).connection;
    here.unregister(user(1), first)
        .await
        .expect("the bus answers");
    assert_eq!(routes(&*here, 1).await.len(), 2);
    there
        .unregister(user(1), first)
        .await
        .expect("the bus answers");
    there
        .unregister(user(1), first)
        .await
        .expect("the bus answers");
    assert_eq!(routes(&*here, 1).await, [here.node()]);
}

pub(super) async fn the_routes_of_a_dead_or_lapsed_node_are_gone(bus: &impl TestBus) {
    let (stays, dies, lapses) = (bus.join().await, bus.join().await, bus.join().await);
    for node in [&stays, &dies, &lapses] {
        node.register(user(1), connection(1))
            .await
            .expect("the bus answers");
    }
    bus.crash(&dies).await;
    bus.lapse(&lapses).await;
    assert_eq!(routes(&*stays, 1).await, [stays.node()]);
    lapses
        .register(user(1), connection(1))
        .await
        .expect("the bus answers");
    assert_eq!(routes(&*stays, 1).await.len(), 2);
}
