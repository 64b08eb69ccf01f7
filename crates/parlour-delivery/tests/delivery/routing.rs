//! From one node to the others.

use std::sync::Arc;
use std::time::Duration;

use parlour_bus::{Channels as _, Fate};

use crate::support::{Client, World, pass, settle, user};

#[tokio::test(start_paused = true)]
async fn a_post_reaches_members_on_every_node_in_order_and_nobody_else() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut here = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut stranger = Client::connect(&world.nodes[1], 9, []).await;
    for _ in 0..20 {
        world.post(0, chat, user(1));
    }
    here.until(chat, 21).await;
    there.until(chat, 21).await;
    assert!(
        stranger
            .drain()
            .iter()
            .all(|frame| !format!("{frame:?}").contains("Event"))
    );
    assert_eq!(
        world.store.reads("events"),
        0,
        "no hole, and nothing to catch up with"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_event_shows_as_a_hole_and_is_read_once_for_all() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut third = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    let reads = world.store.reads("events");
    world.packets(Fate::Drop);
    world.post(0, chat, user(1));
    settle().await;
    assert!(second.drain().is_empty());
    world.heal();
    world.post(0, chat, user(1));
    second.until(chat, 3).await;
    third.until(chat, 3).await;
    assert_eq!(world.store.reads("events") - reads, 1);
}

#[tokio::test(start_paused = true)]
async fn doubled_and_reordered_events_are_applied_once_and_in_order() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.packets(Fate::Double);
    world.post(0, chat, user(1));
    there.until(chat, 2).await;
    world.packets(Fate::Hold);
    for _ in 0..5 {
        world.post(0, chat, user(1));
        settle().await;
    }
    world.network.release_held();
    there.until(chat, 7).await;
    settle().await;
    assert!(there.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_lost_last_message_of_a_quiet_chat_is_found_within_a_minute() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.packets(Fate::Drop);
    world.post(0, chat, user(1));
    pass(Duration::from_secs(5)).await;
    world.heal();
    assert!(there.drain().is_empty());
    let healed = tokio::time::Instant::now();
    there.until(chat, 2).await;
    assert!(
        healed.elapsed() < Duration::from_secs(61),
        "{:?}",
        healed.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn who_connects_while_routes_are_remembered_hears_the_trailing_doorbell() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2, 3]);
    let _second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    settle().await; // Node 0 now remembers that only node 1 is concerned.
    let mut third = Client::connect(&world.nodes[2], 3, [(chat, 2)]).await;
    world.post(0, chat, user(1));
    settle().await;
    assert!(
        third.drain().is_empty(),
        "the routes of a moment ago do not name its node"
    );
    let before = tokio::time::Instant::now();
    third.until(chat, 3).await;
    assert!(
        before.elapsed() <= Duration::from_millis(1_100),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn remembered_routes_owe_one_doorbell_to_the_nodes_as_they_are_then() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let packets = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&packets);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    settle().await;
    world.network.set_fault(Some(Arc::new(move |_, _| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Fate::Drop
    })));
    for _ in 0..3 {
        world.post(0, chat, user(1));
        settle().await;
    }
    assert_eq!(packets.load(std::sync::atomic::Ordering::SeqCst), 3);
    world.heal();
    let before = tokio::time::Instant::now();
    there.until(chat, 5).await;
    assert!(
        before.elapsed() <= Duration::from_millis(1_100),
        "the doorbell came"
    );
}

