//! What the others hear of what somebody did: events, receipts, typing.

use std::collections::BTreeMap;
use std::time::Duration;

use parlour_delivery::{Batch, Connection, Delivery, NewConnection, Outgoing, SyncKind};
use parlour_model::{ChatId, Mark, Seq};
use parlour_protocol::Encoding;
use parlour_service::Actor;
use parlour_store::faults::{Fault, Operation};
use serde_json::Value;

use crate::world::{World, message};

/// A live connection and what it was sent.
pub(crate) struct Listener {
    _connection: Connection,
    outgoing: Outgoing,
}

impl Listener {
    /// Connects `who`, looking at `chats`, up to date.
    pub(crate) async fn connect(delivery: &Delivery, who: &Actor, chats: &[ChatId]) -> Self {
        let new = NewConnection {
            user: who.user,
            session: who.session,
            device: "test".to_owned(),
            encoding: Encoding::Json,
        };
        let connection = delivery.attach(new).await.unwrap();
        let outgoing = connection.take_outgoing().unwrap();
        let kind = SyncKind::Hello;
        connection.sync(BTreeMap::new(), kind, false).await;
        connection.watch(Vec::new(), chats.to_vec()).await;
        let mut listener = Self {
            _connection: connection,
            outgoing,
        };
        while listener.outgoing.try_next_batch(usize::MAX).is_some() {}
        listener
    }

    /// The next frame of this type.
    pub(crate) async fn hear(&mut self, frame_type: &str) -> Value {
        loop {
            let Batch::Frames(frames) = self.outgoing.next_batch(1).await else {
                panic!("the connection was closed")
            };
            for frame in frames {
                let frame: Value = serde_json::from_slice(&frame).unwrap();
                if frame["type"] == frame_type {
                    return frame;
                }
            }
        }
    }
}

#[tokio::test]
async fn members_hear_of_posts_receipts_and_typing() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let mut listener = Listener::connect(&world.delivery, &bob, &[chat]).await;
    let said = world.say(&ann, chat, "hello").await;
    let event = listener.hear("event").await;
    assert_eq!(event["seq"], said.seq.get());
    assert_eq!(event["body"]["text"], "hello");
    let mut author = Listener::connect(&world.delivery, &ann, &[chat]).await;
    world
        .chats
        .mark(&bob, chat, Mark::Read(said.seq))
        .await
        .unwrap();
    let receipt = author.hear("receipt").await;
    assert_eq!(receipt["user"], bob.user.to_string());
    assert_eq!(receipt["read"], said.seq.get());
    world.chats.typing(&bob, chat, true).await.unwrap();
    assert_eq!(author.hear("typing").await["user"], bob.user.to_string());
}

/// An answer that was lost may have been the only one who knew: whoever finds the event tells of it.
#[tokio::test]
async fn what_a_retry_or_a_cancellation_finds_is_told_too() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let mut listener = Listener::connect(&world.delivery, &bob, &[chat]).await;
    let posts = ["first", "second"].map(|text| world.draft(chat, message(text)));
    for post in &posts {
        world.faults.always(Operation::Append, Fault::After);
        let unknown = world.chats.post(&ann, post.clone()).await;
        assert!(unknown.is_err());
        world.faults.clear();
    }
    let [first, second] = posts;
    world.chats.post(&ann, first).await.unwrap();
    assert_eq!(listener.hear("event").await["body"]["text"], "first");
    world.chats.cancel(&ann, chat, second.key).await.unwrap();
    assert_eq!(listener.hear("event").await["body"]["text"], "second");
}

#[tokio::test]
async fn who_is_named_by_a_membership_event_hears_of_it() {
    let world = World::new();
    let users = world.users(3).await;
    let [ann, bob, cem] = [users[0], users[1], users[2]];
    let chat = world.group(&[ann, bob]).await;
    let mut listener = Listener::connect(&world.delivery, &cem, &[chat]).await;
    world
        .chats
        .add_members(&ann, chat, vec![cem.user])
        .await
        .unwrap();
    let joined = listener.hear("chat").await;
    assert_eq!(
        (&joined["change"], &joined["chat"]["id"]),
        (&"joined".into(), &chat.to_string().into())
    );
    world
        .chats
        .remove_member(&ann, chat, cem.user)
        .await
        .unwrap();
    assert_eq!(listener.hear("event").await["kind"], "member_removed");
    assert_eq!(listener.hear("chat").await["change"], "left");
    let direct = world.direct(&bob, &cem).await;
    assert_eq!(
        listener.hear("chat").await["chat"]["id"],
        direct.to_string()
    );
    let last = world.say(&bob, direct, "hello").await.seq;
    assert_eq!(
        (listener.hear("event").await["seq"].as_u64(), last),
        (Some(2), Seq::new(2))
    );
}

/// The store may still do what it was asked for, and then nobody else tells of the new chat.
#[tokio::test]
async fn a_creation_whose_caller_went_away_is_told() {
    let world = World::new();
    let [ann, bob] = [world.user().await, world.user().await];
    let mut listener = Listener::connect(&world.delivery, &bob, &[]).await;
    world.faults.next(Operation::Create, Fault::Hang);
    let mut creating = Box::pin(world.chats.create_direct(&ann, bob.user));
    tokio::select! {
        biased;
        // The store has been asked: now the caller goes away.
        () = world.faults.struck(Operation::Create, 1) => {}
        _ = &mut creating => panic!("it cannot have finished"),
    }
    drop(creating);
    world.faults.release().await;
    let joined = tokio::time::timeout(Duration::from_secs(30), listener.hear("chat")).await;
    assert_eq!(joined.expect("bob hears of the chat")["change"], "joined");
}
