//! Blocks: what they change in a direct chat, at once and whatever becomes of who asked for them.

use std::collections::BTreeSet;
use std::time::Duration;

use parlour_model::{Content, Seq, UserId};
use parlour_service::{Missing, ServiceError};
use parlour_store::faults::{Fault, Operation};

use crate::world::{World, message};

#[tokio::test]
async fn a_block_is_kept_and_raises_the_rights_epoch_of_the_direct_chat() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    for (on, epoch) in [(true, 1), (true, 2), (false, 3)] {
        world.chats.block(&ann, bob.user, on).await.unwrap();
        assert_eq!(world.chats.has_blocked(&ann, bob.user).await, Ok(on));
        assert_eq!(world.chats.has_blocked(&bob, ann.user).await, Ok(false));
        let head = world.store.head(chat, Seq::ZERO).await.unwrap().unwrap();
        assert_eq!(head.epoch.get(), epoch);
    }
    let events = world.log(chat).await;
    let mut after_creation = events.iter().skip(1);
    assert!(after_creation.all(|event| event.content == Content::Hidden {}));
}

#[tokio::test]
async fn a_block_needs_no_chat_but_somebody_else_who_exists() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    world.chats.block(&ann, bob.user, true).await.unwrap();
    assert_eq!(world.chats.has_blocked(&ann, bob.user).await, Ok(true));
    let oneself = world.chats.block(&ann, ann.user, true).await;
    assert!(matches!(
        oneself,
        Err(ServiceError::Invalid { field: "user", .. })
    ));
    let nobody = UserId::new(4711).unwrap();
    assert_eq!(
        world.chats.block(&ann, nobody, true).await,
        Err(ServiceError::NotFound(Missing::User))
    );
}

#[tokio::test]
async fn what_was_remembered_of_both_is_not_used_after_a_block() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    for who in [&ann, &bob] {
        assert_eq!(world.chats.typing(who, chat, true).await, Ok(()));
    }
    world.chats.block(&bob, ann.user, true).await.unwrap();
    for who in [&ann, &bob] {
        assert_eq!(
            world.chats.typing(who, chat, true).await,
            Err(ServiceError::Blocked)
        );
    }
}

#[tokio::test]
async fn a_block_whose_caller_goes_away_still_refuses_what_was_allowed_before() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    world.faults.next(Operation::SetBlock, Fault::Hang);
    let mut blocks = tokio::task::JoinSet::new();
    let chats = world.chats.clone();
    blocks.spawn(async move { chats.block(&ann, bob.user, true).await });
    world.faults.struck(Operation::SetBlock, 1).await;
    blocks.shutdown().await;
    world.faults.release().await;
    let raised = async {
        while world.log(chat).await.len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), raised)
        .await
        .expect("the epoch is raised");
    assert_eq!(
        world.post(&bob, chat, message("x")).await,
        Err(ServiceError::Blocked)
    );
}

#[tokio::test]
async fn a_block_whose_event_was_not_answered_appends_it_once() {
    for fault in [Fault::After, Fault::Late] {
        let world = World::new();
        let (ann, bob) = (world.user().await, world.user().await);
        let chat = world.direct(&ann, &bob).await;
        world.faults.next(Operation::Append, fault);
        world.chats.block(&ann, bob.user, true).await.unwrap();
        world.faults.release().await;
        let events = world.log(chat).await;
        let said: Vec<_> = events.iter().skip(1).map(|event| &event.content).collect();
        assert_eq!(said, [&Content::Hidden {}], "{fault:?}");
        let keys: BTreeSet<_> = events.iter().map(|event| event.key).collect();
        assert_eq!(keys.len(), 2);
    }
}
