//! What is settled late: by then more may have happened, and the store has the last word.

use std::time::Duration;

use parlour_model::{ChosenStatus, PresenceStatus};

use crate::support::{Client, World, pass, settle, user};

/// What others see of user 1 by now.
async fn shown(world: &World, node: usize) -> PresenceStatus {
    let delivery = &world.nodes[node].delivery;
    delivery.presence(user(9), &[user(1)]).await[0].status
}

async fn watcher(world: &World, node: usize) -> Client {
    let client = Client::connect(&world.nodes[node], 9, []).await;
    client.connection.watch(vec![user(1)], Vec::new()).await;
    client
}

async fn choose(world: &World, node: usize, status: ChosenStatus) {
    world.store.set_chosen(user(1), status);
    world.nodes[node].delivery.status_chosen(user(1), status);
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_forgotten_is_shown_again_though_settling_them_failed_at_first() {
    let world = World::new(2);
    let client = Client::connect(&world.nodes[0], 1, []).await;
    // Their own node looks at them too, and sees the other one die of the same: it knows nothing of them by then.
    let (here, there) = (watcher(&world, 0).await, watcher(&world, 1).await);
    settle().await;
    let bus = &world.nodes[0].bus;
    world.network.refuse_settlements(bus, usize::MAX);
    world.network.forget_users();
    for node in &world.nodes {
        world.network.lapse(&node.bus);
    }
    pass(Duration::from_secs(2)).await; // All nodes ask at once, and this one gets no answer.
    world.network.refuse_settlements(bus, 0);
    pass(Duration::from_secs(20)).await;
    assert_eq!(shown(&world, 1).await, PresenceStatus::Online);
    drop((client, here, there));
}

#[tokio::test(start_paused = true)]
async fn somebody_connected_whom_nobody_settled_is_found_by_who_looks() {
    let world = World::new(2);
    for number in [1, 2] {
        world.store.set_chosen(user(number), ChosenStatus::Away);
    }
    world.store.set_chosen(user(2), ChosenStatus::Invisible);
    let bus = &world.nodes[0].bus;
    world.network.refuse_settlements(bus, usize::MAX);
    let _seen = Client::connect(&world.nodes[0], 1, []).await;
    let _unseen = Client::connect(&world.nodes[0], 2, []).await;
    let looks = Client::connect(&world.nodes[1], 9, []).await;
    let watched = vec![user(1), user(2)];
    looks.connection.watch(watched.clone(), Vec::new()).await;
    settle().await;
    let now = looks.connection.watch(watched, Vec::new()).await;
    assert_eq!(now[0].status, PresenceStatus::Away);
    assert_eq!(now[1].status, PresenceStatus::Offline, "as they chose");
}

#[tokio::test(start_paused = true)]
async fn a_choice_that_is_settled_late_does_not_undo_a_later_one() {
    let world = World::new(2);
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    world.network.refuse_settlements(&world.nodes[0].bus, 1);
    choose(&world, 0, ChosenStatus::Busy).await;
    choose(&world, 1, ChosenStatus::Invisible).await;
    pass(Duration::from_secs(5)).await;
    assert_eq!(shown(&world, 1).await, PresenceStatus::Offline);
}

#[tokio::test(start_paused = true)]
async fn of_two_choices_the_one_that_the_store_has_stays_whichever_arrives_last() {
    let world = World::new(2);
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    choose(&world, 1, ChosenStatus::Invisible).await;
    let late = &world.nodes[0].delivery;
    late.status_chosen(user(1), ChosenStatus::Busy);
    settle().await;
    assert_eq!(shown(&world, 1).await, PresenceStatus::Offline);
}
