//! Edits, deletions, reactions and replies: about a message that is there, by who may.

use parlour_model::{Body, Content, Emoji, HistoryVisibility, Role, Seq, limits};
use parlour_service::{Missing, Refusal, ServiceError};
use serde_json::json;

use crate::world::{World, message};

const NO_MESSAGE: ServiceError = ServiceError::NotFound(Missing::Message);

fn edit(target: Seq, text: &str) -> Content {
    let body = Body::text(text);
    Content::MessageEdited { target, body }
}

fn delete(target: Seq) -> Content {
    Content::MessageDeleted { target }
}

fn react(target: Seq, emoji: &str) -> Content {
    let (emoji, on) = (Emoji::new(emoji).unwrap(), true);
    Content::ReactionChanged { target, emoji, on }
}

fn reply(target: Seq) -> Content {
    let (body, reply_to) = (Body::text("indeed"), Some(target));
    Content::Message { body, reply_to }
}

#[tokio::test]
async fn only_its_author_edits_a_message_and_it_keeps_its_type() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let said = world.say(&bob, chat, "helo").await.seq;
    world.post(&bob, chat, edit(said, "hello")).await.unwrap();
    let line = world.chats.message(&ann, chat, said).await.unwrap();
    assert_eq!(line.content, message("hello"));
    assert!(line.edited_at.is_some());
    // Not even the owner.
    let refused = world.post(&ann, chat, edit(said, "hallo")).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
    let body = Body::from_value(json!({"type": "custom", "name": "x"})).unwrap();
    let other_type = Content::MessageEdited { target: said, body };
    let refused = world.post(&bob, chat, other_type).await;
    assert!(matches!(
        refused,
        Err(ServiceError::Invalid {
            field: "body.type",
            ..
        })
    ));
}

#[tokio::test]
async fn members_delete_their_own_and_admins_everybodys() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world.group(&users).await;
    let of_ann = world.say(&ann, chat, "from the owner").await.seq;
    let of_bob = world.say(&bob, chat, "from a member").await.seq;
    let refused = world.post(&bob, chat, delete(of_ann)).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
    world.post(&bob, chat, delete(of_bob)).await.unwrap();
    world
        .chats
        .set_role(&ann, chat, cem.user, Role::Admin)
        .await
        .unwrap();
    world.post(&cem, chat, delete(of_ann)).await.unwrap();
    for deleted in [of_ann, of_bob] {
        assert!(
            world
                .chats
                .message(&cem, chat, deleted)
                .await
                .unwrap()
                .deleted
        );
        for content in [edit(deleted, "x"), delete(deleted), react(deleted, "👍")] {
            assert_eq!(world.post(&ann, chat, content).await, Err(NO_MESSAGE));
        }
    }
}

#[tokio::test]
async fn in_a_direct_chat_nobody_deletes_what_the_other_said() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    let said = world.say(&ann, chat, "mine").await.seq;
    let refused = world.post(&bob, chat, delete(said)).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
}

#[tokio::test]
async fn what_is_no_message_cannot_be_aimed_at() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.group(&[ann, bob]).await;
    let said = world.say(&ann, chat, "hello").await.seq;
    let reaction = world
        .post(&bob, chat, react(said, "👍"))
        .await
        .unwrap()
        .event
        .seq;
    for target in [Seq::ZERO, Seq::FIRST, reaction, Seq::new(99), Seq::LIMIT] {
        for content in [
            edit(target, "x"),
            delete(target),
            react(target, "👍"),
            reply(target),
        ] {
            assert_eq!(
                world.post(&ann, chat, content).await,
                Err(NO_MESSAGE),
                "{target}"
            );
        }
    }
    world.post(&bob, chat, reply(said)).await.unwrap();
}

/// The cache may be older than the message: a refusal is confirmed by the store.
#[tokio::test]
async fn a_message_newer_than_what_is_remembered_can_be_aimed_at_once() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    for _ in 0..20 {
        let said = world.say(&users[0], chat, "news").await.seq;
        world
            .post(&users[1], chat, react(said, "👍"))
            .await
            .unwrap();
        world.post(&users[1], chat, reply(said)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_said_before_one_joined_cannot_be_aimed_at_where_history_starts_at_joining() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world
        .group_with(&[ann, bob], HistoryVisibility::SinceJoin)
        .await;
    let before = world.say(&ann, chat, "before").await.seq;
    world
        .chats
        .add_members(&ann, chat, vec![cem.user])
        .await
        .unwrap();
    let after = world.say(&ann, chat, "after").await.seq;
    for content in [react(before, "👍"), reply(before)] {
        assert_eq!(world.post(&cem, chat, content).await, Err(NO_MESSAGE));
    }
    for content in [react(after, "👍"), reply(after)] {
        world.post(&cem, chat, content).await.unwrap();
    }
}

#[tokio::test]
async fn one_users_reactions_on_one_message_are_limited() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    let chat = world.direct(&ann, &bob).await;
    let said = world.say(&ann, chat, "hello").await.seq;
    for nth in 0..limits::REACTIONS_PER_USER_MAX {
        world
            .post(&bob, chat, react(said, &format!("r{nth}")))
            .await
            .unwrap();
    }
    let one_more = world.post(&bob, chat, react(said, "more")).await;
    assert!(matches!(
        one_more,
        Err(ServiceError::Refused(Refusal::LimitReached(_)))
    ));
    // The same again, somebody else's, and one in exchange for another are not one more.
    world.post(&bob, chat, react(said, "r0")).await.unwrap();
    world.post(&ann, chat, react(said, "more")).await.unwrap();
    let (emoji, on) = (Emoji::new("r0").unwrap(), false);
    let off = Content::ReactionChanged {
        target: said,
        emoji,
        on,
    };
    world.post(&bob, chat, off).await.unwrap();
    world.post(&bob, chat, react(said, "more")).await.unwrap();
}
