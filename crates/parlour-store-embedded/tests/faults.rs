//! The embedded store behind the fault wrapper: transparent without faults, and truthful with each of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::sync::Arc;

use async_trait::async_trait;
use parlour_model::{
    AppData, Body, ChatId, ChatType, Clock, Content, Draft, Event, EventKey, HistoryVisibility,
    ManualClock, Mark, NewMember, Role, Seq, UserId,
};
use parlour_store::conformance::Fixture;
use parlour_store::faults::{Fault, Faults, FaultyStore, Operation, Plan};
use parlour_store::{
    Cancellation, Claim, ClaimSpace, Creation, Lookup, NewChat, NotStored, Outcome, SharedStore,
    StoreError,
};
use tokio::task::JoinSet;

use fixture::{Embedded, embedded};

/// The embedded store seen through the wrapper.
struct Faulty(Embedded);

async fn transparent() -> Faulty {
    Faulty(embedded().await)
}

#[async_trait]
impl Fixture for Faulty {
    fn store(&self) -> SharedStore {
        Arc::new(FaultyStore::new(self.0.store()))
    }

    fn clock(&self) -> Arc<ManualClock> {
        self.0.clock()
    }

    async fn reopen(&self) -> bool {
        self.0.reopen().await
    }

    async fn project_again(&self, event: &Event) -> bool {
        self.0.project_again(event).await
    }
}

parlour_store::conformance_tests!(transparent);

/// A chat of two behind faults.
#[derive(Clone)]
struct Chat {
    _embedded: Arc<Embedded>,
    clock: Arc<ManualClock>,
    store: SharedStore,
    faults: Faults,
    chat: ChatId,
    owner: UserId,
    other: UserId,
}

async fn chat() -> Chat {
    let embedded = Arc::new(embedded().await);
    let faulty = FaultyStore::new(embedded.store());
    let chat = Chat {
        clock: embedded.clock(),
        _embedded: embedded,
        faults: faulty.faults(),
        store: Arc::new(faulty),
        chat: ChatId::new(1).unwrap(),
        owner: UserId::new(1).unwrap(),
        other: UserId::new(2).unwrap(),
    };
    let creation = chat.store.create(chat.creation()).await.unwrap();
    assert!(matches!(creation, Creation::Created(_)));
    chat
}

impl Chat {
    fn creation(&self) -> NewChat {
        let member = |user, role| NewMember { user, role };
        NewChat {
            id: self.chat,
            creator: self.owner,
            key: self.key(),
            content: Content::ChatCreated {
                chat_type: ChatType::Group,
                title: None,
                history: HistoryVisibility::All,
                data: AppData::default(),
                users: vec![
                    member(self.owner, Role::Owner),
                    member(self.other, Role::Member),
                ],
            },
        }
    }

    fn key(&self) -> EventKey {
        EventKey::generate(self.clock.now())
    }

    async fn draft(&self, author: UserId, content: Content) -> Draft {
        let head = self
            .store
            .head(self.chat, Seq::ZERO)
            .await
            .unwrap()
            .unwrap();
        Draft::new(author, self.key(), head.epoch, content)
    }

    async fn append(&self, draft: &Draft) -> Outcome {
        let mut appended = self.store.append(self.chat, vec![draft.clone()]).await;
        assert_eq!(appended.outcomes.len(), 1);
        appended.outcomes.remove(0)
    }

    async fn log(&self) -> Vec<Event> {
        self.store
            .events(self.chat, Seq::FIRST, Seq::LIMIT, 10_000)
            .await
            .unwrap()
    }
}

fn message(text: &str) -> Content {
    Content::Message {
        body: Body::text(text),
        reply_to: None,
    }
}

const UNKNOWN: Outcome = Outcome::Unknown { applied: None };

