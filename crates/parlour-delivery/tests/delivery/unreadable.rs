//! Chats that the store does not tell of, for a while or for ever, beside others that it does.

use std::time::Duration;

use crate::support::{Client, World, message, pass, user};

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
