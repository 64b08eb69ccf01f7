//! Who is there.

use std::time::Duration;

use parlour_model::{ChosenStatus, Presence, PresenceStatus, SessionId};
use parlour_protocol::{CloseCode, ServerFrame};

use crate::support::{Client, World, pass, settle, user};

/// What a watcher is told next.
async fn next_presence(client: &mut Client) -> Presence {
    loop {
        if let ServerFrame::Presence(presence) = client.next().await {
            return presence;
        }
    }
}

async fn watcher(world: &World, node: usize) -> Client {
    let client = Client::connect(&world.nodes[node], 9, []).await;
    let seen = client.connection.watch(vec![user(1)], Vec::new()).await;
    assert_eq!(seen[0].status, PresenceStatus::Offline);
    client
}

#[tokio::test(start_paused = true)]
async fn coming_and_going_is_told_once_to_those_who_look_with_rising_versions() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    let mut looks_away = Client::connect(&world.nodes[1], 8, []).await;
    let phone = Client::connect(&world.nodes[0], 1, []).await;
    let online = next_presence(&mut looks).await;
    assert_eq!(online.status, PresenceStatus::Online);
    let laptop = Client::connect(&world.nodes[1], 1, []).await;
    phone.connection.detach().await;
    pass(Duration::from_secs(60)).await;
    assert!(looks.drain().is_empty(), "one device is still there");
    laptop.connection.detach().await;
    let left = tokio::time::Instant::now();
    let offline = next_presence(&mut looks).await;
    assert_eq!(offline.status, PresenceStatus::Offline);
    assert!(offline.version > online.version);
    assert_eq!(left.elapsed().as_secs(), 10, "the grace of a clean close");
    settle().await;
    assert_eq!(world.store.last_seen(user(1)), offline.last_seen);
    assert!(offline.last_seen.is_some());
    assert!(looks_away.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_within_the_grace_never_looked_offline() {
    let world = World::new(2);
    let mut looks = watcher(&world, 0).await;
    let first = Client::connect(&world.nodes[0], 1, []).await;
    next_presence(&mut looks).await;
    drop(first);
    pass(Duration::from_secs(9)).await;
    let _second = Client::connect(&world.nodes[1], 1, []).await;
    pass(Duration::from_secs(60)).await;
    assert!(looks.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_invisible_look_offline_and_leave_no_trace() {
    let world = World::new(1);
    world.store.set_chosen(user(1), ChosenStatus::Invisible);
    let mut looks = watcher(&world, 0).await;
    let client = Client::connect(&world.nodes[0], 1, []).await;
    pass(Duration::from_secs(1)).await;
    drop(client);
    pass(Duration::from_secs(60)).await;
    assert!(looks.drain().is_empty());
    assert_eq!(world.store.last_seen(user(1)), None);
}

#[tokio::test(start_paused = true)]
async fn a_chosen_status_is_told_and_outlasts_what_the_store_said_before() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    world.store.shut("last_known.after");
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await; // The connection has read `online`, and has not said so yet.
    world.store.set_chosen(user(1), ChosenStatus::Busy);
    world.nodes[1]
        .delivery
        .status_chosen(user(1), ChosenStatus::Busy);
    assert_eq!(next_presence(&mut looks).await.status, PresenceStatus::Busy);
    world.store.open("last_known.after");
    settle().await;
    assert!(looks.drain().is_empty());
    let seen = world.nodes[0]
        .delivery
        .presence(user(9), &[user(1), user(2)])
        .await;
    assert_eq!(seen[0].status, PresenceStatus::Busy);
    assert_eq!(seen[1].status, PresenceStatus::Offline);
}

#[tokio::test(start_paused = true)]
async fn those_on_a_node_that_died_look_offline_within_fifteen_seconds() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    next_presence(&mut looks).await;
    pass(Duration::from_secs(5)).await;
    world.network.crash(&world.nodes[0].bus);
    let died = tokio::time::Instant::now();
    assert_eq!(
        next_presence(&mut looks).await.status,
        PresenceStatus::Offline
    );
    assert!(
        died.elapsed() <= Duration::from_secs(15),
        "{:?}",
        died.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_is_found_within_a_minute_and_shown_once() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    world.network.lose_settlements(&world.nodes[0].bus, 1);
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    pass(Duration::from_secs(5)).await;
    assert!(looks.drain().is_empty(), "settled again it is no change");
    pass(Duration::from_secs(60)).await;
    let frames = looks.drain();
    let [ServerFrame::Presence(presence)] = &frames[..] else {
        panic!("one change: {frames:?}")
    };
    assert_eq!(presence.status, PresenceStatus::Online);
    pass(Duration::from_secs(600)).await;
    assert!(looks.drain().is_empty(), "nothing new");
}

#[tokio::test(start_paused = true)]
async fn what_a_node_settled_and_told_nobody_is_shown_when_it_is_gone() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    let client = Client::connect(&world.nodes[0], 1, []).await;
    assert_eq!(
        next_presence(&mut looks).await.status,
        PresenceStatus::Online
    );
    world
        .network
        .lose_settlements(&world.nodes[0].bus, usize::MAX);
    client.connection.detach().await;
    pass(Duration::from_secs(11)).await; // They are settled as gone, and their node dies.
    world.network.crash(&world.nodes[0].bus);
    assert!(looks.drain().is_empty());
    pass(Duration::from_secs(15)).await; // Not yet a minute.
    let frames = looks.drain();
    let [ServerFrame::Presence(presence)] = &frames[..] else {
        panic!("one change: {frames:?}")
    };
    assert_eq!(presence.status, PresenceStatus::Offline);
}

#[tokio::test(start_paused = true)]
async fn since_when_somebody_is_gone_is_stored_though_the_answer_was_lost_or_the_store_away() {
    let world = World::new(2);
    // Somebody looks: else this bus forgets who is gone.
    let _looks = watcher(&world, 1).await;
    let client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    world.network.lose_settlements(&world.nodes[0].bus, 1);
    world.store.fail("set_last_seen", 1);
    client.connection.detach().await;
    pass(Duration::from_secs(15)).await;
    assert_eq!(world.store.reads("set_last_seen"), 2, "owed until stored");
    let shown = world.nodes[1].delivery.presence(user(9), &[user(1)]).await;
    assert!(shown[0].last_seen.is_some());
    assert_eq!(world.store.last_seen(user(1)), shown[0].last_seen);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_the_bus_did_not_take_is_told_again_within_a_minute() {
    let world = World::new(2);
    world.network.refuse_watches(&world.nodes[1].bus, 1);
    let mut looks = watcher(&world, 1).await;
    pass(Duration::from_secs(61)).await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    assert_eq!(looks.drain().len(), 1, "told, not found");
}

#[tokio::test(start_paused = true)]
async fn watching_others_ends_the_watching_of_those_before() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    looks.connection.watch(vec![user(2)], Vec::new()).await;
    let _first = Client::connect(&world.nodes[0], 1, []).await;
    let _second = Client::connect(&world.nodes[0], 2, []).await;
    assert_eq!(next_presence(&mut looks).await.user, user(2));
    settle().await;
    assert!(looks.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn presence_goes_on_after_the_bus_forgot_who_looks() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    world.network.lapse(&world.nodes[1].bus);
    settle().await;
    let _client = Client::connect(&world.nodes[0], 1, []).await;
    assert_eq!(
        next_presence(&mut looks).await.status,
        PresenceStatus::Online
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_comes_after_a_later_one_is_not_shown() {
    let world = World::new(2);
    let mut looks = watcher(&world, 1).await;
    world.packets(parlour_bus::Fate::Hold);
    let client = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    client.connection.detach().await;
    pass(Duration::from_secs(11)).await;
    world.heal();
    world.network.release_held(); // The newest first.
    settle().await;
    let frames = looks.drain();
    let [ServerFrame::Presence(presence)] = &frames[..] else {
        panic!("one change, and the last: {frames:?}")
    };
    assert_eq!(presence.status, PresenceStatus::Offline);
}

#[tokio::test(start_paused = true)]
async fn without_a_bus_presence_is_unknown() {
    let world = World::new(1);
    world.network.crash(&world.nodes[0].bus);
    let seen = world.nodes[0].delivery.presence(user(9), &[user(1)]).await;
    assert_eq!(seen[0].status, PresenceStatus::Unknown);
}

#[tokio::test(start_paused = true)]
async fn revoked_sessions_are_closed_on_every_node_and_others_stay() {
    let world = World::new(2);
    let mut here = Client::connect(&world.nodes[0], 1, []).await;
    let mut there = Client::connect(&world.nodes[1], 1, []).await;
    let other = Client::connect(&world.nodes[1], 2, []).await;
    world.nodes[0]
        .delivery
        .revoked(&[SessionId::new(1).unwrap()]);
    assert_eq!(here.closed().await, CloseCode::SignedOut);
    assert_eq!(there.closed().await, CloseCode::SignedOut);
    assert!(!other.connection.outbox().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_ends_all_its_tasks() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    settle().await; // Now others see them.
    drop(client);
    world.nodes[0].token.cancel();
    world.nodes[0].tracker.close();
    let stopped = tokio::time::timeout(Duration::from_secs(1), world.nodes[0].tracker.wait());
    stopped.await.expect("no task outlives the token");
    assert!(
        world.store.last_seen(user(1)).is_some(),
        "its users are seen as gone"
    );
}

#[tokio::test(start_paused = true)]
async fn whose_choice_cannot_be_read_is_not_shown_until_it_can() {
    let world = World::new(1);
    world.store.set_chosen(user(1), ChosenStatus::Invisible);
    world.store.set_chosen(user(2), ChosenStatus::Busy);
    let mut looks = watcher(&world, 0).await;
    let watched = vec![user(1), user(2)];
    looks.connection.watch(watched, Vec::new()).await;
    world.store.fail("last_known", usize::MAX);
    let _invisible = Client::connect(&world.nodes[0], 1, []).await;
    let _busy = Client::connect(&world.nodes[0], 2, []).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(looks.drain(), []);
    world.store.fail("last_known", 0);
    let shown = next_presence(&mut looks).await;
    assert_eq!((shown.user, shown.status), (user(2), PresenceStatus::Busy));
    pass(Duration::from_secs(60)).await;
    assert!(looks.drain().is_empty());
}
