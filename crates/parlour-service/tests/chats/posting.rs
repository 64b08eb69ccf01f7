//! Saying something: once per key, only what is well formed, only where one belongs.

use std::time::Duration;

use parlour_model::{Body, ChatId, Content, KeyError, Seq, limits};
use parlour_service::{Cancellation, Missing, Post, Refusal, ServiceError};

use crate::world::{World, message, texts};

const NO_CHAT: ServiceError = ServiceError::NotFound(Missing::Chat);

#[tokio::test]
async fn a_retry_gets_the_same_event() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    let post = world.draft(chat, message("hello"));
    let first = world.chats.post(&ann, post.clone()).await.unwrap();
    let again = world.chats.post(&ann, post.clone()).await.unwrap();
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(first.event, again.event);
    let other = Post {
        content: message("something else"),
        ..post.clone()
    };
    let (seq, id) = (first.event.seq, first.event.id);
    let reused = Err(ServiceError::Refused(Refusal::KeyReused { seq, id }));
    assert_eq!(world.chats.post(&ann, other).await, reused);
    // Another author's key is another key.
    assert!(!world.chats.post(&bob, post).await.unwrap().duplicate);
    assert_eq!(texts(&world.log(chat).await), ["hello", "hello"]);
}

#[tokio::test]
async fn strangers_cannot_tell_a_chat_from_none() {
    let world = World::new();
    let users = world.users(3).await;
    let chat = world.group(&users[..2]).await;
    let nowhere = ChatId::new(12_345).unwrap();
    let stranger = users[2];
    for chat in [chat, nowhere] {
        let contents = [
            message("x"),
            Content::MessageEdited {
                target: Seq::FIRST,
                body: Body::text("x"),
            },
            Content::MessageDeleted { target: Seq::FIRST },
            Content::PinChanged {
                target: Seq::FIRST,
                on: true,
            },
        ];
        for content in contents {
            assert_eq!(world.post(&stranger, chat, content).await, Err(NO_CHAT));
        }
        let key = world.key();
        assert_eq!(world.chats.cancel(&stranger, chat, key).await, Err(NO_CHAT));
        assert_eq!(
            world.chats.typing(&stranger, chat, true).await,
            Err(NO_CHAT)
        );
        let leaving = world.chats.leave(&stranger, chat).await;
        assert_eq!(leaving, Err(NO_CHAT));
        let adding = world
            .chats
            .add_members(&stranger, chat, vec![stranger.user]);
        assert_eq!(adding.await, Err(NO_CHAT));
        let updating = world
            .chats
            .update(&stranger, chat, parlour_service::ChatChange::default());
        assert_eq!(updating.await.map(drop), Err(NO_CHAT));
    }
    assert_eq!(world.log(chat).await.len(), 1);
}

#[tokio::test]
async fn only_what_is_well_formed_and_for_clients_to_write_is_posted() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.group(&[ann, bob]).await;
    let too_long = message(&"x".repeat(limits::TEXT_BYTES_MAX + 1));
    let user = bob.user;
    for content in [
        message(""),
        too_long,
        Content::Hidden {},
        Content::MemberRemoved { user },
    ] {
        let refused = world.post(&ann, chat, content).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { .. })));
    }
    assert_eq!(world.log(chat).await.len(), 1);
}

#[tokio::test]
async fn a_key_outside_its_time_is_refused_unless_it_was_stored() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    let (stored, never) = (
        world.draft(chat, message("old")),
        world.draft(chat, message("late")),
    );
    let first = world.chats.post(&ann, stored.clone()).await.unwrap();
    world
        .clock
        .advance(limits::KEY_AGE_MAX + Duration::from_secs(60));
    let again = world.chats.post(&ann, stored.clone()).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.event, first.event);
    let too_old = Refusal::KeyTime(KeyError::TooOld);
    let refused = Err(ServiceError::Refused(too_old.clone()));
    assert_eq!(world.chats.post(&ann, never.clone()).await, refused);
    let found = world.chats.cancel(&ann, chat, stored.key).await;
    assert_eq!(found, Ok(Cancellation::Found(first.event)));
    let not_found = world.chats.cancel(&ann, chat, never.key).await;
    assert_eq!(not_found, Err(ServiceError::Refused(too_old)));
    assert_eq!(texts(&world.log(chat).await), ["old"]);
}

