//! Looking at many, with a store that takes its time: nothing else waits for it.

use std::time::Duration;

use parlour_model::PresenceStatus;
use parlour_protocol::ServerFrame;
use tokio::time::Instant;

use crate::support::{Client, World, message, pass, settle, user};

/// A client on a node that looks at these users.
async fn looks_at(world: &World, node: usize, users: std::ops::Range<u64>) -> Client {
    let number = 1_000_000 + users.start;
    let client = Client::connect(&world.nodes[node], number, []).await;
    let users = users.map(user).collect();
    client.connection.watch(users, Vec::new()).await;
    client
}

/// A client on node 1 that looks at fifty users who were there and are gone.
async fn looks_at_fifty_gone(world: &World) -> Client {
    let looks = looks_at(world, 1, 100..150).await;
    for number in 100..150 {
        let client = Client::connect(&world.nodes[0], number, []).await;
        settle().await;
        client.connection.detach().await;
    }
    pass(Duration::from_secs(3_600)).await; // Chats are quiet by then, and nobody compares them soon.
    looks
}

/// How many users a client was told to be as `status` says.
fn told(client: &mut Client, status: PresenceStatus) -> usize {
    let is_such =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Presence(one) if one.status == status);
    let frames = client.drain();
    frames.iter().filter(|frame| is_such(frame)).count()
}

#[tokio::test(start_paused = true)]
async fn a_resync_compares_chats_though_the_store_does_not_say_since_when_many_are_gone() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut looks = looks_at_fifty_gone(&world).await;
    looks.drain();
    world.network.cut_off(&world.nodes[1].bus);
    pass(Duration::from_secs(60)).await; // By now they are shown as unknown.
    assert_eq!(told(&mut looks, PresenceStatus::Unknown), 50);
    world.store.shut("last_known");
    world.network.restore(&world.nodes[1].bus);
    // Committed before the resync, and nobody is told.
    world.store.commit(chat, user(1), message());
    let healed = Instant::now();
    there.until(chat, 2).await;
    let took = healed.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    pass(Duration::from_secs(20)).await;
    assert_eq!(told(&mut looks, PresenceStatus::Offline), 50);
}

#[tokio::test(start_paused = true)]
async fn doorbells_are_rung_though_the_store_does_not_say_since_when_many_are_gone() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    let _looks = looks_at_fifty_gone(&world).await;
    world.network.cut_off(&world.nodes[1].bus);
    pass(Duration::from_secs(60)).await;
    world.post(1, chat, user(1));
    settle().await;
    world.store.shut("last_known");
    world.network.restore(&world.nodes[1].bus);
    let healed = Instant::now();
    there.until(chat, 2).await;
    let took = healed.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn many_on_a_node_that_died_look_offline_in_time_though_the_store_does_not_answer() {
    let world = World::new(2);
    let mut connected = Vec::new();
    for number in 1..601 {
        connected.push(Client::connect(&world.nodes[0], number, []).await);
    }
    settle().await;
    let mut lookers = Vec::new();
    for part in 0..6 {
        // As many changes as an outbox takes at once.
        lookers.push(looks_at(&world, 1, 1 + 100 * part..101 + 100 * part).await);
    }
    world.store.shut("last_known");
    world.store.shut("set_last_seen");
    world.network.crash(&world.nodes[0].bus);
    pass(Duration::from_secs(10)).await;
    for looks in &mut lookers {
        assert_eq!(told(looks, PresenceStatus::Offline), 100);
    }
    world.store.open("last_known");
    world.store.open("set_last_seen");
    settle().await;
    for number in [1, 300, 600] {
        assert!(world.store.last_seen(user(number)).is_some(), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_elsewhere_or_gone_is_not_settled_when_a_node_dies() {
    let world = World::new(3);
    let _stays = Client::connect(&world.nodes[2], 1, []).await;
    let _dies = Client::connect(&world.nodes[0], 2, []).await;
    let mut looks = looks_at(&world, 1, 1..100).await;
    settle().await;
    let bus = &world.nodes[1].bus;
    let settled = world.network.settlements(bus);
    world.network.crash(&world.nodes[0].bus);
    pass(Duration::from_secs(14)).await;
    assert_eq!(told(&mut looks, PresenceStatus::Offline), 1);
    assert_eq!(
        world.network.settlements(bus) - settled,
        1,
        "whoever looks at many asks for those who are gone only"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_looked_at_again_is_told_though_an_earlier_answer_was_lost() {
    let world = World::new(2);
    let mut looks = looks_at(&world, 1, 1..2).await;
    world.network.lose_unwatches(&world.nodes[1].bus, 1);
    looks.connection.watch(Vec::new(), Vec::new()).await;
    looks.connection.watch(vec![user(1)], Vec::new()).await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    assert_eq!(told(&mut looks, PresenceStatus::Online), 1);
}

#[tokio::test(start_paused = true)]
async fn looks_that_were_not_taken_after_a_lapse_are_told_again_within_seconds() {
    let world = World::new(2);
    let mut looks = looks_at(&world, 1, 1..101).await;
    world.network.refuse_watches(&world.nodes[1].bus, 1);
    world.network.lapse(&world.nodes[1].bus);
    pass(Duration::from_secs(7)).await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    assert_eq!(told(&mut looks, PresenceStatus::Online), 1);
}

#[tokio::test(start_paused = true)]
async fn many_who_are_looked_at_are_named_in_parts() {
    let world = World::new(2);
    let mut looks = Vec::new();
    for part in 0..5 {
        looks.push(looks_at(&world, 1, 1 + 500 * part..501 + 500 * part).await);
    }
    let bus = &world.nodes[1].bus;
    world.network.lapse(bus);
    settle().await;
    assert_eq!(world.network.most_watched_at_once(bus), 1_000);
    for (number, looks) in (1..).step_by(500).zip(&mut looks) {
        let _client = Client::connect(&world.nodes[0], number, []).await;
        settle().await;
        assert_eq!(told(looks, PresenceStatus::Online), 1, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_who_begins_to_look_finds_is_shown_to_the_others() {
    let world = World::new(2);
    let mut looks = looks_at(&world, 1, 1..2).await;
    world.network.lose_settlements(&world.nodes[0].bus, 1);
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    assert_eq!(told(&mut looks, PresenceStatus::Online), 0);
    let mut other = Client::connect(&world.nodes[1], 9, []).await;
    let found = other.connection.watch(vec![user(1)], Vec::new()).await;
    assert_eq!(found[0].status, PresenceStatus::Online);
    pass(Duration::from_secs(61)).await;
    assert_eq!(told(&mut looks, PresenceStatus::Online), 1);
    let twice = told(&mut other, PresenceStatus::Online);
    assert!(twice <= 1, "again at most, under the same version");
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_is_shown_every_change_in_the_end() {
    let world = World::new(2);
    let mut looks = looks_at(&world, 1, 1..301).await;
    let mut connected = Vec::new();
    for number in 1..301 {
        connected.push(Client::connect(&world.nodes[0], number, []).await);
    }
    settle().await; // They read nothing meanwhile, and their outbox holds fewer.
    let mut online = 0;
    for _ in 0..10 {
        online += told(&mut looks, PresenceStatus::Online);
        settle().await;
    }
    assert_eq!(online, 300);
}