#[tokio::test]
async fn an_append_that_fails_before_is_definite_for_every_draft() {
    let chat = chat().await;
    let draft = chat.draft(chat.owner, message("hello")).await;
    let other = chat.draft(chat.owner, message("and hello")).await;
    chat.faults.next(Operation::Append, Fault::Before);
    let outcomes = chat
        .store
        .append(chat.chat, vec![draft.clone(), other])
        .await
        .outcomes;
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        assert!(
            matches!(outcome, Outcome::NotStored(NotStored::Unavailable(_))),
            "{outcome:?}"
        );
    }
    assert!(chat.log().await.is_empty());
    assert!(matches!(chat.append(&draft).await, Outcome::Created(_)));
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_finds_the_event() {
    let chat = chat().await;
    let draft = chat.draft(chat.owner, message("hello")).await;
    chat.faults.next(Operation::Append, Fault::After);
    assert_eq!(chat.append(&draft).await, UNKNOWN);
    let log = chat.log().await;
    assert_eq!(chat.append(&draft).await, Outcome::Existing(log[0].clone()));
    assert_eq!(chat.log().await, log);
}

#[tokio::test]
async fn a_late_attempt_of_a_retried_key_is_one_event() {
    let chat = chat().await;
    let draft = chat.draft(chat.owner, message("hello")).await;
    chat.faults.next(Operation::Append, Fault::Late);
    assert_eq!(chat.append(&draft).await, UNKNOWN);
    assert!(chat.log().await.is_empty());
    let find = || chat.store.find(chat.chat, chat.owner, draft.key, Seq::ZERO);
    assert_eq!(find().await.unwrap(), Lookup::Absent);
    assert!(matches!(chat.append(&draft).await, Outcome::Created(_)));
    assert_eq!(chat.faults.release().await, 1);
    assert_eq!(chat.log().await.len(), 1);
}

#[tokio::test]
async fn a_late_attempt_of_a_cancelled_key_never_applies() {
    let chat = chat().await;
    let draft = chat.draft(chat.owner, message("hello")).await;
    chat.faults.next(Operation::Append, Fault::Late);
    assert_eq!(chat.append(&draft).await, UNKNOWN);
    let cancellation = chat
        .store
        .cancel(chat.chat, chat.owner, draft.key)
        .await
        .unwrap();
    assert_eq!(cancellation, Cancellation::Cancelled);
    chat.faults.release().await;
    assert!(chat.log().await.is_empty());
}

#[tokio::test]
async fn a_late_attempt_of_a_removed_author_never_applies() {
    let chat = chat().await;
    let draft = chat.draft(chat.other, message("hello")).await;
    chat.faults.next(Operation::Append, Fault::Late);
    assert_eq!(chat.append(&draft).await, UNKNOWN);
    let removal = chat
        .draft(chat.owner, Content::MemberRemoved { user: chat.other })
        .await;
    assert!(matches!(chat.append(&removal).await, Outcome::Created(_)));
    chat.faults.release().await;
    assert_eq!(chat.log().await.len(), 1);
}

#[tokio::test]
async fn an_append_that_hangs_is_applied_when_released_and_never_when_given_up() {
    let chat = chat().await;
    for released in [true, false] {
        let before = chat.log().await.len();
        let draft = chat.draft(chat.owner, message("hello")).await;
        chat.faults.next(Operation::Append, Fault::Hang);
        let mut hanging = JoinSet::new();
        let caller = chat.clone();
        hanging.spawn(async move { caller.append(&draft).await });
        chat.faults
            .struck(Operation::Append, if released { 1 } else { 2 })
            .await;
        assert_eq!(chat.log().await.len(), before);
        if released {
            chat.faults.release().await;
            assert!(matches!(
                hanging.join_all().await[..],
                [Outcome::Created(_)]
            ));
        } else {
            hanging.shutdown().await;
            chat.faults.release().await;
        }
        assert_eq!(chat.log().await.len(), before + usize::from(released));
    }
}

