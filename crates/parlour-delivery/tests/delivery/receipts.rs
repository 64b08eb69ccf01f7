//! How far others have received and read.

use std::time::Duration;

use parlour_bus::Fate;
use parlour_delivery::SyncKind;
use parlour_model::{ChatId, Marks, Seq};
use parlour_protocol::{ReceiptCountsFrame, ServerFrame};

use crate::support::{Client, World, pass, seq, settle, user};

fn marks(delivered: u64, read: u64) -> Marks {
    Marks {
        delivered: seq(delivered),
        read: seq(read),
        ..Marks::default()
    }
}

fn receipts(frames: &[ServerFrame]) -> usize {
    frames
        .iter()
        .filter(|frame| matches!(frame, ServerFrame::Receipt(_)))
        .count()
}

#[tokio::test(start_paused = true)]
async fn in_a_small_chat_everybody_is_told() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut reader = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut device = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    let mut other = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    let mut stranger = Client::connect(&world.nodes[1], 9, []).await;
    stranger.drain();
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 1));
    settle().await;
    for client in [&mut reader, &mut device, &mut other] {
        assert_eq!(receipts(&client.drain()), 1);
    }
    assert!(stranger.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mark_set_through_a_node_without_members_reaches_them_too() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut device = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    let mut other = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 1));
    settle().await;
    assert_eq!(receipts(&device.drain()), 1);
    assert_eq!(receipts(&other.drain()), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_before_the_first_sync_and_no_mark_is_lost() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = Client::attach(&world.nodes[0], 1).await;
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 0));
    assert!(client.drain().is_empty());
    client.cursors = [(chat, seq(1))].into();
    world.store.shut("marks_of_user.after");
    let sync = client
        .connection
        .sync(client.cursors.clone(), SyncKind::Hello, false);
    let meanwhile = async {
        settle().await; // The marks have been read.
        world.nodes[0].delivery.receipt(chat, user(1), marks(1, 1));
        world.store.open("marks_of_user.after");
    };
    tokio::join!(sync, meanwhile);
    assert_eq!(receipts(&client.drain()), 1);
}

/// A chat of 100 with one author connected to the second node.
fn large(world: &World) -> ChatId {
    let members: Vec<u64> = (1..=100).collect();
    world.group(1, &members)
}

async fn next_counts(client: &mut Client) -> ReceiptCountsFrame {
    loop {
        if let ServerFrame::ReceiptCounts(counts) = client.next().await {
            return counts;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_large_chat_authors_get_counts_of_their_newest_message_at_a_pace() {
    let world = World::new(2);
    let chat = large(&world);
    let mut author = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    let mut reader = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    author.until(chat, 2).await;
    reader.until(chat, 2).await;
    for number in 2..=40 {
        let read = if number <= 11 { 2 } else { 0 };
        world.store.set_marks(chat, user(number), marks(2, read));
        world.nodes[0]
            .delivery
            .receipt(chat, user(number), marks(2, read));
    }
    let started = tokio::time::Instant::now();
    let counts = next_counts(&mut author).await;
    assert_eq!(
        (counts.seq, counts.delivered_count, counts.read_count),
        (seq(2), 39, 10)
    );
    assert!(started.elapsed() >= Duration::from_secs(2));
    pass(Duration::from_secs(10)).await;
    assert!(author.drain().is_empty(), "thirty-nine marks, one answer");
    assert_eq!(receipts(&reader.drain()), 1, "one's own");
}

#[tokio::test(start_paused = true)]
async fn counts_leave_out_the_author_and_those_who_left() {
    let world = World::new(1);
    let chat = large(&world);
    let mut author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    world.remove(0, chat, 3);
    world.post(0, chat, user(1));
    author.until(chat, 3).await;
    for number in 1..=4 {
        world.store.set_marks(chat, user(number), marks(3, 3));
    }
    world.nodes[0].delivery.receipt(chat, user(2), marks(3, 3));
    let counts = next_counts(&mut author).await;
    assert_eq!((counts.delivered_count, counts.read_count), (2, 2));
}

/// The marks of receipts, in the order they came.
fn marks_seen(frames: &[ServerFrame]) -> Vec<(Seq, Seq)> {
    let receipts = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Receipt(receipt) => Some((receipt.delivered, receipt.read)),
        _ => None,
    });
    receipts.collect()
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_the_bus_refused_is_told_when_it_takes_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut device = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    let mut other = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    settle().await;
    world.packets(Fate::Refuse);
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 0));
    pass(Duration::from_secs(3)).await;
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 1));
    pass(Duration::from_secs(3)).await;
    assert_eq!(receipts(&device.drain()) + receipts(&other.drain()), 0);
    world.heal();
    pass(Duration::from_secs(3)).await;
    for client in [&mut device, &mut other] {
        assert_eq!(
            marks_seen(&client.drain()),
            [(seq(1), seq(1))],
            "the newest"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn receipts_while_the_bus_is_away_are_told_after_it() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2]);
    let mut other = Client::connect(&world.nodes[1], 2, [(chat, 1)]).await;
    settle().await;
    world.network.cut_off(&world.nodes[0].bus);
    world.nodes[0].delivery.receipt(chat, user(1), marks(1, 1));
    pass(Duration::from_secs(30)).await;
    assert_eq!(receipts(&other.drain()), 0);
    world.network.restore(&world.nodes[0].bus);
    pass(Duration::from_secs(15)).await;
    assert_eq!(marks_seen(&other.drain()), [(seq(1), seq(1))]);
}

#[tokio::test(start_paused = true)]
async fn in_a_large_chat_counts_lost_with_the_bus_come_after_it() {
    let world = World::new(2);
    let chat = large(&world);
    let mut author = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    author.until(chat, 2).await;
    settle().await;
    world.network.cut_off(&world.nodes[0].bus);
    world.store.set_marks(chat, user(2), marks(2, 2));
    world.nodes[0].delivery.receipt(chat, user(2), marks(2, 2));
    pass(Duration::from_secs(30)).await;
    assert!(author.drain().is_empty());
    world.network.restore(&world.nodes[0].bus);
    let counts = next_counts(&mut author).await;
    assert_eq!((counts.delivered_count, counts.read_count), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn counts_asked_for_by_another_node_swallow_none_of_this_one() {
    let world = World::new(2);
    let chat = large(&world);
    let mut author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let _reader = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    author.until(chat, 2).await;
    settle().await;
    world.store.set_marks(chat, user(2), marks(2, 2));
    world.nodes[0].delivery.receipt(chat, user(2), marks(2, 2));
    let counts = next_counts(&mut author).await;
    assert_eq!(counts.read_count, 1);
    // The second node will count for the first in two seconds, and hears of a mark of its own before.
    pass(Duration::from_secs(1)).await;
    world.store.set_marks(chat, user(3), marks(2, 2));
    world.nodes[1].delivery.receipt(chat, user(3), marks(2, 2));
    let counts = next_counts(&mut author).await;
    assert_eq!(counts.read_count, 2);
}

#[tokio::test(start_paused = true)]
async fn counts_whose_marks_could_not_be_read_come_when_they_can() {
    let world = World::new(1);
    let chat = large(&world);
    let mut author = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    world.post(0, chat, user(1));
    author.until(chat, 2).await;
    world.store.set_marks(chat, user(2), marks(2, 2));
    world.store.fail("marks_of_chat", 3);
    world.nodes[0].delivery.receipt(chat, user(2), marks(2, 2));
    assert_eq!(next_counts(&mut author).await.read_count, 1);
}
