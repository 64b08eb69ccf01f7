//! Tasks without which a node must not go on.

use std::time::Duration;

use crate::support::{Client, World, message, pass, user};

#[tokio::test(start_paused = true)]
async fn a_node_of_which_a_loop_panics_is_said_to_have_failed() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let _here = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    pass(Duration::from_secs(10)).await;
    world.store.panic_at("heads");
    // Whichever of the two compares first.
    let [first, second] = [0, 1].map(|node| world.nodes[node].delivery.failure());
    let within = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::select! {
            why = first => (0, why),
            why = second => (1, why),
        }
    });
    let (failed, why) = within.await.expect("it is said");
    assert_eq!(why, "the task `comparisons` panicked: told to panic");
    assert_eq!(
        world.nodes[failed].delivery.failure().await,
        why,
        "later, too"
    );
    // The other one goes on.
    let sound = world.nodes[1 - failed].delivery.failure();
    let sound = tokio::time::timeout(Duration::from_secs(60), sound).await;
    assert!(sound.is_err());
    world.store.commit(chat, user(1), message());
    if failed == 0 {
        there.until(chat, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_inbox_ends_before_it_is_said_to_have_failed() {
    let world = World::new(2);
    pass(Duration::from_secs(1)).await;
    world.network.crash(&world.nodes[0].bus);
    let why = world.nodes[0].delivery.failure().await;
    assert_eq!(why, "the task `inbox` ended before its node did");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_has_not_failed() {
    let world = World::new(2);
    let node = &world.nodes[0];
    pass(Duration::from_secs(1)).await;
    node.token.cancel();
    node.tracker.close();
    node.tracker.wait().await;
    let none = tokio::time::timeout(Duration::from_secs(60), node.delivery.failure()).await;
    assert!(none.is_err());
}
