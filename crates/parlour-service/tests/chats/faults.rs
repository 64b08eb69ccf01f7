//! What a client is told when the store fails in every way it can, and that it is true.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::join_all;
use parlour_model::{Event, EventKey, Seq};
use parlour_service::{Actor, Chats, Post, ServiceError};
use parlour_store::faults::{Fault, Operation, Plan};
use tokio::task::JoinSet;

use crate::world::{World, message, texts};

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

#[tokio::test]
async fn an_append_that_failed_before_anything_happened_is_definitely_not_stored() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    let post = world.draft(chat, message("hello"));
    world.faults.next(Operation::Append, Fault::Before);
    let refused = world.chats.post(&users[0], post.clone()).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
    world.faults.release().await;
    assert_eq!(world.log(chat).await.len(), 1);
    assert!(!world.chats.post(&users[0], post).await.unwrap().duplicate);
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_or_that_applies_late_is_settled_and_never_doubled() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    for fault in [Fault::After, Fault::Late] {
        world.faults.next(Operation::Append, fault);
        let posted = world.post(&users[0], chat, message("once")).await;
        assert!(posted.is_ok(), "{fault:?}");
        world.faults.release().await;
    }
    assert_eq!(texts(&world.log(chat).await), ["once", "once"]);
}

#[tokio::test]
async fn an_append_that_stays_unknown_is_told_as_such_and_a_retry_settles_it() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    for fault in [Fault::After, Fault::Late] {
        let post = world.draft(chat, message("once"));
        world.faults.always(Operation::Append, fault);
        assert_eq!(
            world.chats.post(&users[0], post.clone()).await,
            Err(UNKNOWN)
        );
        world.faults.clear();
        let before = world.log(chat).await.len();
        world.faults.release().await;
        let posted = world.chats.post(&users[0], post).await.unwrap();
        assert!(posted.duplicate, "{fault:?}");
        let stored_late = usize::from(fault == Fault::Late);
        assert_eq!(world.log(chat).await.len(), before + stored_late);
    }
    assert_eq!(texts(&world.log(chat).await), ["once", "once"]);
}

#[tokio::test]
async fn an_append_that_hangs_holds_nobody_up_for_ever() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    world.faults.next(Operation::Append, Fault::Hang);
    world.post(&users[0], chat, message("first")).await.unwrap();
    world.say(&users[1], chat, "second").await;
    world.faults.release().await;
    assert_eq!(texts(&world.log(chat).await), ["first", "second"]);
}

#[tokio::test]
async fn posts_that_wait_for_a_commit_share_the_next_one() {
    let world = World::new();
    let users = world.users(2).await;
    let chat = world.group(&users).await;
    for who in &users {
        world.say(who, chat, "so that both are known").await;
    }
    world.faults.always(Operation::Append, Fault::Hang);
    let post = |nth: usize| world.post(&users[nth % 2], chat, message("waits"));
    let mut first = Box::pin(post(0));
    assert!(first.as_mut().now_or_never().is_none());
    world.faults.struck(Operation::Append, 1).await;
    let mut waiting: Vec<_> = (0..40).map(|nth| Box::pin(post(nth))).collect();
    assert!(
        waiting
            .iter_mut()
            .all(|post| post.as_mut().now_or_never().is_none())
    );
    let released = async {
        for append in 1..=3 {
            world.faults.struck(Operation::Append, append).await;
            world.faults.release().await;
        }
    };
    let (_, first, waiting) = tokio::join!(released, first, join_all(waiting));
    first.unwrap();
    waiting.into_iter().for_each(|posted| drop(posted.unwrap()));
    assert_eq!(world.faults.count(), 3);
    assert_eq!(world.log(chat).await.len(), 44);
}

/// A queue held up by the store fills, and then says so at once.
#[tokio::test]
async fn a_full_queue_is_busy() {
    let world = World::new();
    let users = world.users(1).await;
    let chat = world.group(&users).await;
    world.say(&users[0], chat, "so that I am known").await;
    world.faults.always(Operation::Append, Fault::Hang);
    let post = || world.post(&users[0], chat, message("waits"));
    let mut posts = vec![Box::pin(post())];
    assert!(posts[0].as_mut().now_or_never().is_none());
    world.faults.struck(Operation::Append, 1).await;
    for _ in 0..parlour_model::limits::APPENDS_WAITING_MAX {
        let mut next = Box::pin(post());
        assert!(next.as_mut().now_or_never().is_none());
        posts.push(next);
    }
    assert!(matches!(post().await, Err(ServiceError::Busy { .. })));
    world.faults.clear();
    world.faults.release().await;
    assert!(
        join_all(posts)
            .await
            .into_iter()
            .all(|posted| posted.is_ok())
    );
}

