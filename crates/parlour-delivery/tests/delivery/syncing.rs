//! From cursors to live.

use std::time::Duration;

use parlour_delivery::SyncKind;
use parlour_model::{HistoryVisibility, Marks};
use parlour_protocol::{CloseCode, ServerFrame, TooLongReason};

use crate::support::{Client, World, chat, seq, settle, user};

#[tokio::test(start_paused = true)]
async fn a_hello_streams_what_is_missing_newest_chat_first_and_summarizes_the_rest() {
    let world = World::new(1);
    let (old, new) = (world.group(1, &[1, 2]), world.group(2, &[1, 2]));
    let unseen = world.group(3, &[1, 2]);
    for _ in 0..3 {
        world.post(0, old, user(2));
    }
    for _ in 0..5 {
        world.post(0, new, user(2));
    }
    let marks = Marks {
        delivered: seq(3),
        read: seq(2),
        ..Marks::default()
    };
    world.store.set_marks(old, user(1), marks);
    let mut client = Client::attach(&world.nodes[0], 1).await;
    client.cursors = [(old, seq(1)), (new, seq(4))].into();
    client
        .connection
        .sync(client.cursors.clone(), SyncKind::Hello, false)
        .await;
    let frames = client.drain();
    let ServerFrame::Marks(marks) = &frames[0] else {
        panic!("marks come first: {frames:?}")
    };
    assert_eq!(marks.chats[&old].read, seq(2));
    assert_eq!(client.seqs(new), [5, 6]);
    assert_eq!(client.seqs(old), [2, 3, 4]);
    assert_eq!(client.events[0].chat, new, "the newest chat comes first");
    assert_eq!(client.joined, [unseen]);
    world.post(0, unseen, user(2));
    client.until(unseen, 2).await;
}

