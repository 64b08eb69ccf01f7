//! Watermarks: durable before they are acknowledged, coalesced, never above the head.

use futures_util::FutureExt;
use futures_util::future::join_all;
use parlour_model::{Mark, Seq};
use parlour_service::{Missing, ServiceError};
use parlour_store::faults::{Fault, Operation};

use crate::world::World;

#[tokio::test]
async fn marks_rise_and_unread_follows() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    for nth in 0..5 {
        world.say(&ann, chat, &format!("{nth}")).await;
    }
    assert_eq!(world.chats.get(&bob, chat).await.unwrap().unread, 5);
    let marks = world
        .chats
        .mark(&bob, chat, Mark::Delivered(Seq::new(6)))
        .await
        .unwrap();
    assert_eq!((marks.delivered, marks.read), (Seq::new(6), Seq::ZERO));
    let marks = world
        .chats
        .mark(&bob, chat, Mark::Read(Seq::new(4)))
        .await
        .unwrap();
    assert_eq!((marks.delivered, marks.read), (Seq::new(6), Seq::new(4)));
    assert_eq!(world.chats.get(&bob, chat).await.unwrap().unread, 2);
    let lower = world
        .chats
        .mark(&bob, chat, Mark::Read(Seq::new(2)))
        .await
        .unwrap();
    assert_eq!(lower, marks);
    let receipts = world.chats.receipts(&ann, chat, Seq::new(2)).await.unwrap();
    assert_eq!(receipts, [(bob.user, marks)]);
}

#[tokio::test]
async fn a_mark_above_the_head_or_of_who_is_no_member_is_refused() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world.group(&users[..2]).await;
    for mark in [Mark::Read(Seq::new(2)), Mark::Delivered(Seq::new(2))] {
        let refused = world.chats.mark(&bob, chat, mark).await;
        assert!(matches!(
            refused,
            Err(ServiceError::Invalid { field: "seq", .. })
        ));
    }
    let no_chat = Err(ServiceError::NotFound(Missing::Chat));
    let first = Mark::Read(Seq::FIRST);
    assert_eq!(world.chats.mark(&cem, chat, first).await, no_chat);
    world.chats.mark(&bob, chat, first).await.unwrap();
    world
        .chats
        .remove_member(&ann, chat, bob.user)
        .await
        .unwrap();
    assert_eq!(world.chats.mark(&bob, chat, first).await, no_chat);
}

#[tokio::test]
async fn marks_that_wait_for_a_write_become_one_and_a_wrong_one_fails_alone() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    for _ in 0..30 {
        world.say(&ann, chat, "x").await;
    }
    let mark = |mark| world.chats.mark(&bob, chat, mark);
    mark(Mark::Delivered(Seq::FIRST)).await.unwrap();
    world.faults.always(Operation::Raise, Fault::Hang);
    let mut first = Box::pin(mark(Mark::Read(Seq::new(2))));
    assert!(first.as_mut().now_or_never().is_none());
    world.faults.struck(Operation::Raise, 1).await;
    let mut waiting: Vec<_> = (3..=20)
        .map(|seq| Box::pin(mark(Mark::Read(Seq::new(seq)))))
        .collect();
    let mut delivered = Box::pin(mark(Mark::Delivered(Seq::new(25))));
    let mut wrong = Box::pin(mark(Mark::Read(Seq::new(99))));
    // What is remembered lets all of them join the queue when first asked.
    assert!(
        waiting
            .iter_mut()
            .all(|mark| mark.as_mut().now_or_never().is_none())
    );
    assert!(delivered.as_mut().now_or_never().is_none());
    assert!(wrong.as_mut().now_or_never().is_none());
    let released = async {
        // The first, the wrong one, then the greatest read and the greatest delivered.
        for write in 1..=4 {
            world.faults.struck(Operation::Raise, write).await;
            world.faults.release().await;
        }
    };
    let (_, first, wrong, delivered, waiting) =
        tokio::join!(released, first, wrong, delivered, join_all(waiting));
    assert_eq!(first.unwrap().read, Seq::new(2));
    assert!(matches!(
        wrong,
        Err(ServiceError::Invalid { field: "seq", .. })
    ));
    let last = delivered.unwrap();
    assert_eq!((last.read, last.delivered), (Seq::new(20), Seq::new(25)));
    assert!(waiting.into_iter().all(|marks| marks.unwrap() == last));
    assert_eq!(world.faults.count(), 4);
}

#[tokio::test]
async fn a_mark_survives_a_lost_answer_and_is_refused_while_the_store_is_away() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    let first = Mark::Read(Seq::FIRST);
    world.faults.next(Operation::Raise, Fault::After);
    let marks = world.chats.mark(&users[1], chat, first).await.unwrap();
    assert_eq!(marks.read, Seq::FIRST);
    world.faults.next(Operation::Raise, Fault::Before);
    let refused = world.chats.mark(&users[0], chat, first).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
    world.faults.always(Operation::Raise, Fault::After);
    let unknown = world.chats.mark(&users[0], chat, first).await;
    assert!(matches!(unknown, Err(ServiceError::Unavailable(_))));
}
