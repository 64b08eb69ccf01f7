//! How many journeys it takes to tell other nodes.

use std::time::Duration;

use parlour_model::ChatId;

use crate::support::{Client, World, pass, user};

const CHATS: u64 = 64;
const ROUNDS: u64 = 40;
const TRIP: Duration = Duration::from_millis(5);

/// A bus that sends what waits for the same node together can only do so if delivery lets it wait together.
#[tokio::test(start_paused = true)]
async fn under_load_a_message_costs_a_tenth_of_a_journey_at_most() {
    let world = World::new(3);
    let chats: Vec<ChatId> = (1..=CHATS)
        .map(|number| world.group(number, &[1, 2, 3]))
        .collect();
    let cursors = || chats.iter().map(|chat| (*chat, 1));
    let mut second = Client::connect(&world.nodes[1], 2, cursors()).await;
    let mut third = Client::connect(&world.nodes[2], 3, cursors()).await;
    world.network.set_trips(Some(TRIP));
    for _ in 0..ROUNDS {
        for chat in &chats {
            world.post(0, *chat, user(1));
        }
        pass(Duration::from_millis(3)).await;
        second.drain();
        third.drain();
    }
    let begun = tokio::time::Instant::now();
    for client in [&mut second, &mut third] {
        for chat in &chats {
            client.until(*chat, ROUNDS + 1).await;
        }
    }
    assert!(begun.elapsed() <= 3 * TRIP, "{:?}", begun.elapsed());
    assert_eq!(
        world.store.reads("events"),
        0,
        "nothing was lost on the way"
    );
    pass(Duration::from_secs(2)).await; // The doorbells that remembered routes owe.
    let (trips, messages) = (world.network.trips(), 2 * CHATS * ROUNDS);
    eprintln!("{trips} journeys for {messages} messages to other nodes");
    assert!(trips * 10 <= messages, "{trips} for {messages}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_takes_its_time_keeps_no_other_waiting() {
    let world = World::new(3);
    let chat = world.group(1, &[1, 2, 3]);
    let _second = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut third = Client::connect(&world.nodes[2], 3, [(chat, 1)]).await;
    world.network.set_trips(Some(TRIP));
    world.post(0, chat, user(1));
    let begun = tokio::time::Instant::now();
    third.until(chat, 2).await;
    assert!(
        begun.elapsed() < 2 * TRIP,
        "both journeys at once: {:?}",
        begun.elapsed()
    );
}
