//! A node that stops before it has told everything says no farewell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parlour_bus::Fate;

use crate::support::{Client, World, pass, settle, user};

/// Counts the packets that arrive from now on.
fn count_packets(world: &World) -> Arc<AtomicUsize> {
    let packets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&packets);
    world.network.set_fault(Some(Arc::new(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fate::Deliver
    })));
    packets
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_while_it_pays_its_debts_has_not_told_everything() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.network.cut_off(&world.nodes[0].bus);
    world.post(0, chat, user(1));
    settle().await;
    world.network.set_trips(Some(Duration::from_secs(600)));
    world.network.restore(&world.nodes[0].bus);
    settle().await; // The doorbell is on its way, and does not arrive.
    let packets = count_packets(&world);
    world.network.set_trips(None);
    world.nodes[0].token.cancel();
    pass(Duration::from_secs(4)).await;
    assert_eq!(packets.load(Ordering::SeqCst), 0, "no farewell");
    world.network.crash(&world.nodes[0].bus);
    let vanished = tokio::time::Instant::now();
    there.until(chat, 2).await;
    let took = vanished.elapsed();
    assert!(took <= Duration::from_secs(15), "{took:?}");
}

/// A node stops while the store does not say whom it has to tell of an event.
async fn stops_without_having_told(kind: &'static str) {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    settle().await;
    world.store.shut(kind);
    world.post(2, chat, user(1));
    settle().await;
    let packets = count_packets(&world);
    world.nodes[2].token.cancel();
    pass(Duration::from_secs(4)).await;
    world.store.open(kind);
    settle().await;
    assert_eq!(packets.load(Ordering::SeqCst), 0, "no farewell");
    world.network.crash(&world.nodes[2].bus);
    there.until(chat, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_before_it_could_read_the_members_has_not_told_everything() {
    stops_without_having_told("members").await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_with_a_doorbell_it_could_not_ring_has_not_told_everything() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let _there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    settle().await;
    world.post(0, chat, user(1)); // By the nodes as remembered, which owes a doorbell.
    settle().await;
    world.add(0, chat, 3); // The members have to be read again.
    settle().await;
    world.store.fail("members", usize::MAX);
    pass(Duration::from_millis(1_500)).await;
    let packets = count_packets(&world);
    world.nodes[0].token.cancel();
    pass(Duration::from_millis(2_500)).await;
    assert_eq!(packets.load(Ordering::SeqCst), 0, "no farewell");
}
