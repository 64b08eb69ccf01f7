//! Chats that the store does not tell of, for a while or for ever, beside others that it does.

use std::time::Duration;

use parlour_delivery::SyncKind;
use parlour_protocol::TooLongReason;

use crate::support::{Client, World, chat, message, pass, seq, settle, user};

async fn within_a_minute(event: impl Future<Output = ()>) {
    let came = tokio::time::timeout(Duration::from_secs(60), event).await;
    came.expect("it comes within a minute");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_chat_does_not_keep_the_others_from_coming() {
    let world = World::new(1);
    let [sound, damaged] = [world.group(1, &[1, 2]), world.group(2, &[1, 2])];
    for chat in [sound, damaged] {
        world.post(0, chat, user(1));
    }
    world.store.damage(damaged);
    let mut client = Client::connect(&world.nodes[0], 2, [(sound, 1), (damaged, 1)]).await;
    assert_eq!(client.seqs(sound), [2]);
    assert!(client.seqs(damaged).is_empty());
    world.post(0, sound, user(1));
    client.until(sound, 3).await;
}

#[tokio::test(start_paused = true)]
async fn chats_that_cannot_be_read_keep_no_other_from_coming_and_come_by_themselves() {
    let world = World::new(1);
    let [sound, away, new] = [1, 2, 3].map(|number| world.group(number, &[1, 2]));
    for chat in [sound, away, new] {
        world.post(0, chat, user(1));
    }
    for chat in [away, new] {
        world.store.set_away(chat, true);
    }
    let mut client = Client::connect(&world.nodes[0], 2, [(sound, 1), (away, 1)]).await;
    assert_eq!(client.seqs(sound), [2]);
    world.post(0, away, user(1));
    pass(Duration::from_secs(120)).await;
    // Other chats go on meanwhile.
    let later = world.group(4, &[1, 2]);
    client.until(later, 1).await;
    assert!(client.seqs(away).is_empty() && client.joined == [later]);

    for chat in [away, new] {
        world.store.set_away(chat, false);
    }
    client.until(away, 3).await;
    client.until(new, 2).await;
    assert_eq!(client.seqs(away), [2, 3], "from the cursor");
    assert_eq!(client.joined, [later, new]);
    world.post(0, away, user(1));
    client.until(away, 4).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_connects_sees_what_was_committed_in_sound_chats_beside_unreadable_ones() {
    let world = World::new(2);
    let [damaged, away, sound] = [1, 2, 3].map(|number| world.group(number, &[1, 2]));
    let cursors = [(damaged, 1), (away, 1), (sound, 1)];
    let _first = Client::connect(&world.nodes[1], 1, cursors).await;
    world.store.commit(sound, user(1), message());
    world.store.commit(away, user(1), message());
    world.store.damage(damaged);
    world.store.set_away(away, true);
    let mut second = Client::connect(&world.nodes[1], 2, cursors).await;
    assert_eq!(second.seqs(sound), [2]);
    assert!(second.seqs(away).is_empty());
    world.store.set_away(away, false);
    second.until(away, 2).await;
}

#[tokio::test(start_paused = true)]
async fn chats_that_cannot_be_read_keep_no_other_from_being_compared() {
    let world = World::new(2);
    let [damaged, away, sound] = [1, 2, 3].map(|number| world.group(number, &[1, 2]));
    let cursors = [(damaged, 1), (away, 1), (sound, 1)];
    let mut there = Client::connect(&world.nodes[1], 2, cursors).await;
    world.store.damage(damaged);
    world.store.set_away(away, true);
    for chat in [away, sound] {
        world.store.commit(chat, user(1), crate::support::message());
    }
    within_a_minute(there.until(sound, 2)).await;
    world.store.set_away(away, false);
    within_a_minute(there.until(away, 2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_chat_whose_events_cannot_be_read_holds_up_neither_the_sync_nor_new_chats() {
    let world = World::new(1);
    let [mute, sound] = [1, 2].map(|number| world.group(number, &[1, 2]));
    for chat in [mute, sound] {
        world.post(0, chat, user(1));
    }
    world.store.set_mute(mute, true);
    let connects = Client::connect(&world.nodes[0], 2, [(mute, 1), (sound, 1)]);
    let connects = tokio::time::timeout(Duration::from_secs(60), connects).await;
    let mut client = connects.expect("the sync ends");
    assert_eq!(client.seqs(sound), [2]);
    pass(Duration::from_secs(60)).await;
    let new = world.group(3, &[1, 2]);
    within_a_minute(client.until(new, 1)).await;
    world.post(0, mute, user(1));
    pass(Duration::from_secs(60)).await;
    client.drain();
    assert!(client.seqs(mute).is_empty(), "nothing beyond the hole");

    world.store.set_mute(mute, false);
    within_a_minute(client.until(mute, 3)).await;
    assert_eq!(client.seqs(mute), [2, 3]);
    assert_eq!(client.joined, [new]);
    world.post(0, mute, user(1));
    client.until(mute, 4).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_goes_on_where_it_was() {
    let world = World::new(1);
    let long = world.group(1, &[1, 2]);
    for _ in 0..250 {
        world.post(0, long, user(1));
    }
    world.store.shut("events.after");
    let connects = Client::connect(&world.nodes[0], 2, [(long, 1)]);
    let meanwhile = async {
        settle().await; // The first page has been read, and no other will be.
        world.store.set_mute(long, true);
        world.store.open("events.after");
    };
    let (mut client, ()) = tokio::join!(connects, meanwhile);
    assert_eq!(client.seqs(long), (2..=101).collect::<Vec<_>>());
    world.store.set_mute(long, false);
    within_a_minute(client.until(long, 251)).await;
    assert_eq!(client.seqs(long), (2..=251).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_new_chat_of_which_no_summary_can_be_read_holds_up_no_other() {
    let world = World::new(1);
    let mut client = Client::connect(&world.nodes[0], 2, []).await;
    world.store.set_mute(chat(1), true);
    let mute = world.group(1, &[1, 2]);
    let sound = world.group(2, &[1, 2]);
    within_a_minute(client.until(sound, 1)).await;
    assert_eq!(client.joined, [sound]);
    pass(Duration::from_secs(600)).await;
    world.store.set_mute(mute, false);
    within_a_minute(client.until(mute, 1)).await;
    assert_eq!(client.joined, [sound, mute]);
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_from_a_chat_that_was_left_for_later_is_told_so() {
    let world = World::new(1);
    let mute = world.group(1, &[1, 2]);
    let mut other = Client::connect(&world.nodes[0], 1, [(mute, 1)]).await;
    world.post(0, mute, user(1));
    world.store.set_mute(mute, true);
    let mut client = Client::connect(&world.nodes[0], 2, [(mute, 1)]).await;
    world.remove(0, mute, 2);
    world.post(0, mute, user(1));
    other.until(mute, 4).await;
    world.store.set_mute(mute, false);
    pass(Duration::from_secs(60)).await;
    client.drain();
    assert_eq!(client.seqs(mute), [2, 3]);
    assert!(client.left.contains(&mute));
}

#[tokio::test(start_paused = true)]
async fn who_is_behind_damaged_events_is_sent_past_them_and_gets_what_comes() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut old = Client::connect(&world.nodes[0], 1, [(chat, 1)]).await;
    for _ in 0..100 {
        world.post(0, chat, user(1));
    }
    old.until(chat, 101).await;
    world.store.spoil(chat, seq(60));
    // Whoever was live there asks again from an earlier place, and somebody comes.
    old.cursors = [(chat, seq(20))].into();
    old.sync(SyncKind::Sync).await;
    let mut new = Client::connect(&world.nodes[0], 2, [(chat, 20)]).await;
    world.post(0, chat, user(1));
    for client in [&mut old, &mut new] {
        client.until(chat, 102).await;
        assert_eq!(client.too_long, [(chat, TooLongReason::Behind)]);
        assert!(client.joined.is_empty());
    }
}

/// Users 1 to 12 are connected to the second node, of whose bus nobody hears; the lists of the first ten break. Then
/// user 12 becomes a member of a new chat.
async fn finds_a_new_chat_beside_lists_that_cannot_be_read(break_list: fn(&World, u64)) {
    let world = World::new(2);
    let mut clients = Vec::new();
    for number in 1..=12 {
        clients.push(Client::connect(&world.nodes[1], number, []).await);
    }
    for number in 1..=10 {
        break_list(&world, number);
    }
    world.network.cut_off(&world.nodes[1].bus);
    pass(Duration::from_secs(20)).await;
    let new = world.group(1, &[12, 13]);
    within_a_minute(clients[11].until(new, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn users_whose_chats_cannot_be_read_for_now_keep_no_other_from_being_compared() {
    finds_a_new_chat_beside_lists_that_cannot_be_read(|world, number| {
        world.store.hide_list(user(number));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn users_whose_chats_are_damaged_keep_no_other_from_being_compared() {
    finds_a_new_chat_beside_lists_that_cannot_be_read(|world, number| {
        world.store.damage_list(user(number));
    })
    .await;
}
