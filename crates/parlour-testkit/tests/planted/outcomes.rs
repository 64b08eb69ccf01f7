//! Bugs about what is said of an append: too early, or wrongly.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use parlour_delivery::Delivery;
use parlour_model::{ChatId, Clock, Draft, Event, EventId, EventKey, Seq};
use parlour_store::{Appended, NotStored, Outcome, SharedStore};
use parlour_testkit::checker::{Invariant, Violation};
use parlour_testkit::load::Size;
use parlour_testkit::planting::StoreBug;

use crate::support::{AT_ONCE, Bug, Dice, Nodes, must_be_named};

/// How many of the appends a bug hits.
const SHARE: f64 = 0.05;
/// Sends of a run.
const SENT: u64 = 150;

fn answer(outcomes: Vec<Outcome>) -> Appended {
    Appended {
        outcomes,
        head: None,
        lost_races: 0,
    }
}

/// The event that a draft would become now.
async fn foreseen(store: &SharedStore, chat: ChatId, draft: &Draft, now: &dyn Clock) -> Event {
    let head = store.head(chat, Seq::ZERO).await.unwrap().unwrap();
    Event {
        chat,
        seq: head.seq.next(),
        id: EventId::new(head.id.get() + 1).unwrap(),
        author: draft.author,
        key: draft.key,
        content: draft.content.clone(),
        sent_at: now.now(),
        countable: head.countable,
        prev_effect: head.effect_seq,
        erased: false,
    }
}

async fn under_load(nodes: Nodes, seed: u64) -> Vec<Violation> {
    let mut load = nodes.load(seed, Size::SMALL).await;
    load.start();
    nodes.until_sent(SENT).await;
    let truth = Arc::clone(&nodes.store);
    nodes.judge(load, AT_ONCE, truth).await
}

/// Announces first and commits then; now and then the commit fails.
struct PublishedFirst {
    dice: Dice,
    clock: Arc<dyn Clock>,
    delivery: OnceLock<Delivery>,
}

#[async_trait]
impl StoreBug for PublishedFirst {
    async fn append(&self, store: &SharedStore, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let delivery = self.delivery.get();
        let Some(delivery) = delivery.filter(|_| drafts.len() == 1 && self.dice.throw(SHARE))
        else {
            return store.append(chat, drafts).await;
        };
        delivery.announce(&foreseen(store, chat, &drafts[0], &*self.clock).await);
        let failed = NotStored::Unavailable("the commit failed".to_owned());
        answer(vec![Outcome::NotStored(failed)])
    }
}

#[tokio::test(start_paused = true)]
async fn published_before_the_commit() {
    must_be_named(
        "publish before commit",
        Invariant::V1,
        async |seed, is_planted| {
            let bugs: Vec<_> = (0..crate::support::NODES)
                .map(|_| {
                    Arc::new(PublishedFirst {
                        dice: Dice::new(seed),
                        clock: Arc::new(parlour_model::SystemClock::new()),
                        delivery: OnceLock::new(),
                    })
                })
                .collect();
            let nodes = Nodes::start(|node| Bug::of_store(bugs[node].clone())).await;
            if is_planted {
                for (bug, stack) in bugs.iter().zip(&nodes.stacks) {
                    assert!(bug.delivery.set(stack.delivery().clone()).is_ok());
                }
            }
            under_load(nodes, seed).await
        },
    )
    .await;
}

/// Says that it is stored and stores it later; now and then it is too late.
struct AcknowledgedFirst {
    dice: Dice,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl StoreBug for AcknowledgedFirst {
    async fn append(&self, store: &SharedStore, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        if drafts.len() == 1 && self.dice.throw(SHARE) {
            let event = foreseen(store, chat, &drafts[0], &*self.clock).await;
            return answer(vec![Outcome::Created(event)]);
        }
        store.append(chat, drafts).await
    }
}

/// Takes a time-out for a failure: the append still happens, after its caller was told that it never will.
struct TimeoutIsFailure {
    dice: Dice,
    late: Mutex<Vec<(ChatId, Vec<Draft>)>>,
}

#[async_trait]
impl StoreBug for TimeoutIsFailure {
    async fn append(&self, store: &SharedStore, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        if self.dice.throw(SHARE) {
            let count = drafts.len();
            self.late.lock().unwrap().push((chat, drafts));
            return answer(vec![Outcome::NotStored(NotStored::TooLarge); count]);
        }
        let appended = store.append(chat, drafts).await;
        // Other appends have passed meanwhile, as they do within the seconds of a time-out.
        if self.late.lock().unwrap().len() > 1 {
            let (chat, drafts) = self.late.lock().unwrap().remove(0);
            store.append(chat, drafts).await;
        }
        appended
    }
}

/// Tries again under a new key when the answer was lost, and tells the client of the second one.
struct NewKeyOnRetry {
    dice: Dice,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl StoreBug for NewKeyOnRetry {
    async fn append(&self, store: &SharedStore, chat: ChatId, drafts: Vec<Draft>) -> Appended {
        let first = store.append(chat, drafts.clone()).await;
        let stored = |outcome: &Outcome| matches!(outcome, Outcome::Created(_));
        if !first.outcomes.iter().all(stored) || !self.dice.throw(SHARE) {
            return first;
        }
        let keys: Vec<EventKey> = drafts.iter().map(|draft| draft.key).collect();
        let renamed = drafts.into_iter().map(|draft| Draft {
            key: EventKey::generate(self.clock.now()),
            ..draft
        });
        let mut again = store.append(chat, renamed.collect()).await;
        for (outcome, key) in again.outcomes.iter_mut().zip(keys) {
            if let Outcome::Created(event) = outcome {
                event.key = key;
            }
        }
        again
    }
}

async fn with_store_bug(
    bug: &str,
    expected: Invariant,
    make: impl Fn(Dice, Arc<dyn Clock>) -> Arc<dyn StoreBug>,
) {
    must_be_named(bug, expected, async |seed, is_planted| {
        let clock: Arc<dyn Clock> = Arc::new(parlour_testkit::planting::RuntimeClock::new());
        let nodes = Nodes::start(|_| {
            if is_planted {
                Bug::of_store(make(Dice::new(seed), Arc::clone(&clock)))
            } else {
                Bug::none()
            }
        });
        under_load(nodes.await, seed).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn acknowledged_before_the_commit() {
    with_store_bug("acknowledge before commit", Invariant::D1, |dice, clock| {
        Arc::new(AcknowledgedFirst { dice, clock })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_reported_as_a_definite_failure() {
    with_store_bug("timeout is failure", Invariant::D2, |dice, _| {
        let late = Mutex::default();
        Arc::new(TimeoutIsFailure { dice, late })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_under_a_new_key() {
    with_store_bug("retry with a new key", Invariant::E1, |dice, clock| {
        Arc::new(NewKeyOnRetry { dice, clock })
    })
    .await;
}