/// What was accepted once is never called failed later.
#[tokio::test]
async fn a_definite_refusal_is_given_only_after_the_key_was_looked_up() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let said = world.draft(chat, message("before I was removed"));
    let first = world.chats.post(&bob, said.clone()).await.unwrap();
    let deletion = world.draft(
        chat,
        Content::MessageDeleted {
            target: first.event.seq,
        },
    );
    let deleted = world.chats.post(&bob, deletion.clone()).await.unwrap();
    // The target is deleted now, which would be a refusal.
    let again = world.chats.post(&bob, deletion.clone()).await.unwrap();
    assert!(again.duplicate && again.event == deleted.event);
    world
        .chats
        .remove_member(&ann, chat, bob.user)
        .await
        .unwrap();
    let again = world.chats.post(&bob, deletion).await.unwrap();
    assert!(again.duplicate && again.event == deleted.event);
    let erased = world.chats.post(&bob, said).await.unwrap();
    assert!(erased.duplicate && erased.event.seq == first.event.seq);
    assert_eq!(
        world.post(&bob, chat, message("and after")).await,
        Err(NO_CHAT)
    );
}

#[tokio::test]
async fn a_cancelled_key_never_becomes_an_event() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.group(&[ann, bob]).await;
    let post = world.draft(chat, message("never"));
    for _ in 0..2 {
        let cancelled = world.chats.cancel(&bob, chat, post.key).await;
        assert_eq!(cancelled, Ok(Cancellation::Cancelled));
    }
    let refused = Err(ServiceError::Refused(Refusal::KeyCancelled));
    assert_eq!(world.chats.post(&bob, post).await, refused);
    let said = world.draft(chat, message("said"));
    let event = world.chats.post(&bob, said.clone()).await.unwrap().event;
    // Somebody removed may still settle what was pending.
    world
        .chats
        .remove_member(&ann, chat, bob.user)
        .await
        .unwrap();
    let found = world.chats.cancel(&bob, chat, said.key).await;
    assert_eq!(found, Ok(Cancellation::Found(event)));
    let pending = world.chats.cancel(&bob, chat, world.key()).await;
    assert_eq!(pending, Ok(Cancellation::Cancelled));
    assert_eq!(texts(&world.log(chat).await), ["said"]);
}

#[tokio::test]
async fn a_block_ends_what_both_may_say_and_an_unblock_allows_it_at_once() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    let said = world.say(&ann, chat, "before").await.seq;
    world
        .store
        .set_block(bob.user, ann.user, true)
        .await
        .unwrap();
    // The event with which a block raises the epoch, so that nothing remembered is used.
    let epoch = world
        .store
        .authority(chat, bob.user)
        .await
        .unwrap()
        .unwrap()
        .epoch;
    let hidden = parlour_model::Draft::new(bob.user, world.key(), epoch, Content::Hidden {});
    world.store.append(chat, vec![hidden]).await;
    for who in [&ann, &bob] {
        assert_eq!(
            world.post(who, chat, message("x")).await,
            Err(ServiceError::Blocked)
        );
        assert_eq!(
            world.chats.typing(who, chat, true).await,
            Err(ServiceError::Blocked)
        );
        assert!(world.chats.get(who, chat).await.is_ok());
    }
    let deletion = Content::MessageDeleted { target: said };
    world.post(&ann, chat, deletion).await.unwrap();
    world
        .store
        .set_block(bob.user, ann.user, false)
        .await
        .unwrap();
    world.say(&ann, chat, "after").await;
    assert_eq!(world.chats.typing(&bob, chat, true).await, Ok(()));
}