#[tokio::test]
async fn every_other_write_is_the_same_when_called_again_after_unknown() {
    let chat = chat().await;
    let store = &chat.store;
    let new = NewChat {
        id: ChatId::new(2).unwrap(),
        ..chat.creation()
    };
    chat.faults.next(Operation::Create, Fault::After);
    assert!(matches!(
        store.create(new.clone()).await,
        Err(StoreError::Unknown(_))
    ));
    assert!(matches!(store.create(new).await, Ok(Creation::Existing(_))));

    let claim = || store.claim(ClaimSpace::DirectPair, "1:2", 7, None);
    chat.faults.next(Operation::Claim, Fault::After);
    assert!(matches!(claim().await, Err(StoreError::Unknown(_))));
    assert_eq!(claim().await.unwrap(), Claim::Won);

    let raise = || store.raise(chat.other, chat.chat, Mark::Read(Seq::FIRST));
    chat.faults.next(Operation::Raise, Fault::After);
    assert!(matches!(raise().await, Err(StoreError::Unknown(_))));
    assert_eq!(raise().await.unwrap().read, Seq::FIRST);

    let key = chat.key();
    let cancel = || store.cancel(chat.chat, chat.owner, key);
    chat.faults.next(Operation::Cancel, Fault::Late);
    assert!(matches!(cancel().await, Err(StoreError::Unknown(_))));
    assert_eq!(cancel().await.unwrap(), Cancellation::Cancelled);
    assert_eq!(chat.faults.release().await, 1);
    assert_eq!(cancel().await.unwrap(), Cancellation::Cancelled);
}

#[tokio::test]
async fn a_store_that_is_away_answers_no_call_and_comes_back_whole() {
    let chat = chat().await;
    chat.faults.everywhere(Fault::Before);
    let refused = |error| assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    refused(chat.store.head(chat.chat, Seq::ZERO).await.unwrap_err());
    for head in chat.store.heads(&[(chat.chat, Seq::ZERO); 2]).await {
        refused(head.unwrap_err());
    }
    refused(
        chat.store
            .authority(chat.chat, chat.owner)
            .await
            .unwrap_err(),
    );
    refused(chat.store.user(chat.owner).await.unwrap_err());
    refused(chat.store.sessions_of(chat.owner).await.unwrap_err());
    chat.faults.clear();
    assert!(
        chat.store
            .authority(chat.chat, chat.owner)
            .await
            .unwrap()
            .is_some()
    );
}

/// What became of one line for the author who tried it until they were sure, or gave up by cancelling.
enum Settled {
    Said(Event),
    Cancelled(EventKey),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_random_faults_each_line_is_there_once_or_never() {
    let chat = chat().await;
    let plan = Plan {
        before: 0.1,
        after: 0.15,
        late: 0.15,
        ..Plan::from_entropy()
    };
    chat.faults.at_random(plan);
    let mut authors = JoinSet::new();
    for author in [chat.owner, chat.other, chat.owner, chat.other] {
        let chat = chat.clone();
        authors.spawn(async move {
            let mut settled = Vec::new();
            for line in 0..60 {
                settled.push(say_or_cancel(&chat, author, line).await);
            }
            settled
        });
    }
    let settled: Vec<Settled> = authors.join_all().await.into_iter().flatten().collect();
    chat.faults.clear();
    chat.faults.release().await;
    assert!(chat.faults.count() > 60, "too few faults to say anything");

    let log = chat.log().await;
    let mut said = Vec::new();
    for line in settled {
        match line {
            Settled::Said(event) => said.push(event),
            Settled::Cancelled(key) => assert!(log.iter().all(|event| event.key != key)),
        }
    }
    said.sort_by_key(|event| event.seq);
    assert_eq!(log, said, "seed {}", plan.seed);
}

/// Says a line with one key until the store is sure; every fifth is given up at the first doubt.
async fn say_or_cancel(chat: &Chat, author: UserId, line: u32) -> Settled {
    let text = message(&format!("line {line}"));
    let draft = Draft::new(author, chat.key(), parlour_model::Epoch::ZERO, text);
    loop {
        match chat.append(&draft).await {
            Outcome::Created(event) | Outcome::Existing(event) => return Settled::Said(event),
            Outcome::Unknown { .. } if line.is_multiple_of(5) => break,
            Outcome::Unknown { .. } | Outcome::NotStored(NotStored::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    loop {
        match chat.store.cancel(chat.chat, author, draft.key).await {
            Ok(Cancellation::Cancelled) => return Settled::Cancelled(draft.key),
            Ok(Cancellation::Found(event)) => return Settled::Said(event),
            Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
