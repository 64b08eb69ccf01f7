//! The bus is away for a node, or for all; and nodes that others believed dead.

use std::time::Duration;

use parlour_bus::Fate;
use parlour_model::{ChatId, ChosenStatus, PresenceStatus, SessionId};
use parlour_protocol::{CloseCode, ServerFrame};
use tokio::time::Instant;

use crate::support::{Client, World, pass, settle, user};

fn cut_off_all(world: &World) {
    for node in &world.nodes {
        world.network.cut_off(&node.bus);
    }
}

fn restore_all(world: &World) {
    for node in &world.nodes {
        world.network.restore(&node.bus);
    }
}

/// How long it takes until the client has seen the chat up to `at`.
async fn time_until(client: &mut Client, chat: ChatId, at: u64) -> Duration {
    let begun = Instant::now();
    client.until(chat, at).await;
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn without_the_bus_messages_of_other_nodes_arrive_within_two_seconds() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    cut_off_all(&world);
    for at in 2..6 {
        world.post(0, chat, user(1));
        let took = time_until(&mut there, chat, at).await;
        assert!(took <= Duration::from_secs(2), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_made_without_the_bus_works_at_once_and_is_found_after_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    cut_off_all(&world);
    let begun = Instant::now();
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    assert!(begun.elapsed() < Duration::from_millis(100));
    world.post(0, chat, user(1));
    there.until(chat, 2).await;
    restore_all(&world);
    pass(Duration::from_secs(5)).await;
    world.post(0, chat, user(1));
    let took = time_until(&mut there, chat, 3).await;
    assert!(
        took < Duration::from_millis(50),
        "its route stands: {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_the_bus_members_added_are_told_and_members_removed_are_cut() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut third = Client::connect(&world.nodes[1], 3, []).await;
    cut_off_all(&world);
    world.add(0, chat, 3);
    let begun = Instant::now();
    third.until(chat, 2).await;
    assert!(
        begun.elapsed() <= Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(third.joined, [chat]);
    world.remove(0, chat, 2);
    world.post(0, chat, user(1));
    third.until(chat, 4).await;
    settle().await;
    second.drain();
    assert!(second.left.contains(&chat));
    assert_eq!(second.seqs(chat), [2, 3], "nothing after the removal");
}

#[tokio::test(start_paused = true)]
async fn what_a_cut_off_node_committed_is_announced_when_the_bus_is_back() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut removed = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    pass(Duration::from_secs(3_600)).await; // The chat is quiet, and nobody compares it soon.
    world.network.cut_off(&world.nodes[0].bus);
    world.post(0, chat, user(1));
    world.remove(0, chat, 3);
    pass(Duration::from_secs(20)).await;
    world.network.restore(&world.nodes[0].bus);
    let took = time_until(&mut there, chat, 3).await;
    assert!(took <= Duration::from_secs(3), "{took:?}");
    settle().await;
    removed.drain();
    assert!(removed.left.contains(&chat));
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_user_alone_on_a_node_is_told_of_their_removal() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut removed = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.network.cut_off(&world.nodes[0].bus);
    world.remove(0, chat, 2);
    settle().await;
    world.network.restore(&world.nodes[0].bus);
    pass(Duration::from_secs(3)).await;
    removed.drain();
    assert!(
        removed.left.contains(&chat),
        "the doorbell went to whom the event names"
    );
}

#[tokio::test(start_paused = true)]
async fn every_followed_chat_is_compared_after_a_fault_however_long_it_was_quiet() {
    let world = World::new(2);
    let chats: Vec<ChatId> = (1..=300)
        .map(|number| world.group(number, &[1, 2]))
        .collect();
    let cursors = chats.iter().map(|chat| (*chat, 1));
    let mut there = Client::connect(&world.nodes[1], 2, cursors).await;
    pass(Duration::from_secs(7_200)).await;
    there.drain();
    world.packets(Fate::Drop);
    for chat in &chats {
        world
            .store
            .commit(*chat, user(1), crate::support::message());
    }
    world.heal();
    world.network.overflow(&world.node_ref(1));
    let healed = Instant::now();
    for chat in chats {
        there.until(chat, 2).await;
    }
    assert!(
        healed.elapsed() < Duration::from_secs(3),
        "{:?}",
        healed.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_node_vanished_everything_is_compared_and_after_a_farewell_nothing() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    pass(Duration::from_secs(7_200)).await;
    there.drain();
    let heads = world.store.reads("heads");
    world.nodes[2].token.cancel();
    settle().await;
    world.network.crash(&world.nodes[2].bus);
    pass(Duration::from_secs(15)).await;
    assert!(
        world.store.reads("heads") - heads <= 1,
        "the usual comparison at most"
    );
    // Committed, and the node dies before it tells anybody.
    world.store.commit(chat, user(1), crate::support::message());
    world.network.crash(&world.nodes[0].bus);
    let took = time_until(&mut there, chat, 2).await;
    assert!(took <= Duration::from_secs(15), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_committed_last_is_announced_by_a_node_that_stops() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    world.nodes[0].token.cancel();
    let took = time_until(&mut there, chat, 2).await;
    assert!(took < Duration::from_millis(50), "{took:?}");
    world.nodes[0].tracker.close();
    let ended = tokio::time::timeout(Duration::from_secs(4), world.nodes[0].tracker.wait());
    ended.await.expect("it does not go on for ever");
}

#[tokio::test(start_paused = true)]
async fn after_a_lapse_revoked_sessions_get_nothing_and_others_everything() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut good = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut revoked = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.store.shut("revoked");
    world.network.lapse(&world.nodes[1].bus);
    settle().await; // It is asking the store, which takes its time.
    let now = parlour_model::Timestamp::from_millis(1_800_000_000_000);
    world.store.revoke(SessionId::new(3).unwrap(), now);
    world.post(1, chat, user(1));
    world.post(0, chat, user(1));
    settle().await;
    assert!(
        good.drain().is_empty(),
        "nothing is delivered before the answer"
    );
    world.store.open("revoked");
    good.until(chat, 3).await;
    assert_eq!(revoked.closed().await, CloseCode::SignedOut);
    assert!(revoked.drain().is_empty());
    assert!(revoked.seqs(chat).is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_lapse_without_the_bus_sessions_are_checked_all_the_same() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut good = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.network.lapse(&world.nodes[1].bus);
    world.network.cut_off(&world.nodes[1].bus);
    world.post(0, chat, user(1));
    let took = time_until(&mut good, chat, 2).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
    assert!(world.store.reads("revoked") >= 1);
}

#[tokio::test(start_paused = true)]
async fn presence_is_unknown_while_the_bus_is_away_and_right_after_it() {
    let world = World::new(2);
    let mut looks = Client::connect(&world.nodes[1], 9, []).await;
    let stays = Client::connect(&world.nodes[0], 1, []).await;
    let leaves = Client::connect(&world.nodes[0], 2, []).await;
    let _busy = Client::connect(&world.nodes[0], 3, []).await;
    settle().await;
    let watched = vec![user(1), user(2), user(3)];
    looks.connection.watch(watched.clone(), Vec::new()).await;
    cut_off_all(&world);
    pass(Duration::from_secs(4)).await;
    assert!(looks.drain().is_empty(), "a short outage is not shown");
    pass(Duration::from_secs(2)).await;
    let shown = statuses(&looks.drain());
    assert_eq!(shown, [PresenceStatus::Unknown; 3]);
    leaves.connection.detach().await;
    world.store.set_chosen(user(3), ChosenStatus::Busy);
    world.nodes[0]
        .delivery
        .status_chosen(user(3), ChosenStatus::Busy);
    pass(Duration::from_secs(60)).await;
    assert!(looks.drain().is_empty());
    restore_all(&world);
    pass(Duration::from_secs(30)).await;
    looks.drain();
    let now = looks.connection.watch(watched, Vec::new()).await;
    let now: Vec<PresenceStatus> = now.iter().map(|presence| presence.status).collect();
    let expected = [
        PresenceStatus::Online,
        PresenceStatus::Offline,
        PresenceStatus::Busy,
    ];
    assert_eq!(now, expected);
    drop(stays);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_remembers_dead_routes_only_makes_nobody_look_offline() {
    let world = World::new(2);
    let mut looks = Client::connect(&world.nodes[0], 9, []).await;
    let phone = Client::connect(&world.nodes[0], 1, []).await;
    let _laptop = Client::connect(&world.nodes[1], 1, []).await;
    settle().await;
    looks.connection.watch(vec![user(1)], Vec::new()).await;
    cut_off_all(&world);
    phone.connection.detach().await;
    pass(Duration::from_secs(20)).await;
    // The laptop's node lives again, but has not said so yet when the phone's settles what it owes.
    world.network.lapse(&world.nodes[1].bus);
    world.network.restore(&world.nodes[0].bus);
    pass(Duration::from_secs(4)).await;
    world.network.restore(&world.nodes[1].bus);
    pass(Duration::from_secs(60)).await;
    let shown = statuses(&looks.drain());
    assert!(!shown.contains(&PresenceStatus::Offline), "{shown:?}");
    let now = looks.connection.watch(vec![user(1)], Vec::new()).await;
    assert_eq!(now[0].status, PresenceStatus::Online);
}

fn statuses(frames: &[ServerFrame]) -> Vec<PresenceStatus> {
    let presences = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Presence(presence) => Some(presence.status),
        _ => None,
    });
    presences.collect()
}

#[tokio::test(start_paused = true)]
async fn who_looks_is_told_what_is_so_once_the_bus_is_back() {
    let world = World::new(2);
    let _there = Client::connect(&world.nodes[0], 1, []).await;
    settle().await;
    world.network.cut_off(&world.nodes[1].bus);
    let mut looks = Client::connect(&world.nodes[1], 9, []).await;
    let seen = looks.connection.watch(vec![user(1)], Vec::new()).await;
    assert_eq!(seen[0].status, PresenceStatus::Unknown);
    world.network.restore(&world.nodes[1].bus);
    pass(Duration::from_secs(3)).await;
    assert_eq!(statuses(&looks.drain()), [PresenceStatus::Online]);
}

#[tokio::test(start_paused = true)]
async fn polling_stays_within_its_budget() {
    let world = World::new(2);
    let chats: Vec<ChatId> = (1..=1_000)
        .map(|number| world.group(number, &[1, 2]))
        .collect();
    let cursors = chats.iter().map(|chat| (*chat, 1));
    let _there = Client::connect(&world.nodes[1], 2, cursors).await;
    world.network.cut_off(&world.nodes[1].bus);
    let before = world.store.reads("heads");
    pass(Duration::from_secs(10)).await;
    let reads = world.store.reads("heads") - before;
    assert!(
        (5..=60).contains(&reads),
        "{reads} reads of up to 200 heads"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_for_somebody_who_has_just_moved_is_passed_on() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2]);
    let there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    settle().await; // Node 0 remembers for a second that the member is on node 1.
    there.connection.detach().await;
    let mut moved = Client::connect(&world.nodes[2], 2, [(chat, 2)]).await;
    world.post(0, chat, user(1));
    let took = time_until(&mut moved, chat, 3).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
}
