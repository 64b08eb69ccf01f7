//! Which nodes want the events of a chat.

use parlour_model::ChatId;

use super::TestBus;
use crate::{Channels, ChatRoute, ChatRoutes, NodeRef};

fn chat(number: u64) -> ChatId {
    ChatId::new(number).expect("test ids are positive")
}

fn route(of: u64, number: u64) -> ChatRoute {
    ChatRoute {
        chat: chat(of),
        number,
    }
}

async fn enlists(node: &impl ChatRoutes, routes: &[ChatRoute]) {
    node.enlist(routes).await.expect("the bus answers");
}

async fn withdraws(node: &impl ChatRoutes, routes: &[ChatRoute]) {
    node.withdraw(routes).await.expect("the bus answers");
}

async fn nodes_of(node: &impl ChatRoutes, of: u64) -> Vec<NodeRef> {
    let mut nodes = node.nodes_of(chat(of)).await.expect("the bus answers");
    nodes.sort_by_key(|node| node.number.get());
    nodes
}

fn sorted<const N: usize>(mut nodes: [NodeRef; N]) -> [NodeRef; N] {
    nodes.sort_by_key(|node| node.number.get());
    nodes
}

pub(super) async fn who_enlists_for_a_chat_is_found_by_all(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    enlists(&*here, &[route(1, 1), route(2, 2)]).await;
    enlists(&*there, &[route(2, 1)]).await;
    for node in [&here, &there] {
        assert_eq!(nodes_of(&**node, 1).await, [here.node()]);
        let both = sorted([here.node(), there.node()]);
        assert_eq!(nodes_of(&**node, 2).await, both);
        assert!(nodes_of(&**node, 3).await.is_empty());
    }
}

pub(super) async fn enlisting_twice_is_enlisting_once(bus: &impl TestBus) {
    let node = bus.join().await;
    for _ in 0..2 {
        enlists(&*node, &[route(1, 7)]).await;
    }
    enlists(&*node, &[route(1, 8)]).await;
    assert_eq!(nodes_of(&*node, 1).await, [node.node()], "named once");
    withdraws(&*node, &[route(1, 7), route(1, 8)]).await;
    assert!(nodes_of(&*node, 1).await.is_empty());
}

pub(super) async fn withdrawing_takes_away_one_route(bus: &impl TestBus) {
    let (here, there) = (bus.join().await, bus.join().await);
    // Routes are numbered by each node for itself.
    enlists(&*here, &[route(1, 1), route(2, 1)]).await;
    enlists(&*there, &[route(1, 1)]).await;
    withdraws(&*here, &[route(1, 1)]).await;
    assert_eq!(nodes_of(&*here, 1).await, [there.node()]);
    assert_eq!(nodes_of(&*there, 2).await, [here.node()]);
    enlists(&*here, &[route(1, 2)]).await;
    // Late, and once more: it names a route that is gone.
    withdraws(&*here, &[route(1, 1)]).await;
    let both = sorted([here.node(), there.node()]);
    assert_eq!(nodes_of(&*there, 1).await, both);
}

pub(super) async fn the_chat_routes_of_a_dead_or_lapsed_node_are_gone(bus: &impl TestBus) {
    let (stays, dies, lapses) = (bus.join().await, bus.join().await, bus.join().await);
    for node in [&stays, &dies, &lapses] {
        enlists(&**node, &[route(1, 1)]).await;
    }
    bus.crash(&dies).await;
    bus.lapse(&lapses).await;
    assert_eq!(nodes_of(&*stays, 1).await, [stays.node()]);
    enlists(&*lapses, &[route(1, 1)]).await;
    let both = sorted([stays.node(), lapses.node()]);
    assert_eq!(nodes_of(&*stays, 1).await, both);
}

pub(super) async fn withdrawing_what_an_earlier_life_wrote_takes_nothing_away(bus: &impl TestBus) {
    let (looks, lapses) = (bus.join().await, bus.join().await);
    enlists(&*lapses, &[route(1, 1)]).await;
    bus.lapse(&lapses).await;
    enlists(&*lapses, &[route(1, 2)]).await;
    withdraws(&*lapses, &[route(1, 1)]).await;
    assert_eq!(nodes_of(&*looks, 1).await, [lapses.node()]);
}
