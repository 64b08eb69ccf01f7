//! Somebody removed neither posts nor reads anything later, in any race.

use parlour_model::{ChatId, Content, Event, Seq, UserId};
use parlour_service::{Actor, Chats, Missing, ServiceError};
use parlour_store::Anchor;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::world::{World, message};

const NO_CHAT: ServiceError = ServiceError::NotFound(Missing::Chat);

/// Says things until refused, and answers the last seq that was acknowledged, and the refusal.
async fn talk(
    chats: Chats,
    who: Actor,
    chat: ChatId,
    said: mpsc::Sender<()>,
    key: impl Fn() -> parlour_model::EventKey,
) -> (Seq, ServiceError) {
    let mut last = Seq::ZERO;
    loop {
        let post = parlour_service::Post {
            chat,
            key: key(),
            applied: Seq::ZERO,
            content: message("still here"),
        };
        match chats.post(&who, post).await {
            Ok(posted) => last = posted.event.seq,
            Err(refusal) => return (last, refusal),
        }
        // Who listens has heard enough after a while.
        let _ = said.try_send(());
    }
}

fn removal_of(log: &[Event], user: UserId) -> Seq {
    let content = Content::MemberRemoved { user };
    let removal = log.iter().find(|event| event.content == content);
    removal.expect("they were removed").seq
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_removed_in_the_middle_of_talking_says_nothing_more() {
    let world = World::new();
    for round in 0..20 {
        let users = world.users(3).await;
        let [ann, bob, cem] = [users[0], users[1], users[2]];
        let chat = world.group(&users).await;
        let (said, mut heard) = mpsc::channel(4);
        let mut talking = JoinSet::new();
        for _ in 0..3 {
            let (clock, said) = (world.clock.clone(), said.clone());
            let key = move || parlour_model::EventKey::generate(parlour_model::Clock::now(&*clock));
            talking.spawn(talk(world.chats.clone(), bob, chat, said, key));
        }
        for _ in 0..=round % 4 {
            heard.recv().await.unwrap();
        }
        world
            .chats
            .remove_member(&ann, chat, bob.user)
            .await
            .unwrap();
        world.say(&cem, chat, "others go on").await;
        let answers = talking.join_all().await;
        let log = world.log(chat).await;
        let removal = removal_of(&log, bob.user);
        for (last, refusal) in answers {
            assert!(last < removal);
            assert_eq!(refusal, NO_CHAT);
        }
        let mut of_bob = log.iter().filter(|event| event.author == bob.user);
        assert!(of_bob.all(|event| event.seq < removal));
        assert_eq!(world.post(&bob, chat, message("after")).await, Err(NO_CHAT));
    }
}

/// An edit made after the removal shows in a line from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_removed_reads_no_later_state_of_an_older_line() {
    let world = World::new();
    for _ in 0..20 {
        let users = world.users(2).await;
        let [ann, bob] = [users[0], users[1]];
        let chat = world.group(&users).await;
        let said = world.say(&ann, chat, "for everybody").await.seq;
        let (read, mut reading) = mpsc::channel(1);
        let chats = world.chats.clone();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            loop {
                let page = match chats.history(&bob, chat, Anchor::Latest, 10).await {
                    Ok(page) => page,
                    Err(refusal) => return refusal,
                };
                for line in page.messages {
                    assert_ne!(line.content, message("not for who was removed"));
                }
                let _ = read.try_send(());
            }
        });
        reading.recv().await.unwrap();
        world
            .chats
            .remove_member(&ann, chat, bob.user)
            .await
            .unwrap();
        let body = parlour_model::Body::text("not for who was removed");
        let edit = Content::MessageEdited { target: said, body };
        world.post(&ann, chat, edit).await.unwrap();
        assert_eq!(reader.join_next().await.unwrap().unwrap(), NO_CHAT);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_demoted_in_the_middle_of_deleting_deletes_nothing_more() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    for role in [parlour_model::Role::Admin, parlour_model::Role::Member] {
        let mut targets = Vec::new();
        for _ in 0..30 {
            targets.push(world.say(&ann, chat, "delete me").await.seq);
        }
        let deletions = targets
            .into_iter()
            .map(|target| Content::MessageDeleted { target });
        let deletions: Vec<_> = deletions
            .map(|content| world.draft(chat, content))
            .collect();
        let chats = world.chats.clone();
        let mut deleting = JoinSet::new();
        deleting.spawn(async move {
            for post in deletions {
                let _ = chats.post(&bob, post).await;
            }
        });
        world
            .chats
            .set_role(&ann, chat, bob.user, role)
            .await
            .unwrap();
        deleting.join_all().await;
    }
    let log = world.log(chat).await;
    let mut may_delete = false;
    for event in &log {
        match &event.content {
            Content::RoleChanged { role, .. } => may_delete = *role > parlour_model::Role::Member,
            Content::MessageDeleted { .. } => assert!(may_delete),
            _ => {}
        }
    }
    let deleted = log.iter().any(|event| event.author == bob.user);
    assert!(deleted, "the race was about something");
}
