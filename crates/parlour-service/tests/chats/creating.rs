//! Direct chats exist once per pair, groups once per key.

use std::pin::Pin;
use std::time::Duration;

use parlour_model::{AppData, ChatType, Content, HistoryVisibility, Role, Seq, Title, limits};
use parlour_service::{Actor, Missing, NewGroup, Refusal, ServiceError};
use parlour_store::ChatSummary;
use parlour_store::faults::{Fault, Operation};
use tokio::task::JoinSet;

use crate::world::{UNKNOWN, World, chats_of, message};

fn group(title: &str, users: Vec<parlour_model::UserId>) -> NewGroup {
    NewGroup {
        title: Title::new(title).unwrap(),
        users,
        history: HistoryVisibility::All,
        data: AppData::default(),
        idempotency_key: None,
    }
}

#[tokio::test]
async fn a_direct_chat_asked_for_twice_is_the_same_chat() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let (first, existed) = world.chats.create_direct(&ann, bob.user).await.unwrap();
    assert!(!existed);
    assert_eq!(first.chat.chat_type, ChatType::Direct);
    assert_eq!((first.head.seq, first.member_count), (Seq::FIRST, 2));
    let (second, existed) = world.chats.create_direct(&ann, bob.user).await.unwrap();
    assert!(existed);
    let (third, existed) = world.chats.create_direct(&bob, ann.user).await.unwrap();
    assert!(existed);
    assert_eq!(second.chat.id, first.chat.id);
    assert_eq!(third.chat.id, first.chat.id);
    assert_eq!(world.log(first.chat.id).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_chat_asked_for_from_both_sides_at_once_is_the_same_chat() {
    let world = World::new();
    for _ in 0..10 {
        let pair = world.users(2).await;
        let mut asking = JoinSet::new();
        for nth in 0..8 {
            let chats = world.chats.clone();
            let (asks, other) = (pair[nth % 2], pair[(nth + 1) % 2]);
            asking.spawn(async move { chats.create_direct(&asks, other.user).await.unwrap() });
        }
        let answers = asking.join_all().await;
        let chat = answers[0].0.chat.id;
        assert!(answers.iter().all(|(answer, _)| answer.chat.id == chat));
        assert_eq!(answers.iter().filter(|(_, existed)| !existed).count(), 1);
        assert_eq!(world.roles(chat).await.len(), 2);
        assert_eq!(world.log(chat).await.len(), 1);
        for who in pair {
            assert_eq!(
                world.chats.list(&who, None, 10).await.unwrap().chats.len(),
                1
            );
        }
    }
}

#[tokio::test]
async fn nobody_has_a_direct_chat_with_themselves_with_nobody_or_across_a_block() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let oneself = world.chats.create_direct(&ann, ann.user).await.map(drop);
    assert!(matches!(
        oneself,
        Err(ServiceError::Invalid { field: "user", .. })
    ));
    let nobody = parlour_model::UserId::new(12_345).unwrap();
    let unknown = world.chats.create_direct(&ann, nobody).await.map(drop);
    assert_eq!(unknown, Err(ServiceError::NotFound(Missing::User)));
    world
        .store
        .set_block(bob.user, ann.user, true)
        .await
        .unwrap();
    for (asks, other) in [(&ann, &bob), (&bob, &ann)] {
        let blocked = world.chats.create_direct(asks, other.user).await.map(drop);
        assert_eq!(blocked, Err(ServiceError::Blocked));
    }
    assert!(
        world
            .chats
            .list(&ann, None, 10)
            .await
            .unwrap()
            .chats
            .is_empty()
    );
}

#[tokio::test]
async fn a_group_has_its_creator_as_owner_and_everybody_once() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let named = vec![cem.user, bob.user, ann.user, bob.user];
    let new = group("Hikers", named);
    let (chat, existed) = world.chats.create_group(&ann, new).await.unwrap();
    assert!(!existed);
    assert_eq!(chat.member.role, Role::Owner);
    assert_eq!(chat.chat.title, Some(Title::new("Hikers").unwrap()));
    assert_eq!(
        world.roles(chat.chat.id).await,
        [
            (ann.user, Role::Owner),
            (bob.user, Role::Member),
            (cem.user, Role::Member)
        ]
    );
    let log = world.log(chat.chat.id).await;
    assert!(matches!(&log[0].content, Content::ChatCreated { .. }));
    world
        .post(&cem, chat.chat.id, message("here I am"))
        .await
        .unwrap();
}

