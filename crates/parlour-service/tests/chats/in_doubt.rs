//! What is told where something is stored already and what comes after it fails: that it is not known.

use parlour_model::{AppData, HistoryVisibility, Title};
use parlour_service::{ChatChange, NewGroup, ServiceError};
use parlour_store::faults::{Fault, Operation};

use crate::world::{UNKNOWN, World, chats_of, message};

fn titled(text: &str) -> Title {
    Title::new(text).unwrap()
}

fn group() -> NewGroup {
    NewGroup {
        title: titled("Hikers"),
        users: Vec::new(),
        history: HistoryVisibility::All,
        data: AppData::default(),
        idempotency_key: None,
    }
}

#[tokio::test]
async fn who_made_a_chat_that_cannot_be_read_now_is_not_told_that_there_is_none() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    world.faults.always(Operation::Authority, Fault::Before);
    let made = world.chats.create_group(&ann, group()).await.map(drop);
    assert_eq!(made, Err(UNKNOWN));
    let made = world.chats.create_direct(&ann, bob.user).await.map(drop);
    assert_eq!(made, Err(UNKNOWN));
    world.faults.clear();
    assert_eq!(chats_of(&world, &ann).await, 2);
}

#[tokio::test]
async fn who_changed_a_chat_that_cannot_be_read_now_is_not_told_that_nothing_changed() {
    let world = World::new();
    let ann = world.user().await;
    let chat = world.group(&[ann]).await;
    world.say(&ann, chat, "so that I am known").await;
    world.faults.always(Operation::Authority, Fault::Before);
    let change = |title: Option<&str>| ChatChange {
        title: title.map(titled),
        ..ChatChange::default()
    };
    let update = |title| world.chats.update(&ann, chat, change(title));
    assert_eq!(update(Some("Divers")).await.map(drop), Err(UNKNOWN));
    let nothing = update(None).await.map(drop);
    assert!(matches!(nothing, Err(ServiceError::Unavailable(_))));
    world.faults.clear();
    let shown = world.chats.get(&ann, chat).await.unwrap();
    assert_eq!(shown.chat.title, Some(titled("Divers")));
}

/// The row of a block stands when the chat of the two is looked at.
#[tokio::test]
async fn who_blocked_somebody_is_not_told_that_nothing_was_stored() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    for operation in [Operation::Owner, Operation::Authority, Operation::Append] {
        world.faults.always(operation, Fault::Before);
        let blocked = world.chats.block(&ann, bob.user, true).await;
        assert_eq!(blocked, Err(UNKNOWN), "{operation:?}");
        world.faults.clear();
        assert_eq!(world.chats.has_blocked(&ann, bob.user).await, Ok(true));
        world.chats.block(&ann, bob.user, false).await.unwrap();
    }
    world.faults.always(Operation::SetBlock, Fault::Before);
    let refused = world.chats.block(&ann, bob.user, true).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
    world.faults.clear();
    world.post(&bob, chat, message("hello")).await.unwrap();
}