#[tokio::test(start_paused = true)]
async fn cursors_that_come_in_parts_are_all_heard_before_the_rest_is_summarized() {
    let world = World::new(1);
    let (first, second) = (world.group(1, &[1, 2]), world.group(2, &[1, 2]));
    world.post(0, second, user(2));
    let mut client = Client::attach(&world.nodes[0], 1).await;
    client.cursors = [(first, seq(1)), (second, seq(1))].into();
    client
        .connection
        .sync([(first, seq(1))].into(), SyncKind::Hello, true)
        .await;
    assert!(
        client
            .drain()
            .iter()
            .all(|frame| matches!(frame, ServerFrame::Marks(_)))
    );
    client
        .connection
        .sync([(second, seq(1))].into(), SyncKind::Sync, false)
        .await;
    client.drain();
    assert_eq!(client.seqs(second), [2]);
    assert!(client.joined.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_commits_while_a_page_is_read_comes_after_it_and_once() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    for _ in 0..50 {
        world.post(0, chat, user(2));
    }
    world.store.shut("events.after");
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]);
    let meanwhile = async {
        settle().await;
        for _ in 0..30 {
            world.post(0, chat, user(2)); // The page does not have these; they are held back.
        }
        world.store.open("events.after");
    };
    let (mut client, ()) = tokio::join!(client, meanwhile);
    client.until(chat, 81).await;
    world.post(0, chat, user(2));
    client.until(chat, 82).await;
    assert_eq!(client.seqs(chat), (2..=82).collect::<Vec<_>>());
    assert_eq!(world.store.reads("events"), 1, "the rest was at hand");
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_held_back_is_read_on() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    world.post(0, chat, user(2));
    world.store.shut("events.after");
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]);
    let meanwhile = async {
        settle().await;
        for _ in 0..100 {
            world.post(0, chat, user(2));
        }
        world.store.open("events.after");
    };
    let (client, ()) = tokio::join!(client, meanwhile);
    assert_eq!(client.seqs(chat), (2..=102).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_sync_waits_for_a_slow_reader_and_closes_nobody() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    for _ in 0..900 {
        world.post(0, chat, user(2));
    }
    let mut client = Client::attach(&world.nodes[0], 1).await;
    client.cursors = [(chat, seq(1))].into();
    let cursors = client.cursors.clone();
    let frames = {
        let syncing = client.connection.sync(cursors, SyncKind::Hello, false);
        tokio::pin!(syncing);
        let waited = tokio::time::timeout(Duration::from_secs(300), &mut syncing).await;
        assert!(waited.is_err(), "nobody reads, so it waits");
        client.connection.outbox().len()
    };
    assert!(frames <= 130, "{frames} frames wait");
    assert!(!client.connection.outbox().is_closed());
    // The client reads again and asks again: all of it comes, in order.
    client.drain();
    client.sync(SyncKind::Sync).await;
    assert_eq!(client.seqs(chat), (2..=901).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_closed_and_resumes_without_a_hole() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut slow = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    let mut quick = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    for number in 0..300 {
        world.post(0, chat, user(2));
        quick.until(chat, number + 2).await;
    }
    assert_eq!(slow.closed().await, CloseCode::SlowConsumer);
    let resumed = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    assert_eq!(resumed.seqs(chat), (2..=301).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn too_far_behind_in_one_chat_or_in_all_is_too_long() {
    let world = World::new(1);
    let chats: Vec<_> = (1..=7).map(|number| world.group(number, &[1, 2])).collect();
    for (number, chat) in chats.iter().enumerate() {
        let missing = if number == 0 { 1_001 } else { 900 };
        for _ in 0..missing {
            world.post(0, *chat, user(2));
        }
    }
    let cursors: Vec<_> = chats.iter().map(|chat| (*chat, 1)).collect();
    let client = Client::connect(&world.nodes[0], 1, cursors).await;
    assert_eq!(
        client.events.len(),
        4_500,
        "five of the six that are near enough"
    );
    assert_eq!(client.too_long.len(), 2);
    assert!(client.too_long.contains(&(chats[0], TooLongReason::Behind)));
    for (chat, cursor) in &client.cursors {
        assert_eq!(cursor.get(), world.store.head_now(*chat));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_above_the_head_is_too_long_and_goes_on_from_the_head() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = Client::connect(&world.nodes[0], 1, [(chat, 9)]).await;
    assert_eq!(client.too_long, [(chat, TooLongReason::Ahead)]);
    world.post(0, chat, user(2));
    client.until(chat, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_ahead_of_this_node_only_is_right_and_nothing_comes_twice() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let _follows = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.packets(parlour_bus::Fate::Drop);
    world.post(0, chat, user(2));
    world.heal();
    let mut client = Client::connect(&world.nodes[1], 1, [(chat, 2)]).await;
    world.post(0, chat, user(2));
    client.until(chat, 3).await;
    assert_eq!(client.seqs(chat), [3]);
    assert!(client.too_long.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_connects_sees_what_was_committed_even_if_its_announcement_was_lost() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let _follows = Client::connect(&world.nodes[1], 3, [(chat, 1)]).await;
    world.packets(parlour_bus::Fate::Drop);
    world.post(0, chat, user(2));
    let client = Client::connect(&world.nodes[1], 1, [(chat, 1)]).await;
    assert_eq!(client.seqs(chat), [2], "before the sync is over");
}

#[tokio::test(start_paused = true)]
async fn a_later_sync_streams_the_hole_again_and_stays_live() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    for number in 2..=6 {
        world.post(0, chat, user(2));
        client.until(chat, number).await;
    }
    client.cursors.insert(chat, seq(3)); // It lost the last three.
    client.sync(SyncKind::Sync).await;
    assert_eq!(client.seqs(chat), [2, 3, 4, 5, 6, 4, 5, 6]);
    world.post(0, chat, user(2));
    client.until(chat, 7).await;
}

#[tokio::test(start_paused = true)]
async fn a_stranger_learns_nothing_about_a_chat_but_that_it_is_not_theirs() {
    let world = World::new(1);
    let other = world.group(1, &[2, 3]);
    world.post(0, other, user(2));
    let client = Client::connect(&world.nodes[0], 1, [(other, 0), (chat(77), 5)]).await;
    assert!(client.events.is_empty());
    assert_eq!(client.left, [other, chat(77)].into());
}

#[tokio::test(start_paused = true)]
async fn a_sync_outlasts_a_store_that_fails() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    world.post(0, chat, user(2));
    for read in ["memberships", "marks_of_user", "heads", "members", "events"] {
        world.store.fail(read, 3);
    }
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    assert_eq!(client.seqs(chat), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_sync_whose_caller_went_away_leaves_the_chat_to_others() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    world.store.shut("members");
    let gone = Client::attach(&world.nodes[0], 1).await;
    let goes = async {
        let sync = gone
            .connection
            .sync([(chat, seq(1))].into(), SyncKind::Hello, false);
        let waited = tokio::time::timeout(Duration::from_secs(1), sync).await;
        assert!(waited.is_err(), "it is held up while it reads for all");
        world.store.open("members");
    };
    let waits = Client::connect(&world.nodes[0], 2, [(chat, 1)]);
    let ((), mut waits) = tokio::join!(goes, waits);
    world.post(0, chat, user(2));
    waits.until(chat, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_who_rejoined_while_away_starts_over() {
    let world = World::new(1);
    let chat = world.group_with(1, &[1, 2], HistoryVisibility::SinceJoin);
    world.remove(0, chat, 1);
    world.post(0, chat, user(2));
    world.add(0, chat, 1);
    let mut client = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    assert_eq!(client.too_long, [(chat, TooLongReason::Rejoined)]);
    assert!(client.events.is_empty(), "nothing from before");
    world.post(0, chat, user(2));
    client.until(chat, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_who_leaves_and_returns_between_two_reads_of_their_sync_starts_over() {
    let world = World::new(1);
    let chat = world.group_with(1, &[1, 2], HistoryVisibility::SinceJoin);
    let mut stays = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    world.store.shut("memberships.after"); // The row says: a member since 1.
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]);
    let meanwhile = async {
        settle().await;
        world.remove(0, chat, 1);
        world.post(0, chat, user(2));
        world.add(0, chat, 1);
        stays.until(chat, 4).await;
        world.store.open("memberships.after");
    };
    let (mut client, ()) = tokio::join!(client, meanwhile);
    assert_eq!(client.too_long, [(chat, TooLongReason::Rejoined)]);
    assert_eq!(
        client.seqs(chat),
        [2],
        "up to the removal, and not what was said in between"
    );
    world.post(0, chat, user(2));
    client.until(chat, 5).await;
    assert!(client.left.is_empty() && client.joined.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_the_last_connection_a_chat_is_forgotten_and_entered_anew() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let client = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    client.connection.detach().await;
    world.post(0, chat, user(2));
    let reads = world.store.reads("members");
    let again = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    assert_eq!(again.seqs(chat), [2]);
    assert_eq!(world.store.reads("members") - reads, 1);
    let other = Client::connect(&world.nodes[0], 2, [(chat, 1)]).await;
    assert_eq!(other.seqs(chat), [2]);
    assert_eq!(
        world.store.reads("members") - reads,
        1,
        "the second one finds it entered"
    );
}