#[tokio::test]
async fn a_creation_whose_answers_are_lost_makes_one_chat() {
    let world = World::new();
    let (ann, bob) = (world.user().await, world.user().await);
    for operation in [Operation::Claim, Operation::Create] {
        for fault in [Fault::After, Fault::Late] {
            world.faults.next(operation, fault);
        }
    }
    let chat = world.direct(&ann, &bob).await;
    world.faults.release().await;
    assert_eq!(world.direct(&bob, &ann).await, chat);
    assert_eq!(world.log(chat).await.len(), 1);
    for who in [&ann, &bob] {
        assert_eq!(
            world.chats.list(who, None, 10).await.unwrap().chats.len(),
            1
        );
    }
}

/// A store that is away says nothing about anything: neither that a chat is missing nor that a list is empty.
#[tokio::test]
async fn while_the_store_is_away_nothing_is_said_to_be_missing() {
    let world = World::new();
    let users = world.users(2).await;
    let [ann, bob] = [users[0], users[1]];
    let chat = world.group(&users).await;
    let said = world.say(&ann, chat, "hello").await.seq;
    world.faults.everywhere(Fault::Before);
    let answers = [
        world.post(&ann, chat, message("x")).await.map(drop),
        world.chats.message(&bob, chat, said).await.map(drop),
        world.chats.list(&bob, None, 10).await.map(drop),
        world.chats.members(&bob, chat, None, 10).await.map(drop),
        world.chats.create_direct(&ann, bob.user).await.map(drop),
        world.chats.cancel(&ann, chat, world.key()).await.map(drop),
        world.chats.leave(&bob, chat).await,
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(ServiceError::Unavailable(_))),
            "{answer:?}"
        );
    }
    world.faults.clear();
    world.say(&ann, chat, "back").await;
}

/// What one author was told about each key in the end.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) stored: BTreeMap<EventKey, Seq>,
    /// Every attempt was answered as not stored.
    pub(crate) never: BTreeSet<EventKey>,
}

/// Posts as a client does: the same key again after an unknown outcome; after a definite failure sometimes.
pub(crate) async fn client(chats: Chats, who: Actor, posts: Vec<Post>) -> Told {
    let mut told = Told::default();
    for (nth, post) in posts.into_iter().enumerate() {
        let (mut doubtful, mut failures) = (false, 0);
        loop {
            match chats.post(&who, post.clone()).await {
                Ok(posted) => {
                    told.stored.insert(post.key, posted.event.seq);
                    break;
                }
                Err(ServiceError::OutcomeUnknown { .. }) => doubtful = true,
                Err(ServiceError::Unavailable(_) | ServiceError::Busy { .. }) => failures += 1,
                Err(other) => panic!("{other}"),
            }
            if !doubtful && failures > nth % 2 {
                told.never.insert(post.key);
                break;
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_random_faults_nothing_is_lost_doubled_or_wrongly_called_failed() {
    let world = World::new();
    let users = world.users(4).await;
    let chat = world.group(&users).await;
    world.faults.at_random(Plan::from_entropy());
    let mut clients = JoinSet::new();
    for who in &users {
        for device in 0..2 {
            let text = |nth| message(&format!("{} {device} {nth}", who.user));
            let posts = (0..40).map(|nth| world.draft(chat, text(nth))).collect();
            clients.spawn(client(world.chats.clone(), *who, posts));
        }
    }
    let told = clients.join_all().await;
    world.faults.clear();
    world.faults.release().await;
    check(&world.log(chat).await, told);
    assert!(world.faults.count() > 0);
}

/// Whether what the authors were told is what the log says.
pub(crate) fn check(log: &[Event], told: Vec<Told>) {
    let mut seqs_by_key = BTreeMap::new();
    for event in &log[1..] {
        let again = seqs_by_key.insert(event.key, event.seq);
        assert_eq!(again, None, "stored twice");
    }
    for told in told {
        for (key, seq) in told.stored {
            assert_eq!(seqs_by_key.get(&key), Some(&seq), "acknowledged");
        }
        assert!(told.never.iter().all(|key| !seqs_by_key.contains_key(key)));
    }
}