#[tokio::test(start_paused = true)]
async fn an_overflowed_inbox_is_made_good_from_the_store() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.packets(Fate::Drop);
    world.post(0, chat, user(1));
    let unknown = world.group(2, &[1, 2]);
    world.heal();
    settle().await;
    world.network.overflow(&world.node_ref(1));
    there.until(chat, 2).await;
    there.until(unknown, 1).await;
    assert_eq!(
        there.joined,
        [unknown],
        "a chat joined without the node hearing of it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_lease_lapsed_writes_its_routes_again_and_catches_up() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.network.lapse(&world.nodes[1].bus);
    world.post(0, chat, user(1));
    there.until(chat, 2).await;
    settle().await;
    world.post(0, chat, user(1));
    there.until(chat, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_delays_and_loses_nothing() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.packets(Fate::Drop);
    world.post(0, chat, user(1));
    settle().await;
    world.heal();
    world.store.fail("events", 4);
    world.post(0, chat, user(1));
    there.until(chat, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_without_members_learns_of_new_ones_from_the_next_event() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2]);
    let _second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut third = Client::connect(&world.nodes[2], 3, []).await;
    settle().await;
    world.post(0, chat, user(1)); // Node 0 now remembers who the members are.
    pass(Duration::from_secs(3)).await;
    world.add(1, chat, 3);
    third.until(chat, 3).await;
    let before = tokio::time::Instant::now();
    world.post(0, chat, user(1));
    third.until(chat, 4).await;
    assert!(
        before.elapsed() < Duration::from_millis(50),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_packet_that_reached_nobody_is_routed_again_at_once() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    settle().await;
    world.post(0, chat, user(1));
    there.until(chat, 2).await;
    world.network.lapse(&world.nodes[1].bus);
    settle().await; // The routes are written again, and node 0 remembers the old ones.
    let before = tokio::time::Instant::now();
    world.post(0, chat, user(1));
    there.until(chat, 3).await;
    assert!(
        before.elapsed() < Duration::from_millis(50),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_doorbell_of_an_unknown_chat_makes_the_node_ask() {
    let world = World::new(2);
    let mut there = Client::connect(&world.nodes[1], 2, []).await;
    world.packets(Fate::Drop);
    let chat = world.group(1, &[1, 2]);
    settle().await;
    world.post(0, chat, user(1)); // By the routes of a moment ago: this owes a doorbell.
    settle().await;
    world.heal();
    let before = tokio::time::Instant::now();
    there.until(chat, 2).await;
    assert!(
        before.elapsed() <= Duration::from_millis(1_100),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(there.joined, [chat]);
}

#[tokio::test(start_paused = true)]
async fn a_full_line_of_announcements_becomes_a_doorbell() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    // Nothing runs between these, so that they all wait.
    for _ in 0..400 {
        world.post(0, chat, user(1));
    }
    there.until(chat, 401).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_added_in_a_full_line_of_announcements_hears_of_it_at_once() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut new = Client::connect(&world.nodes[1], 3, []).await;
    settle().await;
    world.post(0, chat, user(1)); // From here on node 0 remembers who the members are.
    pass(Duration::from_secs(5)).await;
    for _ in 0..10 {
        world.post(0, chat, user(1));
    }
    world.add(0, chat, 3);
    for _ in 0..246 {
        world.post(0, chat, user(1));
    }
    let begun = tokio::time::Instant::now();
    new.until(chat, 259).await;
    let took = begun.elapsed();
    assert!(took <= Duration::from_secs(1), "{took:?}");
    assert_eq!(new.joined, [chat]);
}

#[tokio::test(start_paused = true)]
async fn packets_that_are_not_understood_mean_one_resync_a_minute() {
    let world = World::new(2);
    let _client = Client::connect(&world.nodes[1], 2, []).await;
    pass(Duration::from_secs(60)).await;
    let reads = world.store.reads("memberships");
    let (from, to) = (&world.nodes[0].bus, world.node_ref(1));
    from.publish(&to, b"new"[..].into()).await.unwrap();
    pass(Duration::from_secs(1)).await;
    assert_eq!(world.store.reads("memberships"), reads + 1, "at once");
    for _ in 0..600 {
        from.publish(&to, b"new"[..].into()).await.unwrap();
        pass(Duration::from_secs(1)).await;
    }
    // Within ten minutes, besides the comparisons every fifty seconds.
    let more = world.store.reads("memberships") - reads;
    assert!((10..30).contains(&more), "{more}");
}
