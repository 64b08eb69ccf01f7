//! Resyncs of many nodes at once: what makes one resync often makes all of them.

use std::time::Duration;

use crate::support::{Client, World, pass};

const STEP: Duration = Duration::from_millis(100);

/// How many nodes compare their chat in each step after all of them lost something.
async fn comparisons(nodes: usize, steps: usize) -> Vec<usize> {
    let world = World::new(nodes);
    let mut clients = Vec::new();
    for node in &world.nodes {
        let number = clients.len() as u64 + 1;
        let chat = world.group(number, &[number]);
        clients.push(Client::connect(node, number, [(chat, 1)]).await);
    }
    // The nodes know each other, and none is about to compare anything.
    pass(Duration::from_secs(60)).await;
    for node in 0..nodes {
        world.network.overflow(&world.node_ref(node));
    }
    let mut before = world.store.reads("heads");
    let mut counts = Vec::new();
    for _ in 0..steps {
        pass(STEP).await;
        let reads = world.store.reads("heads");
        counts.push(reads - before);
        before = reads;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn a_node_without_others_resyncs_at_once() {
    assert_eq!(comparisons(1, 3).await, [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn twenty_nodes_resync_within_a_second_and_not_together() {
    let counts = comparisons(20, 12).await;
    assert_eq!(counts[..10].iter().sum::<usize>(), 20, "{counts:?}");
    assert!(counts.iter().all(|count| *count <= 6), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_of_many_nodes_resyncs_after_five_seconds_at_most() {
    let counts = comparisons(130, 60).await;
    assert_eq!(counts[..51].iter().sum::<usize>(), 130, "{counts:?}");
    assert!(counts.iter().all(|count| *count <= 13), "{counts:?}");
    assert!(counts[40..51].iter().sum::<usize>() > 0, "{counts:?}");
}