#[tokio::test]
async fn one_creation_key_is_one_group() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let key = Some(world.key());
    let new = |title| NewGroup {
        idempotency_key: key,
        ..group(title, vec![bob.user])
    };
    let mut asking = JoinSet::new();
    for _ in 0..4 {
        let (chats, new) = (world.chats.clone(), new("Hikers"));
        asking.spawn(async move { chats.create_group(&ann, new).await.unwrap() });
    }
    let answers = asking.join_all().await;
    let chat = answers[0].0.chat.id;
    assert!(answers.iter().all(|(answer, _)| answer.chat.id == chat));
    assert_eq!(answers.iter().filter(|(_, existed)| !existed).count(), 1);
    let other = world
        .chats
        .create_group(&ann, new("Divers"))
        .await
        .map(drop);
    let first = &world.log(chat).await[0];
    let (seq, id) = (first.seq, first.id);
    assert_eq!(
        other,
        Err(ServiceError::Refused(Refusal::KeyReused { seq, id }))
    );
    // Keys are a user's own.
    let (bobs, existed) = world.chats.create_group(&bob, new("Hikers")).await.unwrap();
    assert!(!existed && bobs.chat.id != chat);
}

#[tokio::test]
async fn a_group_names_users_that_exist_and_not_too_many() {
    let world = World::new();
    let ann = world.user().await;
    let nobody = parlour_model::UserId::new(12_345).unwrap();
    let unknown = world
        .chats
        .create_group(&ann, group("x", vec![nobody]))
        .await;
    assert_eq!(
        unknown.map(drop),
        Err(ServiceError::NotFound(Missing::User))
    );
    let many = (1..=limits::GROUP_MEMBERS_MAX as u64)
        .map(|number| parlour_model::UserId::new(number).unwrap())
        .collect();
    let too_many = world
        .chats
        .create_group(&ann, group("x", many))
        .await
        .map(drop);
    assert!(matches!(
        too_many,
        Err(ServiceError::Refused(Refusal::LimitReached(_)))
    ));
    assert!(
        world
            .chats
            .list(&ann, None, 10)
            .await
            .unwrap()
            .chats
            .is_empty()
    );
}

/// A first try that was not answered may still be stored: that the next one finds the store away changes nothing about it.
#[tokio::test]
async fn a_definite_failure_after_a_doubtful_try_is_not_told_as_definite() {
    let world = World::new();
    let ann = world.user().await;
    world.faults.next(Operation::Create, Fault::Late);
    world.faults.always(Operation::Create, Fault::Before);
    let new = group("Hikers", Vec::new());
    let answer = world.chats.create_group(&ann, new).await.map(drop);
    assert_eq!(answer, Err(UNKNOWN));
    world.faults.clear();
    assert_eq!(chats_of(&world, &ann).await, 0);
    assert_eq!(world.faults.release().await, 1);
    assert_eq!(chats_of(&world, &ann).await, 1, "it was stored after all");
}

/// A creation in which the store hangs.
async fn hanging<'a>(
    world: &'a World,
    who: &'a Actor,
) -> Pin<Box<impl Future<Output = Result<(ChatSummary, bool), ServiceError>> + use<'a>>> {
    world.faults.always(Operation::Create, Fault::Hang);
    let mut creating = Box::pin(world.chats.create_group(who, group("Hikers", Vec::new())));
    tokio::select! {
        biased;
        () = world.faults.struck(Operation::Create, 1) => {}
        _ = &mut creating => panic!("it cannot have finished"),
    }
    creating
}

/// The effects of a first event with many members take a store longer than any other call.
#[tokio::test]
async fn a_creation_that_takes_long_is_waited_for_and_asked_for_once() {
    let world = World::new();
    let ann = world.user().await;
    let mut creating = hanging(&world, &ann).await;
    tokio::time::pause();
    let longer = tokio::time::timeout(Duration::from_secs(8), creating.as_mut());
    assert!(longer.await.is_err());
    tokio::time::resume();
    world.faults.release().await;
    let (_, existed) = creating.await.unwrap();
    assert_eq!((existed, world.faults.count()), (false, 1));
}

#[tokio::test]
async fn a_creation_that_is_given_up_goes_on_to_its_end() {
    let world = World::new();
    let ann = world.user().await;
    let creating = hanging(&world, &ann).await;
    tokio::time::pause();
    assert_eq!(creating.await.map(drop), Err(UNKNOWN));
    tokio::time::resume();
    world.faults.clear();
    world.faults.release().await;
    let created = async {
        while chats_of(&world, &ann).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    let created = tokio::time::timeout(Duration::from_secs(20), created).await;
    created.expect("the chat is there in the end");
}
