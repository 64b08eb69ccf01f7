//! Who types where.

use std::time::Duration;

use parlour_model::ChatId;
use parlour_protocol::{ServerFrame, TypingNotice};

use crate::support::{Client, World, pass, user};

async fn next_typing(client: &mut Client) -> TypingNotice {
    loop {
        if let ServerFrame::Typing(notice) = client.next().await {
            return notice;
        }
    }
}

async fn watching(world: &World, node: usize, number: u64, chat: ChatId) -> Client {
    let client = Client::connect(&world.nodes[node], number, [(chat, 1)]).await;
    client.connection.watch(Vec::new(), vec![chat]).await;
    client
}

#[tokio::test(start_paused = true)]
async fn typing_shows_where_the_chat_is_on_the_screen_and_ends_by_itself() {
    let world = World::new(2);
    let chat = world.group(1, &[1, 2, 3]);
    let mut typist = watching(&world, 0, 1, chat).await;
    let mut here = watching(&world, 0, 2, chat).await;
    let mut there = watching(&world, 1, 2, chat).await;
    let mut elsewhere = Client::connect(&world.nodes[0], 3, [(chat, 1)]).await;
    world.nodes[0].delivery.typing(chat, user(1), true);
    let started = tokio::time::Instant::now();
    for client in [&mut here, &mut there] {
        assert!(next_typing(client).await.on);
    }
    for client in [&mut here, &mut there] {
        let end = next_typing(client).await;
        assert_eq!((end.user, end.on), (user(1), false));
    }
    let lasted = started.elapsed();
    assert!(
        lasted >= Duration::from_secs(5) && lasted < Duration::from_millis(5_100),
        "{lasted:?}"
    );
    assert!(typist.drain().is_empty());
    assert!(elsewhere.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn typing_that_is_renewed_goes_on_and_stopping_ends_it_once() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = watching(&world, 0, 2, chat).await;
    let delivery = &world.nodes[0].delivery;
    for _ in 0..3 {
        delivery.typing(chat, user(1), true);
        pass(Duration::from_secs(4)).await;
    }
    let notices = client.drain();
    assert!(
        notices
            .iter()
            .all(|frame| matches!(frame, ServerFrame::Typing(notice) if notice.on))
    );
    delivery.typing(chat, user(1), false);
    delivery.typing(chat, user(1), false);
    pass(Duration::from_secs(10)).await;
    assert_eq!(
        client.drain().len(),
        1,
        "one end, and no second one by the timer"
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_or_looks_away_sees_no_typing() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2, 3]);
    let mut removed = watching(&world, 0, 2, chat).await;
    let mut away = watching(&world, 0, 3, chat).await;
    world.remove(0, chat, 2);
    away.connection.watch(Vec::new(), Vec::new()).await;
    removed.drain();
    away.drain();
    world.nodes[0].delivery.typing(chat, user(1), true);
    assert!(removed.drain().is_empty());
    assert!(away.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_says_all_the_time_that_they_type_is_shown_every_two_seconds() {
    let world = World::new(1);
    let chat = world.group(1, &[1, 2]);
    let mut client = watching(&world, 0, 2, chat).await;
    let delivery = &world.nodes[0].delivery;
    for _ in 0..100 {
        delivery.typing(chat, user(1), true);
        pass(Duration::from_millis(100)).await;
    }
    assert_eq!(client.drain().len(), 5);
    delivery.typing(chat, user(1), false);
    delivery.typing(chat, user(1), true);
    let on = client.drain().into_iter().map(|frame| match frame {
        ServerFrame::Typing(notice) => notice.on,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        on.collect::<Vec<_>>(),
        [false, true],
        "changes show at once"
    );
}
