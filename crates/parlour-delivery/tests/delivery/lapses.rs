//! Nodes whose lease has ended: nothing leaves them before they know whom they may still tell.

use std::time::Duration;

use parlour_model::{ChatId, Clock as _, SessionId};
use parlour_protocol::CloseCode;
use tokio::time::Instant;

use crate::support::{Client, World, pass, settle, user};

/// Longer than frames leave without a lease after sessions were compared.
const LONG: Duration = Duration::from_secs(6);

/// Two nodes; the user 2 is connected to the second one, and is in the chat with user 1.
async fn connected() -> (World, ChatId, Client) {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let there = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    (world, chat, there)
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_under_a_new_lease_before_the_node_has_heard_of_it() {
    let (world, chat, mut there) = connected().await;
    world.post(1, chat, user(1));
    world.network.lapse(&world.nodes[1].bus);
    assert!(there.drain().is_empty(), "it may have been told late");
    there.until(chat, 2).await;
    assert!(world.store.reads("revoked") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_slept_past_its_lease_delivers_nothing_until_it_lives_again() {
    let (world, chat, mut good) = connected().await;
    let mut revoked = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.clock.advance(LONG);
    world.network.set_lease_over(&world.nodes[1].bus, true);
    let session = SessionId::new(3).unwrap();
    world.store.revoke(session, world.clock.now());
    world.post(1, chat, user(1));
    world.post(0, chat, user(1));
    pass(Duration::from_secs(60)).await;
    assert!(good.drain().is_empty() && revoked.drain().is_empty());
    world.network.lapse(&world.nodes[1].bus);
    good.until(chat, 3).await;
    assert_eq!(revoked.closed().await, CloseCode::SignedOut);
    assert!(revoked.seqs(chat).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_lease_frames_leave_while_sessions_are_compared_with_the_store() {
    let (world, chat, mut there) = connected().await;
    let node = &world.nodes[1];
    world.network.set_lease_over(&node.bus, true);
    world.post(1, chat, user(1));
    there.until(chat, 2).await;
    world.clock.advance(LONG);
    world.post(1, chat, user(1));
    settle().await;
    assert!(there.drain().is_empty(), "it was not asked for a while");
    let begun = Instant::now();
    let compare = async {
        settle().await;
        node.delivery.revocations_known(world.clock.now());
    };
    tokio::join!(there.until(chat, 3), compare);
    assert!(begun.elapsed() < Duration::from_millis(200), "at once");
}

#[tokio::test(start_paused = true)]
async fn a_lease_renewed_at_the_last_moment_lets_everything_out() {
    let (world, chat, mut there) = connected().await;
    let bus = &world.nodes[1].bus;
    world.clock.advance(LONG);
    world.network.set_lease_over(bus, true);
    world.post(1, chat, user(1));
    let renew = async {
        settle().await;
        world.network.set_lease_over(bus, false);
    };
    let begun = Instant::now();
    tokio::join!(there.until(chat, 2), renew);
    assert!(begun.elapsed() <= Duration::from_secs(2));
    assert_eq!(world.store.reads("revoked"), 0, "nothing was missed");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_a_new_lease_and_hears_nothing_delivers_while_sessions_are_compared() {
    let (world, chat, mut there) = connected().await;
    let mut revoked = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    let node = &world.nodes[1];
    world.network.cut_off(&node.bus);
    world.network.lapse(&node.bus);
    world.clock.advance(LONG);
    world.post(1, chat, user(1));
    settle().await;
    assert!(there.drain().is_empty(), "sessions were not compared since");
    let session = SessionId::new(3).unwrap();
    world.store.revoke(session, world.clock.now());
    node.delivery.close_sessions(&[session]);
    node.delivery.revocations_known(world.clock.now());
    there.until(chat, 2).await;
    assert_eq!(revoked.closed().await, CloseCode::SignedOut);
    assert!(revoked.seqs(chat).is_empty());
    world.clock.advance(LONG);
    world.network.restore(&node.bus);
    world.post(1, chat, user(1));
    assert!(there.drain().is_empty(), "its life has not begun");
    there.until(chat, 3).await;
    assert!(world.store.reads("revoked") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hears_nothing_does_not_go_by_its_lease() {
    let (world, chat, mut there) = connected().await;
    let node = &world.nodes[1];
    world.clock.advance(LONG);
    world.network.cut_off(&node.bus);
    // Its lease holds all the while; who signed somebody out cannot tell it.
    world.post(1, chat, user(1));
    pass(Duration::from_secs(60)).await;
    assert!(there.drain().is_empty());
    node.delivery.revocations_known(world.clock.now());
    there.until(chat, 2).await;
}
